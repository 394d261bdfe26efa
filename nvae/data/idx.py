"""IDX, the file format of MNIST: written here, checked here, and read through torchvision's data sets.

A set is four plain (decompressed) files under ``{root}/{reader}/raw/``, where the reader is torchvision's
class: ``MNIST``, ``FashionMNIST``, or ``IdxSet`` for the built-in sets and a user's own.

Reference: the format's description on the MNIST home page (LeCun, Cortes and Burges).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from torchvision.datasets import MNIST, FashionMNIST

from nvae.errors import UserError
from nvae.provenance import atomic

IMAGES = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
LABELS = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
"""Split → file name, under ``raw/``."""

_UBYTE = 0x08  # the format's code for unsigned bytes, the third byte of a file
_HINT = "Fetch or draw the data set again, or put its four decompressed IDX files there."

Labels = npt.NDArray[np.int64]
Images = npt.NDArray[np.uint8]


class IdxSet(MNIST):  # type: ignore[misc]  # torchvision has no type stubs
    """Any images and labels in MNIST's four files; torchvision finds them by this class's name.

    It has no official address: it never downloads.
    """

    mirrors: tuple[str, ...] = ()


READERS: dict[str, type[MNIST]] = {"mnist": MNIST, "fashion_mnist": FashionMNIST}
"""Data set → torchvision's class; any other is an :class:`IdxSet`."""


def raw_folder(root: Path, name: str) -> Path:
    """Where the four files of data set ``name`` are expected.

    >>> raw_folder(Path("data/raw/mnist"), "mnist").as_posix()
    'data/raw/mnist/MNIST/raw'
    """
    return root / READERS.get(name, IdxSet).__name__ / "raw"


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    """Write an IDX file: two zero bytes, type, number of axes, sizes as big-endian 32-bit, values.

    Args:
        path: the file, written atomically.
        array: uint8, images (n, height, width) or labels (n,).

    Raises:
        ValueError: not uint8, or neither one nor three axes.
    """
    if array.dtype != np.uint8 or array.ndim not in (1, 3):
        raise ValueError(f"IDX set: got {array.dtype} with {array.ndim} axes, expected uint8 with 1 or 3")
    header = bytes((0, 0, _UBYTE, array.ndim)) + np.asarray(array.shape, dtype=">u4").tobytes()
    with atomic(path) as part:
        part.write_bytes(header + array.tobytes())


def load_idx_set(root: Path, name: str) -> tuple[Images, Labels, Images, Labels]:
    """Read a data set's four files through torchvision.

    Args:
        root: the data set's raw folder, such as ``data/raw/mnist``.
        name: the data set; it chooses the reader.

    Returns:
        Train images (n_train, height, width) uint8, train labels (n_train,) int64, and the same of test.

    Raises:
        UserError: a file is missing, cut off or no IDX file, numbers of images and labels disagree, or
            train and test images differ in size.
    """
    folder = raw_folder(root, name)
    processed = folder.with_name("processed")
    if processed.exists():
        # torchvision would read what old versions left there in place of the files that are checked here.
        hint = f"Remove {processed}; the raw files beside it are enough."
        raise UserError(str(processed), got="a cache of an old torchvision", expected="none", hint=hint)
    sizes = {split: _check_split(folder, split) for split in IMAGES}
    if sizes["train"] != sizes["test"]:
        raise UserError(
            str(folder),
            got=f"train images of {sizes['train']} and test images of {sizes['test']} pixels",
            expected="one size",
            hint=_HINT,
        )
    reader = READERS.get(name, IdxSet)
    train, test = (reader(root, train=is_train, download=False) for is_train in (True, False))
    return train.data.numpy(), train.targets.numpy(), test.data.numpy(), test.targets.numpy()


def _check_split(folder: Path, split: str) -> tuple[int, int]:
    """Check a split's two files against each other; gives the (height, width) of its images."""
    images, labels = folder / IMAGES[split], folder / LABELS[split]
    n_images, height, width = _checked_shape(images, axes=3)
    (n_labels,) = _checked_shape(labels, axes=1)
    if n_images != n_labels:
        raise UserError(
            str(labels),
            got=f"{n_labels} labels",
            expected=f"{n_images}, one for each image of {images.name}",
            hint=_HINT,
        )
    return height, width


def _checked_shape(path: Path, *, axes: int) -> tuple[int, ...]:
    """The shape that a file's header states, once magic number and file size agree with it."""
    if not path.is_file():
        beside = path.with_name(path.name + ".gz").exists()
        hint = f"Decompress {path.name}.gz." if beside else _HINT
        raise UserError(str(path), got="no such file", expected=f"an IDX file with {axes} axes", hint=hint)
    with path.open("rb") as stream:
        header = stream.read(4 + 4 * axes)
    magic = bytes((0, 0, _UBYTE, axes))
    if header[:4] != magic:
        expected = f"{magic.hex(' ')} (unsigned bytes, {axes} axes)"
        hint = "Decompress it." if header[:2] == b"\x1f\x8b" else _HINT
        raise UserError(str(path), got=f"the first bytes {header[:4].hex(' ')}", expected=expected, hint=hint)
    size = path.stat().st_size
    if len(header) < 4 + 4 * axes:
        raise UserError(str(path), got=f"{size} bytes", expected=f"a header of {4 + 4 * axes} bytes", hint=_HINT)
    shape = tuple(int(length) for length in np.frombuffer(header, dtype=">u4", offset=4))
    due = len(header) + int(np.prod(shape, dtype=object))
    if size != due or 0 in shape:
        what = " × ".join(map(str, shape))
        raise UserError(str(path), got=f"{size} bytes for {what} values", expected=f"{due}, none empty", hint=_HINT)
    return shape
