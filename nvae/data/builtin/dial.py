"""Dial: images in which the share of class-exclusive variation is a setting, from 0 to 1.

Each image shows its class as the direction of a central bar, and six spots around the bar, each of which is moved by
one factor along its own line. A spot is *shared* if its place and direction are the same in every class, and
*exclusive* if they are specific to one class. All spots look alike and move equally far, so that every factor causes
the same amount of variation, and the number of exclusive factors out of six is the share of exclusive variation.

Source: not in the paper; its idea, that KL detects which kind of factor a data set has, on a graded scale.
"""

import math

import numpy as np

from nvae.data.builtin.canvas import SIZE, Array, points, stroke
from nvae.data.builtin.drawn import DrawnClass, DrawnSet, Factors, draw_set
from nvae.errors import UserError
from nvae.rng import numpy_generator

KIND = "idx"
"""The kind of data set under ``data`` in params.yaml."""

N_FACTORS = 6
"""Number of spots in an image, each moved by one factor."""

N_CLASSES = 10
"""Number of classes, which are the directions of the central bar."""

_CELL = 7  # side of a cell in pixels; the spots' places are the centres of the outer cells of a 4 × 4 grid
_BAR = (6.0, 2.0)  # half length and width in pixels
_SPOT = 3.2  # diameter in pixels
_MAX_REACH = 2.0  # in pixels, so that a spot stays in its cell
_RANGE = (-1.0, 1.0)  # range of every factor: a spot's displacement in units of ``reach``

_PLACES = tuple(
    (_CELL * (column + 0.5), _CELL * (row + 0.5))
    for row in range(4)
    for column in range(4)
    if not (row in (1, 2) and column in (1, 2))
)

_Spot = tuple[float, float, float]  # x, y, direction of its motion in radians


def draw(n_train: int, n_test: int, *, seed: int, exclusive_factors: int, reach: float) -> DrawnSet:
    """Draw a dial set.

    Args:
        n_train: Number of training images.
        n_test: Number of test images.
        seed: Base seed; the same seed gives the same images.
        exclusive_factors: Number of class-exclusive factors out of six, 0 to 6.
        reach: Maximal displacement of a spot in pixels, above 0 and at most 2.

    Returns:
        28 × 28 images, white on black, in ten balanced classes, with their factors.

    Raises:
        UserError: If ``exclusive_factors`` or ``reach`` is out of range.
    """
    hint = "Edit `drawn` of the data set in params.yaml."
    if not 0 <= exclusive_factors <= N_FACTORS:
        raise UserError("drawn.exclusive_factors", got=exclusive_factors, expected=f"0 to {N_FACTORS}", hint=hint)
    if not 0 < reach <= _MAX_REACH:
        raise UserError("drawn.reach", got=reach, expected=f"above 0, at most {_MAX_REACH:g}", hint=hint)
    n_shared = N_FACTORS - exclusive_factors
    shared, own = _spots(n_shared)
    names = [f"shared_{index}" for index in range(n_shared)]
    classes = []
    for label in range(N_CLASSES):
        exclusive = [f"class{label}_{index}" for index in range(exclusive_factors)]
        moved = dict(zip([*names, *exclusive], [*shared, *own[label]], strict=False))
        classes.append(DrawnClass(f"bar{label}", dict.fromkeys(exclusive, _RANGE), _Dial(label, moved, reach)))
    ranges = dict.fromkeys(names, _RANGE)
    return draw_set("dial", ranges, tuple(classes), n_train=n_train, n_test=n_test, seed=seed)


class _Dial:
    """Renderer of one class: its bar, and the spots that the factors move."""

    def __init__(self, label: int, spots: dict[str, _Spot], reach: float) -> None:
        angle, (half, width) = math.pi * label / N_CLASSES, _BAR
        dx, dy = half * math.cos(angle), half * math.sin(angle)
        middle = SIZE / 2
        self._bar = stroke(points((middle - dx, middle - dy), (middle + dx, middle + dy)), width)
        self._spots = spots
        self._reach = reach

    def __call__(self, factors: Factors) -> Array:
        n = len(next(iter(factors.values())))
        images = np.repeat(self._bar, n, axis=0)
        for name, (x, y, direction) in self._spots.items():
            way = self._reach * factors[name]
            centre = np.stack([x + way * math.cos(direction), y + way * math.sin(direction)], axis=-1)
            spot = np.repeat(centre[:, None, :], 2, axis=1).astype(np.float32)
            np.maximum(images, stroke(spot, _SPOT), out=images)
        return images


def _spots(n_shared: int) -> tuple[list[_Spot], list[list[_Spot]]]:
    """Choose the shared spots, and six spots per class at distinct places without a shared spot.

    The shared spots are the first ones of a fixed sequence, so that a set with one more of them also has all others.
    """
    generator = numpy_generator(0, "dial", "places")
    order = generator.permutation(len(_PLACES))
    directions = generator.uniform(0, math.pi, N_FACTORS)
    shared = [(*_PLACES[place], float(way)) for place, way in zip(order[:n_shared], directions, strict=False)]
    own = []
    for label in range(N_CLASSES):
        generator = numpy_generator(0, "dial", "places", label)
        places = generator.permutation(order[n_shared:])[:N_FACTORS]
        own.append([(*_PLACES[place], float(generator.uniform(0, math.pi))) for place in places])
    return shared, own
