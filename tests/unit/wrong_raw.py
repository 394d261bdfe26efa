"""Wrong raw files (IDX, faces, boxes, mirrors), each with the expected error message."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nvae.data.idx import IMAGES, LABELS, write_idx
from tests.unit.fetch_world import zipped
from tests.unit.test_prepare import stem, write_faces, write_pgm, write_set
from tests.unit.wrong_world import Case, Trap, cut, in_place_of, npy, params, put

IDX = "prepare mnist --profile smoke --raw raw --out out/set.npz"
FOLDER = "raw/MNIST/raw"
TRAIN, TRAIN_LABELS = f"{FOLDER}/{IMAGES['train']}", f"{FOLDER}/{LABELS['train']}"
AGAIN = "Fetch or draw the data set again, or put its four decompressed IDX files there."


def spoilt(spoil: Callable[[], object]) -> Callable[[], object]:
    """Return a function that writes MNIST's four files with few images and then spoils them."""
    return lambda: (write_set(Path("raw"), "mnist"), spoil())


def images(name: str, got: str, content: bytes | Callable[[], object]) -> Case:
    """Return a case of refused training images."""
    spoil = content if callable(content) else lambda: put(TRAIN, content)
    return Case(name, IDX, f"{TRAIN}: got {got}. {AGAIN}", spoilt(spoil))


def head(magic: int, *shape: int) -> bytes:
    """Build an IDX header."""
    return struct.pack(f">I{len(shape)}I", magic, *shape)


NONE = "no such file, expected an IDX file with 3 axes"
MAGIC = "expected 00 00 08 03 (unsigned bytes, 3 axes)"
IDX_FILES = [
    Case("no raw files", IDX, f"{TRAIN}: got {NONE}. {AGAIN}"),
    Case("a file in place of the raw folder", IDX, f"{TRAIN}: got {NONE}. {AGAIN}", lambda: put("raw", "x")),
    images("a folder in place of an IDX file", NONE, lambda: in_place_of(TRAIN)),
    images("IDX cut short", "615 bytes for 40 × 3 × 5 values, expected 616 and no empty axis", lambda: cut(TRAIN)),
    images("IDX cut in its header", "6 bytes, expected a header of 16 bytes", lambda: cut(TRAIN, 6)),
    images("an empty IDX file", f"the first bytes , {MAGIC}", b""),
    images("IDX of floats", f"the first bytes 00 00 0d 03, {MAGIC}", head(0xD03, 1, 1, 1) + b"1234"),
    images("labels in place of images", f"the first bytes 00 00 08 01, {MAGIC}", head(0x801, 1) + b"1"),
    images("a web page in place of images", f"the first bytes 3c 68 74 6d, {MAGIC}", b"<html>"),
    images(
        "images of no pixels", "16 bytes for 40 × 0 × 5 values, expected 16 and no empty axis", head(0x803, 40, 0, 5)
    ),
    images(
        "sizes beyond 64 bits",
        "16 bytes for 4294967295 × 4294967295 × 4294967295 values, expected 79228162458924105385300197391 and …",
        head(0x803, *[2**32 - 1] * 3),
    ),
    Case(
        "IDX still packed",
        IDX,
        f"{TRAIN}: got the first bytes 1f 8b 08 00, {MAGIC}. Decompress it.",
        spoilt(lambda: put(TRAIN, gzip.compress(b"x", mtime=0))),
    ),
    Case(
        "more images than labels",
        IDX,
        f"{TRAIN_LABELS}: got 39 labels, expected 40, one for each image of {IMAGES['train']}. {AGAIN}",
        spoilt(lambda: write_idx(Path(TRAIN_LABELS), np.zeros(39, np.uint8))),
    ),
    Case(
        "images of two sizes",
        IDX,
        f"{FOLDER}: got train images of (3, 5) and test images of (5, 3) pixels, expected equal sizes. {AGAIN}",
        spoilt(lambda: write_idx(Path(FOLDER, IMAGES["test"]), np.zeros((20, 5, 3), np.uint8))),
    ),
    Case(
        "a label out of range",
        IDX,
        "the official class names: got 10 names, expected one for each of the labels 0 to 255. Add …",
        spoilt(lambda: write_idx(Path(TRAIN_LABELS), np.full(40, 255, np.uint8))),
    ),
    Case(
        "fewer images than are held out",
        IDX,
        "data.mnist.validation_images: got 5000, expected less than the 40 images there are. Lower it.",
        spoilt(lambda: None),
    ),
    Case(
        "class names that are not text",
        IDX.replace("mnist", "glyphs"),
        "raw/classes.txt: got …, expected one class name per line. Correct the file.",
        lambda: (write_set(Path("raw"), "glyphs"), put("raw/classes.txt", b"\xff")),
    ),
]


