"""The prepared set: what every model and every analysis reads, one ``.npz`` a data set, nothing pickled.

The keys of the file are listed in docs/architecture.md, "Prepared set".
"""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nvae.errors import UserError
from nvae.provenance import atomic

SPLITS = ("train", "validation", "test")

# part -> (dtype kind or exact dtype, number of axes)
_PARTS = {"images": ("uint8", 3), "labels": ("int64", 1), "names": ("str", 1), "factors": ("float64", 2)}
# What NumPy and zipfile raise of a file that is damaged, absurdly large or of another kind.
_NO_ARRAYS = (
    *(ValueError, EOFError, OSError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Args:
        images: (n, height, width) uint8 grey levels, 0 to 255.
        labels: (n,) int64 class numbers.
        names: (n,) str, the origin of each image: a file name or ``train/00001``.
        factors: (n, n_factors) float64, NaN where a factor does not apply to the image's class; None if unknown.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: npt.NDArray[np.str_]
    factors: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: npt.NDArray[np.intp]) -> "Split":
        """The images at ``rows`` ((m,) int), in that order."""
        factors = None if self.factors is None else self.factors[rows]
        return Split(self.images[rows], self.labels[rows], self.names[rows], factors)


@dataclass(frozen=True)
class PreparedSet:
    """A data set ready for training: three splits and the names of classes and factors.

    Args:
        name: the data set's name, ``mnist``.
        class_names: one for each class, by class number.
        factor_names: one for each column of the factors; empty if the factors are unknown.
        train: images to fit.
        validation: images to choose on; taken out of the training images, stratified.
        test: images to report on.

    Raises:
        UserError: if the parts don't fit together (labels out of range, sizes that differ, an empty split).
    """

    name: str
    class_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split

    def __post_init__(self) -> None:
        _check(self, origin=f"data set {self.name}")

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        height, width = self.train.images.shape[1:]
        return int(height), int(width)

    def split(self, name: str) -> Split:
        """The split called ``train``, ``validation`` or ``test``.

        Raises:
            UserError: if there is no such split.
        """
        for split_name, split in self.splits():
            if split_name == name:
                return split
        raise UserError("split", got=name, expected=" or ".join(SPLITS), hint="Name one of them.")

    def splits(self) -> Iterator[tuple[str, Split]]:
        """Each split with its name, in the order of ``SPLITS``."""
        yield from zip(SPLITS, (self.train, self.validation, self.test), strict=True)

    def save(self, path: Path) -> None:
        """Write the set as ``path``, whole or not at all; equal sets give equal bytes."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "name": np.array(self.name),
            "class_names": np.array(self.class_names, dtype=np.str_),
            "factor_names": np.array(self.factor_names, dtype=np.str_),
        }
        for name, split in self.splits():
            arrays[f"{name}_images"] = split.images
            arrays[f"{name}_labels"] = split.labels
            arrays[f"{name}_names"] = split.names
            if split.factors is not None:
                arrays[f"{name}_factors"] = split.factors
        # An open file, since NumPy appends ".npz" to a path that lacks it, as the temporary one does.
        with atomic(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "PreparedSet":
        """Read and check a prepared set.

        Args:
            path: the ``.npz`` that ``nvae prepare`` wrote.

        Raises:
            UserError: if the file is absent, isn't a prepared set, lacks a key, or has a wrong dtype, shape or label.
        """
        if not path.is_file():
            raise UserError(path.as_posix(), got="no such file", expected="a prepared set", hint=_again(path.stem))
        arrays = _read_arrays(path)
        factor_names = tuple(_array(arrays, "factor_names", ("str", 1), path).tolist())
        splits = {}
        for name in SPLITS:
            wanted = [part for part in _PARTS if part != "factors" or factor_names]
            splits[name] = Split(*(_array(arrays, f"{name}_{part}", _PARTS[part], path) for part in wanted))
        return cls(
            name=str(_array(arrays, "name", ("str", 0), path)),
            class_names=tuple(_array(arrays, "class_names", ("str", 1), path).tolist()),
            factor_names=factor_names,
            **splits,
        )


def _again(dataset: str) -> str:
    return f"Make it with `nvae prepare {dataset}`."


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("no zip archive")
        with np.load(path, allow_pickle=False) as archive:
            # NumPy gives a member that is no array as its bytes; np.asarray makes that a wrong dtype.
            return {key: np.asarray(archive[key]) for key in archive.files}
    except _NO_ARRAYS as error:
        raise UserError(
            path.as_posix(), got=f"a file NumPy can't read ({error})", expected="a prepared set", hint=_again(path.stem)
        ) from error


def _array(arrays: Mapping[str, npt.NDArray[Any]], key: str, wanted: tuple[str, int], path: Path) -> npt.NDArray[Any]:
    dtype, axes = wanted
    expected = f"an array of {dtype} with {axes} axes"
    what = f"{path.as_posix()}, key {key}"
    if key not in arrays:
        raise UserError(what, got="nothing", expected=expected, hint=_again(path.stem))
    array = arrays[key]
    found = "str" if array.dtype.kind == "U" else str(array.dtype)
    if found != dtype or array.ndim != axes:
        raise UserError(what, got=f"{found} with {array.ndim} axes", expected=expected, hint=_again(path.stem))
    return array


def _check(prepared: PreparedSet, *, origin: str) -> None:
    for name, split in prepared.splits():
        what = f"{origin}, split {name}"
        hint = _again(prepared.name)
        sizes = {len(split.images), len(split.labels), len(split.names)}
        if split.factors is not None:
            sizes.add(len(split.factors))
        if len(sizes) != 1 or sizes == {0}:
            raise UserError(what, got=f"parts of lengths {sorted(sizes)}", expected="one length > 0", hint=hint)
        if split.images.shape[1:] != prepared.train.images.shape[1:]:
            raise UserError(
                what,
                got=f"images of {split.images.shape[1:]}",
                expected=f"{prepared.train.images.shape[1:]} as in train",
                hint=hint,
            )
        low, high = int(split.labels.min()), int(split.labels.max())
        if low < 0 or high >= prepared.n_classes:
            raise UserError(
                f"{what}, labels", got=f"{low} to {high}", expected=f"0 to {prepared.n_classes - 1}", hint=hint
            )
        columns = 0 if split.factors is None else split.factors.shape[1]
        if columns != len(prepared.factor_names):
            raise UserError(
                f"{what}, factors", got=f"{columns} columns", expected=str(len(prepared.factor_names)), hint=hint
            )
