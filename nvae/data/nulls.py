"""Nulls: data sets made from another one, in which no factor is exclusive to a class by construction.

A mark in additional rows of pixels shows the class of each image, so that a model can read it. Whatever information a
model then has in the blocks of the classes is a false finding. Without the mark the encoder could not tell the class,
would not use the blocks, and every reading would pass.

- **Marked**: the labels are shuffled within each split. The images vary as before, but in the same way in all classes.
- **Clone**: every class has all images of the same class of the data set.

Source: not in the paper.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nvae.config import MarkedData, NullData
from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError
from nvae.rng import numpy_generator

#: Height of a band of marks in pixels. Convolutional backbones need a height and a width divisible by 4.
BAND = 4
_WIDEST = 4  # width of a mark in pixels
_WHITE = 255


def make(data: PreparedSet, name: str, params: NullData) -> PreparedSet:
    """Return a null of a data set.

    Args:
        data: Data set.
        name: Name of the null.
        params: The null's section of the configuration.

    Raises:
        UserError: As `clone`.
    """
    if isinstance(params, MarkedData):
        return marked(data, name, seed=params.seed)
    return clone(data, name, label=params.label)


def marked(data: PreparedSet, name: str, *, seed: int) -> PreparedSet:
    """Return a set with the same images, whose labels are shuffled and marked.

    Args:
        data: Data set.
        name: Name of the null.
        seed: Seed of the shuffle.

    Returns:
        A set with as many images per class and split, with the marks of `with_marks` and without factors.
    """

    def shuffled(split: Split, part: str) -> Split:
        labels = numpy_generator(seed, "null", "marked", part).permutation(split.labels)
        return with_marks(Split(split.images, labels, split.names), n_classes=data.n_classes)

    return _null(data, name, data.class_names, shuffled)


def clone(data: PreparedSet, name: str, *, label: int | None = None) -> PreparedSet:
    """Return a set in which each class has all images of the same class of the data set.

    Args:
        data: Data set.
        name: Name of the null.
        label: Class whose images are taken; None takes the one of `most_varied`.

    Returns:
        A set with one copy of every image per class, with the marks of `with_marks` and without factors.

    Raises:
        UserError: If there is no such class, or if it has no image in a split.
    """
    chosen = most_varied(data) if label is None else label
    if not 0 <= chosen < data.n_classes:
        raise UserError(
            f"data.{name}.label",
            got=chosen,
            expected=f"0 to {data.n_classes - 1}, a class of {data.name}",
            hint="Choose another class, or null for the one that varies most.",
        )

    def copied(split: Split, part: str) -> Split:
        rows = np.flatnonzero(split.labels == chosen)
        if not len(rows):
            raise UserError(
                f"data.{name}.label",
                got=f"class {chosen}, without images in {part}",
                expected=f"a class with images in every split of {data.name}",
                hint="Choose another class.",
            )
        one = split.take(np.tile(rows, data.n_classes))
        labels = np.repeat(np.arange(data.n_classes), len(rows))
        return with_marks(Split(one.images, labels, one.names), n_classes=data.n_classes)

    names = tuple(f"{data.class_names[chosen]} ({number})" for number in range(1, data.n_classes + 1))
    return _null(data, name, names, copied)


def most_varied(data: PreparedSet) -> int:
    """Return the class whose training images have the largest variance, summed over pixels."""
    classes = [data.train.images[data.train.labels == label] for label in range(data.n_classes)]
    return int(np.argmax([images.var(axis=0, dtype=np.float64).sum() if len(images) else 0 for images in classes]))


def with_marks(split: Split, *, n_classes: int) -> Split:
    """Add a white mark to each image, whose position shows the class.

    Args:
        split: Images of any size, with labels less than ``n_classes``.
        n_classes: Number of classes.

    Returns:
        The images with bands of ``BAND`` rows below them, as many as the marks of all classes need; without factors.
    """
    n, height, width = split.images.shape
    side = min(_WIDEST, max(1, width // n_classes))
    per_band = width // side
    bands = -(-n_classes // per_band)
    images: npt.NDArray[np.uint8] = np.zeros((n, height + BAND * bands, width), dtype=np.uint8)
    images[:, :height] = split.images
    for label in range(n_classes):
        band, place = divmod(label, per_band)
        top, left = height + BAND * band, side * place
        images[split.labels == label, top : top + BAND, left : left + side] = _WHITE
    return Split(images, split.labels, split.names)


def _null(
    data: PreparedSet, name: str, class_names: tuple[str, ...], change: Callable[[Split, str], Split]
) -> PreparedSet:
    return PreparedSet(name, class_names, (), **{part: change(split, part) for part, split in data.splits()})