def factors(name: str, got: str, spoil: Callable[[], object]) -> Case:
    """Return a case of refused factors beside the IDX files."""
    message = f"raw/factors.npz: got {got}, expected factors of a built-in data set. Draw the data set again …"
    return Case(name, IDX, message, spoilt(spoil))


HUGE = npy("{'descr':'<f8','fortran_order':False,'shape':(100000000000000000,)}")
FACTORS = [
    factors(
        "factors that are pickled",
        "Object arrays cannot be loaded when allow_pickle=False",
        lambda: np.savez("raw/factors.npz", factor_names=np.array([Trap()], object)),
    ),
    factors("factors of absurd size", "…", lambda: put("raw/factors.npz", zipped({"factor_names.npy": HUGE}, top=""))),
]

FACES = "prepare faces --profile smoke --raw raw --out out/set.npz"
FIRST = stem(1, (0, 0))


def faces(content: bytes, name: str = FIRST) -> Callable[[], object]:
    """Return a function that writes a tree of faces and adds or replaces one file."""
    return lambda: (write_faces(Path("raw")), put(f"raw/CroppedYale/{name}", content))


def pgm(name: str, content: bytes, got: str, expected: str = "a binary PGM (P5)") -> Case:
    """Return a case of a refused image."""
    message = f"{FIRST}: got {got}, expected {expected}. Get the file again, or move it out of the folder."
    return Case(name, FACES, message, faces(content))


PGM_FILES = [
    pgm(
        "a PGM of absurd sizes",
        b"P5\n999999999 999999999\n255\n\0",
        "1 pixels",
        "999999999 × 999999999 = 999999998000000001 pixels",
    ),
    pgm("a PGM of many digits", b"P5\n" + b"9" * 5000 + b" 1\n255\n\0", "a file that starts with b'P5\\n99999'"),
    pgm("a PGM of a negative size", b"P5\n-3 2\n255\n......", "a file that starts with b'P5\\n-3 2\\n'"),
    pgm("a PGM of comments alone", b"P5\n" + b"# x\n" * 100_000, "a file that starts with b'P5\\n# x\\n#'"),
    pgm("a PGM of text", b"P2\n1 1\n255\n0", "a file that starts with b'P2\\n1 1\\n2'"),
    pgm("a PGM without grey levels", b"P5\n1 1\n0\n\0", "maximal grey level 0", "255"),
    pgm("a PGM of 16 bits", b"P5\n1 1\n65535\n\0\0", "maximal grey level 65535", "255"),
    pgm("a PGM cut short", b"P5\n168 192\n255\n\0", "1 pixels", "168 × 192 = 32256 pixels"),
    pgm("a PGM with trailing bytes", b"P5\n1 1\n255\n\0\0", "2 pixels", "1 × 1 = 1 pixels"),
    pgm("an empty PGM", b"", "a file that starts with b''"),
    pgm("another kind of picture", b"\x89PNG\r\n\x1a\n", "a file that starts with b'\\x89PNG\\r\\n\\x1a\\n'"),
    Case(
        "a frame of another size",
        FACES,
        f"{FIRST}: got 100×100 pixels, expected 168×192 (cropped) or 640×480 (uncropped). Scale it …",
        lambda: (write_faces(Path("raw")), write_pgm(Path("raw/CroppedYale", FIRST), np.zeros((100, 100)))),
    ),
    Case(
        "a file larger than any image",
        FACES,
        f"raw/CroppedYale: got the member '{FIRST}' of more than 2,000,000 bytes, expected at most 2,000,000 …",
        faces(bytes(2_000_001)),
    ),
]


