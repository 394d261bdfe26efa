"""Prepared sets from IDX files: MNIST, Fashion-MNIST, the built-in sets of kind ``idx``, and a user's own sets."""

import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nvae.config import IdxData
from nvae.data.idx import load_idx_set
from nvae.data.prepared import PreparedSet, Split
from nvae.data.split import hold_out_total
from nvae.errors import UserError

FACTORS = "factors.npz"
CLASSES = "classes.txt"

OFFICIAL_CLASSES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}
"""Class names as published by the authors of the data sets."""

Strings = tuple[str, ...]
Floats = npt.NDArray[np.float64]


def prepare(root: Path, dataset: str, params: IdxData) -> PreparedSet:
    """Read IDX files and split the validation images off the training images.

    Args:
        root: Raw folder; it may hold ``factors.npz`` (factor values, their names and the class names) or
            ``classes.txt`` (one class name per line).
        dataset: Name of the data set, which also selects torchvision's reader.
        params: The data set's section of the configuration.

    Returns:
        The prepared set; an image name such as ``train/00001`` gives split and row in the raw files.

    Raises:
        UserError: If a file is damaged, if there are more labels than class names, or if a limit is larger than the set
            or too small to have every class in every split.
    """
    train_images, train_labels, test_images, test_labels = load_idx_set(root, dataset)
    factors = _read_factors(root / FACTORS, len(train_labels), len(test_labels))
    class_names = _class_names(root, dataset, factors, n_labels=1 + int(max(train_labels.max(), test_labels.max())))
    pool = _split("train", train_images, train_labels, factors)
    test = _split("test", test_images, test_labels, factors)
    n_classes, seed = len(class_names), params.split_seed
    pool = _limited(pool, params.train_limit, n_classes, seed, f"data.{dataset}.train_limit")
    test = _limited(test, params.test_limit, n_classes, seed, f"data.{dataset}.test_limit")
    stay, held = hold_out_total(
        pool.labels,
        params.validation_images,
        n_classes=n_classes,
        seed=seed,
        stream="validation",
        what=f"data.{dataset}.validation_images",
    )
    return PreparedSet(
        name=dataset,
        class_names=class_names,
        factor_names=factors[0] if factors else (),
        train=pool.take(stay),
        validation=pool.take(held),
        test=test,
    )


_Factors = tuple[Strings, Strings, dict[str, Floats]]  # factor names, class names, split → (n, n_factors)


def _split(name: str, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], factors: _Factors | None) -> Split:
    names = np.array([f"{name}/{row:05d}" for row in range(len(labels))], dtype=np.str_)
    return Split(images, labels.astype(np.int64), names, factors[2][name] if factors else None)


def _limited(split: Split, limit: int | None, n_classes: int, seed: int, what: str) -> Split:
    """Return ``limit`` images of a split, stratified by class; the whole split if the limit is None or its size."""
    if limit is None or limit == len(split):
        return split
    # The stream is named after the configuration key, so that the choices of train and test are independent.
    _, rows = hold_out_total(
        split.labels, limit, n_classes=n_classes, seed=seed, stream=what.rpartition(".")[2], what=what
    )
    return split.take(rows)


def _class_names(root: Path, dataset: str, factors: _Factors | None, n_labels: int) -> Strings:
    listed = root / CLASSES
    if dataset in OFFICIAL_CLASSES:
        names, source = OFFICIAL_CLASSES[dataset], "the official class names"
    elif factors:
        names, source = factors[1], (root / FACTORS).as_posix()
    elif listed.is_file():
        try:
            lines = listed.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise UserError(
                listed.as_posix(), got=error, expected="one class name per line", hint="Correct the file."
            ) from None
        names, source = tuple(line.strip() for line in lines if line.strip()), listed.as_posix()
    else:
        return tuple(map(str, range(n_labels)))
    if n_labels > len(names):
        raise UserError(
            source,
            got=f"{len(names)} names",
            expected=f"one for each of the labels 0 to {n_labels - 1}",
            hint="Add the missing names, or correct the label files.",
        )
    return names


def _read_factors(path: Path, n_train: int, n_test: int) -> _Factors | None:
    if not path.is_file():
        return None
    hint = "Draw the data set again with `nvae draw-data`, or correct your own file."
    try:
        # Open the file here, because np.load does not close a file that is not an archive.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            names = tuple(map(str, archive["factor_names"].tolist()))
            classes = tuple(map(str, archive["class_names"].tolist()))
            values = {split: archive[f"{split}_factors"].astype(np.float64) for split in ("train", "test")}
    except (
        *(KeyError, ValueError, TypeError, OSError, EOFError, MemoryError, RuntimeError, SyntaxError),
        *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
    ) as error:
        raise UserError(path.as_posix(), got=error, expected="factors of a built-in data set", hint=hint) from error
    for split, n in (("train", n_train), ("test", n_test)):
        if values[split].shape != (n, len(names)):
            raise UserError(
                f"{path.as_posix()}, {split}_factors",
                got=f"shape {values[split].shape}",
                expected=f"{(n, len(names))} (images, factors)",
                hint=hint,
            )
    return names, classes, values
