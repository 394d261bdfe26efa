"""Wrong prepared sets and models, each with what has to be said of it."""

import pickle
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.unit.fetch_world import zipped
from tests.unit.wrong_raw import HUGE
from tests.unit.wrong_world import (
    Case,
    Trap,
    arrays,
    cut,
    described,
    in_place_of,
    model,
    npy,
    of_parameters,
    pickled_weights,
    put,
)

DETECT = "kl glyphs --data set.npz --model model --out out/kl.csv"
MAKE_SET = "Make it with `nvae prepare set`."


def no_set(name: str, why: str, spoil: Callable[[], object]) -> Case:
    """A file that is no prepared set."""
    said = f"set.npz: got a file NumPy can't read ({why}), expected a prepared set. {MAKE_SET}"
    return Case(name, DETECT, said, spoil)


def bad_set(name: str, said: str, **changes: Any) -> Case:
    """A prepared set with other arrays."""
    return Case(name, DETECT, f"{said} Make it with `nvae prepare …`.", arrays(**changes))


def beside_a_model(spoil: Callable[[], object]) -> Callable[[], object]:
    """What is wrong with a set shows where the model is in order."""
    return lambda: (model()(), Path("set.npz").unlink(), spoil())


NO_SET = "set.npz: got no such file, expected a prepared set."
IMAGES = "expected an array of uint8 with 3 axes."
SETS = [
    Case("no prepared set", DETECT, f"{NO_SET} {MAKE_SET}"),
    Case("a folder in a set's place", DETECT, f"{NO_SET} {MAKE_SET}", lambda: in_place_of("set.npz")),
    no_set("a set with pickled names", "Object arrays cannot be loaded …", arrays(name=np.array(Trap(), object))),
    no_set("a set that is a pickle", "no zip archive", lambda: np.array([Trap()], object).dump("set.npz")),
    no_set("a set cut short", "…", lambda: (arrays()(), cut("set.npz", 900))),
    no_set(
        "a set whose header is a call",
        "…",
        lambda: put("set.npz", zipped({"name.npy": npy("__import__('os').mknod('sprung')")}, top="")),
    ),
    no_set(
        "a set of absurd sizes",
        "…",
        lambda: put("set.npz", zipped({"train_images.npy": HUGE}, top="")),
    ),
    no_set(
        "a set of a half header",
        "…",
        lambda: put("set.npz", zipped({"name.npy": npy("{(")}, top="")),
    ),
    bad_set(
        "a set without labels", "set.npz, key test_labels: got nothing, expected an array of int64 …", test_labels=...
    ),
    bad_set(
        "a set of floats",
        f"set.npz, key train_images: got float64 with 3 axes, {IMAGES}",
        train_images=np.zeros((12, 6, 5)),
    ),
    bad_set(
        "a set of flat images",
        f"set.npz, key train_images: got uint8 with 2 axes, {IMAGES}",
        train_images=np.zeros((12, 30), np.uint8),
    ),
    bad_set(
        "a set of two sizes",
        "data set glyphs, split test: got images of (5, 6), expected (6, 5) as in train.",
        test_images=np.zeros((6, 5, 6), np.uint8),
    ),
    bad_set(
        "a label without a class",
        "data set glyphs, split test, labels: got 0 to 2, expected 0 to 1.",
        test_labels=np.arange(6) % 3,
    ),
    bad_set(
        "a set without test images",
        "data set glyphs, split test: got parts of lengths [0, 6], expected one common length > 0.",
        test_images=np.zeros((0, 6, 5), np.uint8),
    ),
]

WEIGHTS = "model/weights.safetensors"


def no_model(name: str, got: str, spoil: Callable[[], object]) -> Case:
    """A folder that holds no model."""
    said = f"model: got {got}, expected a trained model. Train it again: remove the folder and run its target."
    return Case(name, DETECT, said, spoil)


