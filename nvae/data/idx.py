"""IDX, the file format of MNIST: this module writes and checks it, and reads it through torchvision's data sets.

A set consists of four plain (decompressed) files under ``{root}/{reader}/raw/``, where the reader is a torchvision
class: ``MNIST``, ``FashionMNIST``, or ``IdxSet`` for the built-in sets and for a user's own sets.

Reference: the description of the format on the MNIST home page (LeCun, Cortes and Burges).
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from torchvision.datasets import MNIST, FashionMNIST

from nvae.errors import UserError
from nvae.provenance import atomic

IMAGES = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
LABELS = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
"""Split → file name under ``raw/``."""

_UBYTE = 0x08  # the format's code for unsigned bytes, in the third byte of a file
_HINT = "Fetch or draw the data set again, or put its four decompressed IDX files there."

Labels = npt.NDArray[np.int64]
Images = npt.NDArray[np.uint8]


class IdxSet(MNIST):  # type: ignore[misc]  # torchvision has no type stubs
    """Images and labels of any data set in MNIST's four files; torchvision derives their folder from this class's name.

    Such a set has no official address, so it is never downloaded.
    """

    mirrors: tuple[str, ...] = ()


READERS: dict[str, type[MNIST]] = {"mnist": MNIST, "fashion_mnist": FashionMNIST}
"""Data set → torchvision class; every other data set uses :class:`IdxSet`."""


def raw_folder(root: Path, name: str) -> Path:
    """Return the folder of the four files of data set ``name``.

    >>> raw_folder(Path("data/raw/mnist"), "mnist").as_posix()
    'data/raw/mnist/MNIST/raw'
    """
    return root / READERS.get(name, IdxSet).__name__ / "raw"


def write_idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    """Write an IDX file: two zero bytes, the type, the number of axes, the sizes as big-endian 32-bit, the values.

    Args:
        path: File to write; the write is atomic.
        array: Images (n, height, width) or labels (n,), uint8.

    Raises:
        ValueError: If the array is not uint8, or has neither one nor three axes.
    """
    if array.dtype != np.uint8 or array.ndim not in (1, 3):
        raise ValueError(f"IDX set: got {array.dtype} with {array.ndim} axes, expected uint8 with 1 or 3")
    header = bytes((0, 0, _UBYTE, array.ndim)) + np.asarray(array.shape, dtype=">u4").tobytes()
    with atomic(path) as part:
        part.write_bytes(header + array.tobytes())


def load_idx_set(root: Path, name: str) -> tuple[Images, Labels, Images, Labels]:
    """Read a data set's four files through torchvision.

    Args:
        root: Raw folder of the data set, such as ``data/raw/mnist``.
        name: Name of the data set, which selects the reader.

    Returns:
        Training images (n_train, height, width) uint8, training labels (n_train,) int64, test images and test labels.

    Raises:
        UserError: If a file is missing, truncated or not an IDX file, if the numbers of images and labels differ, or if
            training and test images differ in size.
    """
    folder = raw_folder(root, name)
    processed = folder.with_name("processed")
    if processed.exists():
        # torchvision would read this cache of an old version instead of the files that are checked here.
        hint = "Move it elsewhere: the raw files beside it are enough."
        raise UserError(str(processed), got="a cache of an old torchvision", expected="none", hint=hint)
    sizes = {split: _check_split(folder, split) for split in IMAGES}
    if sizes["train"] != sizes["test"]:
        raise UserError(
            str(folder),
            got=f"train images of {sizes['train']} and test images of {sizes['test']} pixels",
            expected="equal sizes",
            hint=_HINT,
        )
    reader = READERS.get(name, IdxSet)
    train, test = (reader(root, train=is_train, download=False) for is_train in (True, False))
    return train.data.numpy(), train.targets.numpy(), test.data.numpy(), test.targets.numpy()


def _check_split(folder: Path, split: str) -> tuple[int, int]:
    """Check a split's two files against each other, and return the (height, width) of its images."""
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
    """Return the shape in a file's header after checking the magic number and the file size."""
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
    n_bytes = len(header) + int(np.prod(shape, dtype=object))
    if size != n_bytes or 0 in shape:
        got = f"{size} bytes for {' × '.join(map(str, shape))} values"
        raise UserError(str(path), got=got, expected=f"{n_bytes} and no empty axis", hint=_HINT)
    return shape