def named(name: str, message: str = "") -> Case:
    """Return a case of a refused file name; by default the name has no light direction."""
    like = "expected one like yaleB01_P00A+035E+40.pgm or yaleB01_P00_Ambient.pgm. Rename the file, or move it …"
    message = message or f"{' '.join(name.split())}: got a name without the direction of the light, {like}"
    return Case(f"a face called {name!r}", FACES, message, faces(b"P5 1 1 255 x", name))


FACE_NAMES = [
    *map(
        named,
        (
            "yaleB01/copy of face.pgm",
            "yaleB01/yaleB01_P00A+035E.pgm",
            "yaleB01/yaleB01_P00A+999E+00.pgm",
            "yaleB01/yaleB01_P00A+000E+91.pgm",
            "yaleB01/yaleB01_P00A+٠٣٥E+40.pgm",
            "yaleB01/yaleB01\n_P00A+035E+40.pgm",
        ),
    ),
    named(
        "yaleB01/yaleB02_P00A+035E+40.pgm",
        "yaleB01/yaleB02_P00A+035E+40.pgm: got an image of yaleB02, expected one of yaleB01, whose folder it is in. …",
    ),
    named(
        "more/yaleB01/yaleB01_P00A+000E+00.pgm",
        f"{FIRST}: got the person, pose and light of more/{FIRST}, expected each once. Move one of them …",
    ),
    Case(
        "faces that are all lit from the side",
        FACES,
        "data.faces.max_angle_deg: got 0.5, which keeps none of 2 images, expected an angle that keeps at least one. …",
        lambda: (
            params(data__faces__max_angle_deg=0.5)(),
            [put(f"raw/CroppedYale/{stem(1, (a, 0))}", "") for a in (5, 9)],
        ),
    ),
    Case(
        "unexpected numbers of faces",
        "prepare yale_b --raw raw --out out/set.npz",
        "data.yale_b.expected.usable: got 54 in the raw files, expected 2414. Fetch the files again; …",
        lambda: write_faces(Path("raw")),
    ),
    Case(
        "no faces",
        FACES,
        "raw: got neither CroppedYale.zip nor CroppedYale/ in it, expected the images of … Run `nvae fetch yale_b`, …",
    ),
    Case(
        "an archive of faces cut short",
        FACES,
        "raw/CroppedYale.zip: got an unreadable archive (File is not a zip file), expected a zip file. …",
        lambda: put("raw/CroppedYale.zip", zipped({FIRST: b"x"})[:-9]),
    ),
    Case(
        "an archive with a path outside its folder",
        FACES,
        "raw/CroppedYale.zip: got the member 'CroppedYale/../../evil.pgm', expected names that stay inside …",
        lambda: put("raw/CroppedYale.zip", zipped({"../../evil.pgm": b"x"})),
    ),
]


def boxes(name: str, content: str | bytes, got: str, what: str = "boxes.csv") -> Case:
    """Return a case of a refused list of face boxes; without content the list is a folder."""
    make = (lambda: put("boxes.csv", content)) if content else (lambda: in_place_of("boxes.csv"))
    spoil = params(data__faces__face_boxes="boxes.csv")
    message = f"{what}: got {got}. Correct the file, whose path is `face_boxes` in params.yaml."
    return Case(name, FACES, message, lambda: (write_faces(Path("raw")), spoil(), make()))