MODELS = [
    no_model("no model", "no model/model.json", arrays()),
    no_model("no description", "no model/model.json", model(lambda: Path("model/model.json").unlink())),
    no_model("no weights", f"no {WEIGHTS}", model(lambda: Path(WEIGHTS).unlink())),
    no_model("weights cut short", "damaged files (Error while deserializing header: …)", model(lambda: cut(WEIGHTS))),
    no_model("empty weights", "damaged files (Error while …)", model(lambda: put(WEIGHTS, ""))),
    no_model("a pickle for weights", "damaged files (Error while deserializing header: …)", model(pickled_weights)),
    no_model(
        "weights of an absurd header",
        "damaged files (Error while deserializing header: …)",
        model(lambda: put(WEIGHTS, b"\xff" * 7 + b"\x0f{}")),
    ),
    no_model(
        "weights of other sizes", "damaged files (Error(s) in loading state_dict …)", described(image_shape=[7, 5])
    ),
    no_model("an unknown key of a description", "damaged files (…keyword argument 'colour')", described(colour=1)),
    no_model("a description without seed", "damaged files (… missing …: 'seed')", described(seed=...)),
    no_model("a description of no model", "damaged files ('os.system')", described(model="os.system")),
    no_model("a description of no size", "damaged files (…class_dims…greater than 0…)", of_parameters(class_dims=-1)),
    no_model(
        "a description that is no JSON", "damaged files (Expecting …)", model(lambda: put("model/model.json", "{"))
    ),
    no_model("a description that is a list", "damaged files (…)", model(lambda: put("model/model.json", "[]"))),
    no_model("a file for a model", "…Not a directory…", lambda: (arrays()(), put("model", "x"))),
    no_model("a folder for a description", "…Is a directory…", model(lambda: in_place_of("model/model.json"))),
    no_model("a folder for weights", "damaged files (No such device …)", model(lambda: in_place_of(WEIGHTS))),
    Case(
        "a model of other images",
        DETECT,
        "model: got a model of glyphs, expected one of glyphs's classes and images. Name the data that it was trained "
        "on with --data, or train it on this.",
        lambda: (
            model()(),
            arrays(**{f"{split}_images": np.zeros((n, 7, 5), np.uint8) for split, n in SIZES.items()})(),
        ),
    ),
]

LOOK = "traversals glyphs --model model --out out/t.npz"
CLASSES = "expected a folder of pictures for each class, such as own/a/one.png. The classes are: a, b."
PIXELS = bytes.fromhex("89504e470d0a1a0a0000000d494844520000ffff0000ffff0800000000")
HUGE_PNG = PIXELS + zlib.crc32(PIXELS[12:]).to_bytes(4, "big") + bytes.fromhex("0000000049444154")


def pictures(name: str, said: str, spoil: Callable[[], object] = lambda: None) -> Case:
    """A folder of pictures that can't be looked at."""
    return Case(name, f"{LOOK} --images own", said, lambda: (model()(), spoil()))


def no_picture(name: str, content: bytes | str) -> Case:
    """A file that is no picture."""
    said = "own/a/x.png: got a file that can't be read (…), expected a picture (PNG, JPEG, PGM, …). Remove the file."
    return pictures(name, said, lambda: put("own/a/x.png", content))


NO_PICTURE = "own: got no picture in a subfolder"
NO_OUT = "expected a file to write. Name one: the profile's own table is of its own models and data."
LOOKED_AT = [
    pictures("no folder of pictures", f"own: got no such folder, {CLASSES}"),
    pictures("a file for a folder of pictures", f"own: got no such folder, {CLASSES}", lambda: put("own", "x")),
    pictures("an empty folder of pictures", f"{NO_PICTURE}, {CLASSES}", lambda: in_place_of("own")),
    pictures("pictures without classes", f"{NO_PICTURE}, {CLASSES}", lambda: put("own/x.png", "x")),
    pictures("pictures of no class", f"own/c: got no class of the model, {CLASSES}", lambda: put("own/c/x.png", "x")),
    no_picture("a text for a picture", "seven"),
    no_picture("an empty picture", b""),
    no_picture("a picture of absurd size", HUGE_PNG),
    no_picture("a picture cut short", PIXELS[:20]),
    no_picture("a pickle for a picture", pickle.dumps(Trap())),
    pictures(
        "pictures of some classes",
        "images: got none of class number 1, expected one of each class at least: traversals start from it. "
        "Add one, or let the model sample them with --generated 100.",
        lambda: put("own/a/x.pgm", b"P5 2 1 255\n\0\0"),
    ),
    Case(
        "two kinds of images",
        f"{LOOK} --generated 3 --data set.npz",
        "--data: got a prepared set and other images, expected one of them. Leave one out.",
        model(),
    ),
    Case(
        "no generated image",
        f"{LOOK} --generated 0",
        "--generated: got 0, expected at least 1. Name a larger number.",
        model(),
    ),
    Case("a model without a table", "samples glyphs --model model", f"--out: got none, but --model, {NO_OUT}", model()),
    Case(
        "generated images without a table",
        "posteriors glyphs --generated 3",
        f"--out: got none, but --generated, {NO_OUT}",
        model(),
    ),
]
SIZES = {"train": 12, "validation": 4, "test": 6}

CASES = [*(replace(case, spoil=beside_a_model(case.spoil)) for case in SETS), *MODELS, *LOOKED_AT]
