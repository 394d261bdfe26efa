"""Drawn data sets: balanced classes, and random factor values that are stored with each image.

Some factors are *shared* by all classes, the others are *exclusive* to one class; in the images of the other classes
their value is NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvae.data.builtin.canvas import SIZE, Array
from nvae.data.idx import IMAGES, LABELS, raw_folder, write_idx
from nvae.data.prepare_idx import FACTORS
from nvae.rng import numpy_generator

Factors = Mapping[str, NDArray[np.float64]]
Ranges = Mapping[str, tuple[float, float]]

_CHUNK = 250  # number of images drawn at once, so that their distance fields take only a few MB


@dataclass(frozen=True)
class DrawnClass:
    """One class: its name, its exclusive factors with their ranges, and its renderer.

    Args:
        name: Name of the class.
        exclusive: Exclusive factor → (lowest, highest) value.
        render: Function from factors, (n,) each, to images in [0, 1], (n, 28, 28) float32.
    """

    name: str
    exclusive: Ranges
    render: Callable[[Factors], Array]


@dataclass(frozen=True)
class DrawnSet:
    """Images with their labels and factors.

    Args:
        train_images: Training images, (n_train, 28, 28) uint8.
        train_labels: Training labels, (n_train,) uint8.
        train_factors: Training factors, (n_train, n_factors) float64, NaN where a factor does not apply to the class.
        test_images: Test images, (n_test, 28, 28) uint8.
        test_labels: Test labels, (n_test,) uint8.
        test_factors: Test factors, (n_test, n_factors) float64, with NaN likewise.
        factor_names: One name per column of the factors.
        factor_kinds: ``shared`` or ``exclusive``, one per column.
        class_names: One name per label.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    train_factors: NDArray[np.float64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    test_factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    factor_kinds: tuple[str, ...]
    class_names: tuple[str, ...]


def draw_set(
    stream: str, shared: Ranges, classes: tuple[DrawnClass, ...], *, n_train: int, n_test: int, seed: int
) -> DrawnSet:
    """Draw a training set and a test set from independent random streams.

    Args:
        stream: Name of the data set, which is part of the names of its random streams.
        shared: Shared factor → (lowest, highest) value; values are uniformly distributed in this range.
        classes: Classes in the order of their labels.
        n_train: Number of training images; class sizes differ by one at most.
        n_test: Number of test images.
        seed: Base seed.

    Returns:
        The drawn set, in random order.
    """
    own = [name for one in classes for name in one.exclusive]
    names = (*shared, *own)
    train_images, train_labels, train_factors = _split(stream, "train", shared, classes, names, n_train, seed)
    test_images, test_labels, test_factors = _split(stream, "test", shared, classes, names, n_test, seed)
    return DrawnSet(
        train_images=train_images,
        train_labels=train_labels,
        train_factors=train_factors,
        test_images=test_images,
        test_labels=test_labels,
        test_factors=test_factors,
        factor_names=names,
        factor_kinds=("shared",) * len(shared) + ("exclusive",) * len(own),
        class_names=tuple(one.name for one in classes),
    )


def write_drawn(folder: Path, dataset: str, drawn: DrawnSet) -> None:
    """Write a drawn set in the form of a real set's raw files, and its factors.

    Args:
        folder: Raw folder, to which four IDX files and ``factors.npz`` are written.
        dataset: Name of the data set.
        drawn: The drawn set.
    """
    raw = raw_folder(folder, dataset)
    write_idx(raw / IMAGES["train"], drawn.train_images)
    write_idx(raw / LABELS["train"], drawn.train_labels)
    write_idx(raw / IMAGES["test"], drawn.test_images)
    write_idx(raw / LABELS["test"], drawn.test_labels)
    np.savez(
        folder / FACTORS,
        train_factors=drawn.train_factors,
        test_factors=drawn.test_factors,
        factor_names=np.array(drawn.factor_names),
        factor_kinds=np.array(drawn.factor_kinds),
        class_names=np.array(drawn.class_names),
    )


def render(one: DrawnClass, factors: Factors) -> NDArray[np.uint8]:
    """Draw images of one class with given factors.

    Args:
        one: The class.
        factors: Values of each shared factor and of each exclusive factor of the class, (n,).

    Returns:
        Images, (n, 28, 28) uint8.
    """
    n = len(next(iter(factors.values())))
    images = np.empty((n, SIZE, SIZE), dtype=np.uint8)
    for start in range(0, n, _CHUNK):
        chunk = {name: values[start : start + _CHUNK] for name, values in factors.items()}
        images[start : start + _CHUNK] = np.rint(255 * np.clip(one.render(chunk), 0, 1))
    return images


def _split(
    stream: str,
    part: str,
    shared: Ranges,
    classes: tuple[DrawnClass, ...],
    names: tuple[str, ...],
    n: int,
    seed: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
    """Draw images (n, 28, 28), labels (n,) and factors (n, n_factors) of one split."""
    labels = numpy_generator(seed, stream, part, "labels").permutation(np.arange(n) % len(classes))
    images = np.zeros((n, SIZE, SIZE), dtype=np.uint8)
    factors = np.full((n, len(names)), np.nan)
    for label, one in enumerate(classes):
        rows = np.flatnonzero(labels == label)
        # Each class has its own stream, so that a change to one class does not change the images of the others.
        generator = numpy_generator(seed, stream, part, one.name)
        ranges = {**shared, **one.exclusive}
        values = {name: generator.uniform(low, high, size=len(rows)) for name, (low, high) in ranges.items()}
        for name, column in values.items():
            factors[rows, names.index(name)] = column
        images[rows] = render(one, values)
    return images, labels.astype(np.uint8), factors
