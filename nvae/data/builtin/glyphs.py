"""Glyphs: ten digits as pen strokes, the built-in stand-in for MNIST.

All classes share the thickness of the stroke and the slant. Each digit also has exclusive factors, for example the
seven's crossbar, the two's loop, the one's serif and the four's open top.

Source: not in the paper; the set tests the detection of class-exclusive factors, which are known by construction.
"""

from collections.abc import Callable

import numpy as np

from nvae.data.builtin.canvas import SIZE, Array, ellipse, mix, points, spline, stroke
from nvae.data.builtin.drawn import DrawnClass, DrawnSet, Factors, Ranges, draw_set

KIND = "idx"
"""The kind of data set under ``data`` in params.yaml."""

SHARED: Ranges = {
    "thickness": (1.6, 4.0),  # pixels
    "slant": (-0.1, 0.35),  # pixels to the right per pixel upwards
}
"""Shared factors and their ranges."""

_HALF_HEIGHT = 9.0  # in pixels; the centre of a digit is the origin of the coordinates below


def _pen(strokes: Callable[[Factors], list[Array]]) -> Callable[[Factors], Array]:
    """Convert a digit's strokes around the origin to a renderer, which slants, centres and inks them."""

    def ink(factors: Factors) -> Array:
        slant = factors["slant"].astype(np.float32)[:, None]
        images = np.zeros((len(slant), SIZE, SIZE), dtype=np.float32)
        for line in strokes(factors):
            x = line[..., 0] - slant * line[..., 1] + SIZE / 2
            y = np.broadcast_to(line[..., 1] + SIZE / 2, x.shape)
            np.maximum(images, stroke(np.stack([x, y], axis=-1), factors["thickness"]), out=images)
        return images

    return ink


def _zero(factors: Factors) -> list[Array]:
    return [ellipse(0, 0, factors["zero_width"], _HALF_HEIGHT)]


def _one(factors: Factors) -> list[Array]:
    serif, base = factors["one_serif"], factors["one_base"]
    return [
        points((0, -9), (0, 9)),
        points((0, -9), (-serif, -9 + 0.9 * serif)),
        points((-base, 9), (base, 9)),
    ]


def _two(factors: Factors) -> list[Array]:
    top = points((-5, -5.2), (-2.8, -8.4), (1.6, -8.8), (4.8, -5.6), (3.2, -0.6))
    plain = points((-1.2, 4.2), (-5, 8.4), (-5, 8.4), (-5, 8.4), (-1.5, 8.4), (2, 8.4), (5.4, 8.4))
    looped = points((0.4, 4.6), (-3.0, 8.6), (-6.0, 7.4), (-5.4, 4.0), (-1.4, 4.6), (2.4, 8.2), (5.6, 8.0))
    foot = mix(plain, looped, factors["two_loop"])
    return [spline(np.concatenate([np.broadcast_to(top, (len(foot), *top.shape[1:])), foot], axis=1), steps=4)]


def _three(factors: Factors) -> list[Array]:
    rounded = points((-4.6, -6.2), (-1.8, -8.8), (2.4, -8.6), (4.2, -5.4), (2.4, -1.8), (-1.2, -0.8))
    flat = points((-5, -8.8), (-1.2, -8.8), (4.4, -8.8), (2.8, -6.4), (0.6, -3.6), (-1.4, -0.9))
    belly = points((-1.2, -0.8), (2.8, -0.2), (4.9, 3.8), (3.0, 7.8), (-0.8, 9), (-4.9, 6.9))
    return [spline(mix(rounded, flat, factors["three_flat_top"])), spline(belly)]


def _four(factors: Factors) -> list[Array]:
    gap = factors["four_open_top"]
    return [points((2.6 - gap, -9), (-5.4, 3), (5.6, 3)), points((2.6, -9), (2.6, 9))]


def _five(factors: Factors) -> list[Array]:
    short = points((-3.9, -1.2), (0, -2.7), (3.8, -1.4), (5, 2.6), (4.2, 5.8), (2.2, 7.8), (0.4, 8.6))
    curled = points((-3.9, -1.2), (0, -2.7), (3.8, -1.4), (5, 2.6), (3.4, 7.4), (-1.2, 9), (-5.4, 6.0))
    flag = points((-3.4 + factors["five_flag"], -8.8), (-3.4, -8.8), (-3.9, -1.2))
    return [flag, spline(mix(short, curled, factors["five_curl"]))]


def _six(factors: Factors) -> list[Array]:
    half = factors["six_bowl"]
    shoulder = 9 - half
    straight = points((3.4, -9), (0.6, -5.8), (-2.2, -2.0), (-4.7, shoulder))
    hooked = points((5.0, -6.4), (1.6, -9), (-3.0, -6.2), (-4.7, shoulder))
    return [spline(mix(straight, hooked, factors["six_hook"])), ellipse(0, shoulder, 4.7, half)]


def _seven(factors: Factors) -> list[Array]:
    half = factors["seven_crossbar"] / 2
    return [points((-5.2, -8.6), (5.2, -8.6), (-1.6, 9)), points((1.8 - half, 0.2), (1.8 + half, 0.2))]


def _eight(factors: Factors) -> list[Array]:
    upper = factors["eight_head"]
    lower = _HALF_HEIGHT - upper
    return [
        ellipse(0, upper - _HALF_HEIGHT, 1.0 + 0.75 * upper, upper),
        ellipse(0, _HALF_HEIGHT - lower, 1.0 + 0.75 * lower, lower),
    ]


def _nine(factors: Factors) -> list[Array]:
    straight = points((4.2, -4.6), (4.0, -1.2), (3.7, 2.2), (3.4, 5.6), (3.1, 9))
    hooked = points((4.2, -4.6), (4.5, 1.4), (3.4, 6.8), (-0.6, 9), (-4.6, 6.6))
    return [ellipse(-0.2, -4.6, 4.4, 4.4), spline(mix(straight, hooked, factors["nine_hook"]))]


CLASSES = (
    DrawnClass("zero", {"zero_width": (2.8, 7.0)}, _pen(_zero)),
    DrawnClass("one", {"one_serif": (0.0, 5.0), "one_base": (0.0, 4.8)}, _pen(_one)),
    DrawnClass("two", {"two_loop": (0.0, 1.0)}, _pen(_two)),
    DrawnClass("three", {"three_flat_top": (0.0, 1.0)}, _pen(_three)),
    DrawnClass("four", {"four_open_top": (0.0, 7.2)}, _pen(_four)),
    DrawnClass("five", {"five_flag": (2.5, 8.6), "five_curl": (0.0, 1.0)}, _pen(_five)),
    DrawnClass("six", {"six_hook": (0.0, 1.0), "six_bowl": (3.2, 5.5)}, _pen(_six)),
    DrawnClass("seven", {"seven_crossbar": (0.0, 9.0)}, _pen(_seven)),
    DrawnClass("eight", {"eight_head": (3.0, 5.4)}, _pen(_eight)),
    DrawnClass("nine", {"nine_hook": (0.0, 1.0)}, _pen(_nine)),
)
"""The digits in the order of their labels. Lengths are in pixels; the others range from 0 (absent) to 1 (full)."""


def draw(n_train: int, n_test: int, *, seed: int) -> DrawnSet:
    """Draw the glyphs.

    Args:
        n_train: Number of training images.
        n_test: Number of test images.
        seed: Base seed; the same seed gives the same images.

    Returns:
        28 × 28 images, white on black, in ten balanced classes, with their factors.
    """
    return draw_set("glyphs", SHARED, CLASSES, n_train=n_train, n_test=n_test, seed=seed)
