"""A hash depends on the content: on the arrays of an NPZ, and on the files that links lead to."""

import hashlib
import io
import os
import pickle
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nvae.errors import UserError
from nvae.provenance import sha256
from tests.unit.wrong_world import Trap

ARRAYS = {"b": np.arange(6.0).reshape(2, 3), "a": np.array(["x", "yz"]), "c": np.array(3, np.int64)}
OTHER_DATE = (2001, 2, 3, 4, 5, 6)


def npy(array: npt.NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array))
    return stream.getvalue()


def packed(members: dict[str, bytes], *, level: int = 9, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these members, in this order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, OTHER_DATE), content, method, level)
    return stream.getvalue()


def saved(folder: Path, **arrays: npt.NDArray[np.generic]) -> Path:
    path = folder / "saved.npz"
    np.savez_compressed(path, **arrays)
    return path


def written(folder: Path, content: bytes) -> Path:
    path = folder / "written.npz"
    path.write_bytes(content)
    return path


def by_bytes(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


MEMBERS = {f"{name}.npy": npy(array) for name, array in ARRAYS.items()}


@pytest.mark.parametrize(
    "content",
    [
        packed(MEMBERS),
        packed(MEMBERS, level=1),
        packed(MEMBERS, method=zipfile.ZIP_STORED),
        packed(dict(reversed(MEMBERS.items()))),
        # Another version of the format has another header.
        packed(MEMBERS | {"c.npy": b"\x93NUMPY\2\0" + MEMBERS["c.npy"][8:10] + b"\0\0" + MEMBERS["c.npy"][10:]}),
    ],
    ids=["another zlib", "level 1", "stored", "another order", "version 2.0"],
)
def test_equal_arrays_have_equal_hashes_however_they_are_packed(content: bytes, tmp_path: Path) -> None:
    first, second = saved(tmp_path, **ARRAYS), written(tmp_path, content)
    assert by_bytes(first) != by_bytes(second)
    assert sha256(first) == sha256(second)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, path in zip(folders, (first, second), strict=True):
        folder.mkdir()
        path.rename(folder / "arrays.npz")
    assert sha256(folders[0]) == sha256(folders[1])


@pytest.mark.parametrize(
    "arrays",
    [
        ARRAYS | {"c": np.array(4, np.int64)},
        ARRAYS | {"c": np.array([3], np.int64)},
        ARRAYS | {"c": np.array(3, np.uint64)},
        ARRAYS | {"b": ARRAYS["b"].reshape(3, 2)},
        ARRAYS | {"b": np.array([[0.0, 1, 2], [3, 4, -5]])},
        ARRAYS | {"d": ARRAYS["c"]},
        {"b": ARRAYS["b"], "a": ARRAYS["a"]},
        {"b": ARRAYS["b"], "a": ARRAYS["a"], "d": ARRAYS["c"]},
    ],
)
def test_other_arrays_have_another_hash(arrays: dict[str, npt.NDArray[np.generic]], tmp_path: Path) -> None:
    before = sha256(saved(tmp_path, **ARRAYS))
    assert sha256(saved(tmp_path, **arrays)) != before


def twice() -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile warns about the second member
        for _ in range(2):
            archive.writestr("a.npy", MEMBERS["a.npy"])
    return stream.getvalue()


def overlapping() -> bytes:
    """Return an archive whose list declares a member that is longer than the whole file, as overlapping ones are."""
    content = bytearray(packed({"a.npy": MEMBERS["a.npy"]}))
    declared = content.index(b"PK\1\2") + 20
    content[declared : declared + 4] = (len(content) + 1).to_bytes(4, "little")
    return bytes(content)


def pickled() -> bytes:
    """Return an archive of pickled objects, whose length is that of an array of pointers."""
    content = pickle.dumps([Trap()])
    content += bytes(-len(content) % 8)
    stream = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (len(content) // 8,)}
    np.lib.format.write_array_header_1_0(stream, header)
    return packed({"a.npy": stream.getvalue() + content})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        packed(MEMBERS)[:-30],
        packed({"a.npy": MEMBERS["b.npy"][:-1]}),
        packed({"a.npy": MEMBERS["b.npy"] + b"\0"}),
        packed({"a.txt": b"text"}),
        packed({"a.npy": npy(np.zeros(3))[:8] + b"\xff\xff" + b" " * 70_000}),
        packed({"a.npy": b"\x93NUMPY\1\0\x40\0" + b"{'descr': __import__('os'), ".ljust(63) + b"\n"}),
        packed(
            {"a.npy": b"\x93NUMPY\1\0\x80\0" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}".ljust(128)}
        ),
        packed(MEMBERS, method=zipfile.ZIP_BZIP2),
        twice(),
        overlapping(),
        pickled(),
    ],
    ids=[
        *("empty", "text", "cut", "short array", "long array", "other member", "long header", "call in header"),
        *("negative shape", "bzip2", "equal names", "overlapping", "pickled"),
    ],
)
def test_a_file_that_is_no_archive_of_plain_arrays_is_hashed_by_its_bytes(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, content)
    assert sha256(path) == by_bytes(path)
    assert not Path("sprung").exists()


