"""Wrong prepared sets, models and pictures, each with the expected error message."""

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
MAKE_SET = "Correct the path, or make one with `nvae prepare NAME --out set.npz`."


def no_set(name: str, why: str, spoil: Callable[[], object]) -> Case:
    """Return a case of a file that is not a prepared set."""
    message = f"set.npz: got a file NumPy can't read ({why}), expected a prepared set. {MAKE_SET}"
    return Case(name, DETECT, message, spoil)


def bad_set(name: str, message: str, **changes: Any) -> Case:
    """Return a case of a prepared set with wrong arrays."""
    return Case(name, DETECT, f"{message} … `nvae prepare …`.", arrays(**changes))


def beside_a_model(spoil: Callable[[], object]) -> Callable[[], object]:
    """Return a function that writes a valid model and spoils its set, so that only the set is wrong."""
    return lambda: (model()(), Path("set.npz").unlink(), spoil())


NO_SET = "set.npz: got no such file, expected a prepared set."
IMAGES = "expected an array of uint8 with 3 axes."
SETS = [
    Case("no prepared set", DETECT, f"{NO_SET} {MAKE_SET}"),
    Case("a folder in place of a set", DETECT, f"{NO_SET} {MAKE_SET}", lambda: in_place_of("set.npz")),
    no_set("a set with pickled names", "Object arrays cannot be loaded …", arrays(name=np.array(Trap(), object))),
    no_set("a pickle in place of a set", "no zip archive", lambda: np.array([Trap()], object).dump("set.npz")),
    no_set("a set cut short", "…", lambda: (arrays()(), cut("set.npz", 900))),
    no_set(
        "a set with a call in a header",
        "…",
        lambda: put("set.npz", zipped({"name.npy": npy("__import__('os').mknod('sprung')")}, top="")),
    ),
    no_set(
        "a set of absurd size",
        "…",
        lambda: put("set.npz", zipped({"train_images.npy": HUGE}, top="")),
    ),
    no_set(
        "a set with an incomplete header",
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
        "a set of images of two sizes",
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
    """Return a case of a folder without a valid model."""
    message = f"model: got {got}, expected a trained model. Pass another folder, or train a model …"
    return Case(name, DETECT, message, spoil)


def no_description(name: str, got: str, spoil: Callable[[], object]) -> Case:
    """Return a case of a folder without a valid description of its model."""
    return Case(name, DETECT, f"model/model.json: got {got}. Pass another folder, or train a model …", spoil)


NO_DESCRIPTION = "no such file, expected a description of a trained model"
DAMAGED = "a damaged description of a trained model"
MODELS = [
    no_description("no model", NO_DESCRIPTION, arrays()),
    no_description("a model without description", NO_DESCRIPTION, model(lambda: Path("model/model.json").unlink())),
    no_model("a model without weights", f"no {WEIGHTS}", model(lambda: Path(WEIGHTS).unlink())),
    no_model("weights cut short", "damaged files (Error while deserializing header: …)", model(lambda: cut(WEIGHTS))),
    no_model("empty weights", "damaged files (Error while …)", model(lambda: put(WEIGHTS, ""))),
    no_model(
        "a pickle in place of weights", "damaged files (Error while deserializing header: …)", model(pickled_weights)
    ),
    no_model(
        "weights with an absurd header",
        "damaged files (Error while deserializing header: …)",
        model(lambda: put(WEIGHTS, b"\xff" * 7 + b"\x0f{}")),
    ),
    no_model(
        "weights of another size", "damaged files (Error(s) in loading state_dict …)", described(image_shape=[7, 5])
    ),
    no_model(
        "an unknown key of a description", "damaged files (… colour Unexpected keyword argument …)", described(colour=1)
    ),
    no_model("a description without a seed", "damaged files (… seed Field required …)", described(seed=...)),
    no_model("a seed of 256 digits", "damaged files (the seed 1000…)", described(seed=10**256)),
    no_model("a description of an unknown model", "damaged files ('os.system')", described(model="os.system")),
    no_model(
        "a description of a negative size", "damaged files (…class_dims…greater than 0…)", of_parameters(class_dims=-1)
    ),
    no_description(
        "a description that is not JSON", f"{DAMAGED} (EOF …)…", model(lambda: put("model/model.json", "{"))
    ),
    no_description(
        "a description that is nested too deeply",
        f"{DAMAGED} (recursion limit exceeded …)…",
        model(lambda: put("model/model.json", "[" * 100_000)),
    ),
    no_model("a description that is a list", "damaged files (…)", model(lambda: put("model/model.json", "[]"))),
    no_description("a file in place of a model", NO_DESCRIPTION, lambda: (arrays()(), put("model", "x"))),
    no_description(
        "a folder in place of a description",
        f"{DAMAGED} (no regular file)…",
        model(lambda: in_place_of("model/model.json")),
    ),
    no_model("a folder in place of weights", "damaged files (No such device …)", model(lambda: in_place_of(WEIGHTS))),
    Case(
        "a model of other images",
        DETECT,
        "model: got a model of glyphs, expected a model of the classes and the image size of glyphs. Pass the prepared "
        "set that it was trained on as --data, or train a model on this one.",
        lambda: (
            model()(),
            arrays(**{f"{split}_images": np.zeros((n, 7, 5), np.uint8) for split, n in SIZES.items()})(),
        ),
    ),
]

TRAVERSE = "traversals glyphs --model model --out out/t.npz"
CLASSES = "expected a folder of pictures for each class, such as own/a/one.png. The classes are: a, b."
PIXELS = bytes.fromhex("89504e470d0a1a0a0000000d494844520000ffff0000ffff0800000000")
HUGE_PNG = PIXELS + zlib.crc32(PIXELS[12:]).to_bytes(4, "big") + bytes.fromhex("0000000049444154")


def pictures(name: str, message: str, spoil: Callable[[], object] = lambda: None) -> Case:
    """Return a case of a refused folder of pictures."""
    return Case(name, f"{TRAVERSE} --images own", message, lambda: (model()(), spoil()))


def no_picture(name: str, content: bytes | str) -> Case:
    """Return a case of a file that is not a picture."""
    message = "own/a/x.png: got a file that can't be read (…), expected a picture (PNG, JPEG, PGM, …). Convert it, or …"
    return pictures(name, message, lambda: put("own/a/x.png", content))


NO_PICTURE = "own: got no picture in a subfolder"
NO_OUT = "expected the path of a file to write. Pass one: the profile's table describes only …"
PICTURES = [
    pictures("no folder of pictures", f"own: got no such folder, {CLASSES}"),
    pictures("a file in place of a folder of pictures", f"own: got no such folder, {CLASSES}", lambda: put("own", "x")),
    pictures("an empty folder of pictures", f"{NO_PICTURE}, {CLASSES}", lambda: in_place_of("own")),
    pictures("pictures without classes", f"{NO_PICTURE}, {CLASSES}", lambda: put("own/x.png", "x")),
    pictures(
        "pictures of an unknown class", f"own/c: got no class of the model, {CLASSES}", lambda: put("own/c/x.png", "x")
    ),
    no_picture("a text in place of a picture", "seven"),
    no_picture("an empty picture", b""),
    no_picture("a picture of absurd size", HUGE_PNG),
    no_picture("a picture cut short", PIXELS[:20]),
    no_picture("a pickle in place of a picture", pickle.dumps(Trap())),
    pictures(
        "pictures of some classes",
        "images: got none of class number 1, expected at least one image per class, from which its traversals start. "
        "Add one, or use samples from the model with --generated 100.",
        lambda: put("own/a/x.pgm", b"P5 2 1 255\n\0\0"),
    ),
    Case(
        "two kinds of images",
        f"{TRAVERSE} --generated 3 --data set.npz",
        "--data: got a prepared set and other images, expected one of them. Leave one out.",
        model(),
    ),
    Case(
        "zero generated images",
        f"{TRAVERSE} --generated 0",
        "--generated: got 0, expected at least 1. Pass a larger number.",
        model(),
    ),
    Case(
        "a model without an output path",
        "samples glyphs --model model",
        f"--out: got none, but --model, {NO_OUT}",
        model(),
    ),
    Case(
        "generated images without an output path",
        "posteriors glyphs --generated 3",
        f"--out: got none, but --generated, {NO_OUT}",
        model(),
    ),
]
SIZES = {"train": 12, "validation": 4, "test": 6}

CASES = [*(replace(case, spoil=beside_a_model(case.spoil)) for case in SETS), *MODELS, *PICTURES]
