"""The prepared set, which every model and every analysis reads: one ``.npz`` per data set, without pickled objects.

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
from nvae.layout import PREPARED
from nvae.provenance import atomic

SPLITS = ("train", "validation", "test")

# Part → (dtype, or "str" for strings of any length; number of axes).
_PARTS = {"images": ("uint8", 3), "labels": ("int64", 1), "names": ("str", 1), "factors": ("float64", 2)}
# Exceptions that NumPy and zipfile raise for a file that is damaged, absurdly large or of another kind.
_READ_ERRORS = (
    *(ValueError, EOFError, OSError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class Split:
    """One split of a data set.

    Args:
        images: Grey levels from 0 to 255, (n, height, width) uint8.
        labels: Class numbers, (n,) int64.
        names: Origin of each image, (n,) str: a file name, or split and row such as ``train/00001``.
        factors: Factor values, (n, n_factors) float64, NaN where a factor does not apply to the image's class; None if
            the factors are unknown.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: npt.NDArray[np.str_]
    factors: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: npt.NDArray[np.intp]) -> "Split":
        """Return the images at ``rows`` ((m,) int), in that order."""
        factors = None if self.factors is None else self.factors[rows]
        return Split(self.images[rows], self.labels[rows], self.names[rows], factors)


@dataclass(frozen=True)
class PreparedSet:
    """A data set ready for training: three splits, and the names of classes and factors.

    Args:
        name: Name of the data set, such as ``mnist``.
        class_names: One name per class, in the order of the class numbers.
        factor_names: One name per column of the factors; empty if the factors are unknown.
        train: Training set.
        validation: Validation set, on which settings are chosen; a stratified part of the original training images.
        test: Test set, on which results are reported.

    Raises:
        UserError: If the parts don't fit together (labels out of range, different sizes, an empty split).
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
        """Height and width of the images in pixels."""
        height, width = self.train.images.shape[1:]
        return int(height), int(width)

    def split(self, name: str) -> Split:
        """Return the split called ``train``, ``validation`` or ``test``.

        Raises:
            UserError: If there is no split of this name.
        """
        for split_name, split in self.splits():
            if split_name == name:
                return split
        raise UserError("split", got=name, expected=" or ".join(SPLITS), hint="Use one of these names.")

    def splits(self) -> Iterator[tuple[str, Split]]:
        """Yield each split with its name, in the order of ``SPLITS``."""
        yield from zip(SPLITS, (self.train, self.validation, self.test), strict=True)

    def save(self, path: Path) -> None:
        """Write the set to ``path`` atomically; equal sets give equal bytes."""
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
        # Pass an open file, because NumPy appends ".npz" to a path without this suffix, such as the temporary one.
        with atomic(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "PreparedSet":
        """Read and check a prepared set.

        Args:
            path: ``.npz`` file that ``nvae prepare`` wrote.

        Raises:
            UserError: If the file is missing, is not a prepared set, lacks a key, or has a wrong dtype, shape or label.
        """
        if not path.is_file():
            raise UserError(path.as_posix(), got="no such file", expected="a prepared set", hint=_hint(path))
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


def _hint(path: Path) -> str:
    if path.parent.parent == PREPARED:
        return f"Make it with `nvae prepare {path.stem}`."
    return f"Correct the path, or make one with `nvae prepare NAME --out {path.as_posix()}`."


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("no zip archive")
        with np.load(path, allow_pickle=False) as archive:
            # NumPy returns a member that is not an array as bytes; as an array they have a dtype that _array refuses.
            return {key: np.asarray(archive[key]) for key in archive.files}
    except _READ_ERRORS as error:
        raise UserError(
            path.as_posix(),
            got=f"a file NumPy can't read ({error})",
            expected="a prepared set",
            hint=_hint(path),
        ) from error


def _array(arrays: Mapping[str, npt.NDArray[Any]], key: str, wanted: tuple[str, int], path: Path) -> npt.NDArray[Any]:
    dtype, axes = wanted
    expected = f"an array of {dtype} with {axes} axes"
    what = f"{path.as_posix()}, key {key}"
    if key not in arrays:
        raise UserError(what, got="nothing", expected=expected, hint=_hint(path))
    array = arrays[key]
    found = "str" if array.dtype.kind == "U" else str(array.dtype)
    if found != dtype or array.ndim != axes:
        raise UserError(what, got=f"{found} with {array.ndim} axes", expected=expected, hint=_hint(path))
    return array


def _check(prepared: PreparedSet, *, origin: str) -> None:
    for name, split in prepared.splits():
        what = f"{origin}, split {name}"
        hint = f"Make it with `nvae prepare {prepared.name}`."
        sizes = {len(split.images), len(split.labels), len(split.names)}
        if split.factors is not None:
            sizes.add(len(split.factors))
        if len(sizes) != 1 or sizes == {0}:
            raise UserError(what, got=f"parts of lengths {sorted(sizes)}", expected="one common length > 0", hint=hint)
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