def test_a_large_array_takes_little_memory(tmp_path: Path) -> None:
    path = saved(tmp_path, a=np.zeros(64 << 20, np.uint8))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    try:
        digest = sha256(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert digest != by_bytes(path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with a file at the top and one in a subfolder."""
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/top").write_text("1", encoding="utf-8")
    (tmp_path / "tree/sub/below").write_text("2", encoding="utf-8")
    return tmp_path / "tree"


def test_a_folder_is_hashed_by_the_names_and_hashes_of_its_files(tree: Path) -> None:
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"1", b"2"))
    expected = hashlib.sha256(f"sub/below\0{two}\ntop\0{one}\n".encode()).hexdigest()
    assert sha256(tree) == expected
    for name in ("throughput.csv", "sub/.top.12.part"):
        (tree / name).touch()
    os.mkfifo(tree / "pipe")
    assert sha256(tree) == expected


@pytest.mark.parametrize("place", ["tree", "tree/sub", "tree/sub/below"])
def test_a_link_is_hashed_like_the_file_or_folder_that_it_leads_to(place: str, tree: Path, tmp_path: Path) -> None:
    before = sha256(tree)
    (tmp_path / place).rename(tmp_path / "elsewhere")
    (tmp_path / place).symlink_to(tmp_path / "elsewhere")
    assert sha256(tree) == before
    changed = next(path for path in (tmp_path / "elsewhere", *(tmp_path / "elsewhere").glob("*")) if path.is_file())
    changed.write_text("3", encoding="utf-8")
    assert sha256(tree) != before


def test_one_folder_may_occur_twice(tree: Path) -> None:
    (tree / "again").symlink_to(tree / "sub")
    two = hashlib.sha256(b"2").hexdigest()
    one = hashlib.sha256(b"1").hexdigest()
    assert sha256(tree) == hashlib.sha256(f"again/below\0{two}\nsub/below\0{two}\ntop\0{one}\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("link", "target", "message"),
    [
        ("sub/up", "..", "sub/up: got a link to .*tree, which contains it, expected"),
        ("self", ".", "self: got a link to .*tree, which contains it, expected"),
        ("sub/lost", "nowhere", "sub/lost: got a link to nowhere, which does not exist, expected"),
        ("loop", "loop", "loop: got a link to loop, which does not exist, expected"),
    ],
)
def test_a_cycle_and_a_broken_link_are_errors(link: str, target: str, message: str, tree: Path) -> None:
    (tree / link).symlink_to(target)
    with pytest.raises(UserError, match=message):
        sha256(tree)


@pytest.mark.parametrize("name", ["lost", "lost.npz"])
def test_a_broken_link_is_an_error_by_itself(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(UserError, match="a link to nowhere, which does not exist"):
        sha256(tmp_path / name)


def test_names_that_are_not_utf8_are_hashed_by_their_bytes(tree: Path) -> None:
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"1", b"2"))
    (tree / "top").rename(os.fsdecode(os.fsencode(tree) + b"/t\xff"))
    expected = b"sub/below\0" + two.encode() + b"\nt\xff\0" + one.encode() + b"\n"
    assert sha256(tree) == hashlib.sha256(expected).hexdigest()