COLUMNS = "person,left,top,width,height\n"
LINE2 = "boxes.csv, line 2"
INSIDE = "expected a box within the 640×480 frame"
WORDS = "expected four numbers after the name"
BOXES = [
    boxes("boxes without a column", "person,left,top,width\n", "columns ('person', … 'width'), expected (… 'height')"),
    boxes("a box that is not a number", COLUMNS + "yaleB01,nan,0,9,9\n", f"Box(left=nan, …), {INSIDE}", LINE2),
    boxes("a box of infinite size", COLUMNS + "yaleB01,0,0,inf,9\n", f"Box(…width=inf, …), {INSIDE}", LINE2),
    boxes(
        "a box outside the frame it is in", COLUMNS + "yaleB01,600,0,168,192\n", f"Box(left=600.0, …), {INSIDE}", LINE2
    ),
    boxes("a box of words", COLUMNS + "yaleB01,a,b,c,d\n", f"['yaleB01', 'a', …], {WORDS}", LINE2),
    boxes("a short row of boxes", COLUMNS + "yaleB01,1\n", f"['yaleB01', '1', None, …], {WORDS}", LINE2),
    boxes(
        "two boxes of one person",
        COLUMNS + "yaleB01,0,0,9,9\n" * 2,
        "yaleB01 again, expected one box per person",
        "boxes.csv, line 3",
    ),
    boxes("boxes that are not text", b"\xff\xfe", "'utf-8' codec …, expected a CSV of face boxes"),
    boxes("a folder in place of boxes", "", "…Is a directory…, expected a CSV of face boxes"),
    *(
        Case(
            f"face boxes in {name}",
            FACES,
            f"data.faces.face_boxes: got {name!r}, expected {expected}. Edit params.yaml; …",
            params(data__faces__face_boxes=name),
        )
        for name, expected in (
            ("/dev/zero", "a relative path in the project"),
            ("data/../../boxes.csv", "a relative path in the project"),
            ("a\0b", "a regular file or a folder in …"),
        )
    ),
]

FETCH = "fetch mnist --out out"
NO_SOURCE = "mnist, train-images-idx3-ubyte: got nothing from out (not there), NVAE_DATA_MIRROR mirror"


def mirrored(name: str, why: str, content: bytes) -> Case:
    """Return a case of a refused file on a mirror."""
    message = (
        f"{NO_SOURCE} (train-images-idx3-ubyte.gz: {why}…), …, expected one source that serves it with SHA-256 … Put …"
    )
    return Case(name, FETCH, message, lambda: put("mirror/mnist/train-images-idx3-ubyte.gz", content))


def registry(name: str, message: str, change: Callable[[str], str | bytes]) -> Case:
    """Return a case of a refused list of raw files."""
    path = "data/registry.csv"
    return Case(name, FETCH, f"{path}{message}", lambda: put(path, change(Path(path).read_text(encoding="utf-8"))))


FETCHED = [
    Case("a mirror that has nothing", FETCH, f"{NO_SOURCE} (not there), …, expected one source that serves it …"),
    mirrored("a damaged gzip", "damaged gzip", gzip.compress(b"x" * 9)[:-6] + b"\0" * 6),
    mirrored("a gzip cut short", "truncated gzip", gzip.compress(b"x" * 9)[:-6]),
    mirrored("a log-in page", "wrong SHA-256: got …", b"<html>"),
    registry(
        "a list of files without columns",
        ":2: got dataset, file, expected the columns …",
        lambda _: "dataset,file\na,b\n",
    ),
    registry(
        "a list of files that is not text",
        ": got 'utf-8' codec …, expected the list of raw files. …",
        lambda _: b"\xff",
    ),
    registry(
        "a raw file outside its folder",
        ":2, folder: got '../../evil', …",
        lambda text: text.replace(",MNIST/raw,", ",../../evil,"),
    ),
    registry(
        "a raw file called like its parent",
        ":2, file: got '..', …",
        lambda text: text.replace("mnist,train-images-idx3-ubyte,", "mnist,..,", 1),
    ),
    Case(
        "a file in place of the output folder",
        FETCH,
        "out/MNIST/raw: got Not a directory, expected a writable folder. Pass another folder with --out.",
        lambda: put("out", "x"),
    ),
]

CASES = [*IDX_FILES, *FACTORS, *PGM_FILES, *FACE_NAMES, *BOXES, *FETCHED]
