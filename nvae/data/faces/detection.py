"""Finding the one face of an uncropped frame, and framing it as the cropped database does.

The detector is the LBP cascade that scikit-image ships. A local binary pattern compares grey levels, so a gain
alone changes nothing; what helps on dark frames is averaging first, which turns the few grey levels of a dark face
into many, and clipping, which keeps a bright window from outweighing the face beside it. No single
combination finds every face, and each finds a few things that are none. So many are tried, and the place
where most of them agree is the face.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from skimage.data import lbp_frontal_face_cascade_filename
from skimage.feature import Cascade

from nvae.data.faces.crop import CROPPED, Box

SHRINKS = (2, 3, 4)  # side of the block of pixels that is averaged to one
BLURS = (0, 1)  # standard deviation in shrunken pixels; 0: none
WHITES = (16, 64, 255)  # grey level that becomes white; what is brighter is clipped
SETTINGS = tuple(itertools.product(SHRINKS, BLURS, WHITES))

# Sides of a face box as fractions of the frame's height: a head and shoulders fills half of a frame.
SMALLEST, LARGEST = 0.30, 0.55

# As many detections must agree. A bright frame is seen by the six settings with white at 255 alone (it saturates the
# others), and one of them may miss. On the real database's 28 dark ambient frames 27 faces got 12 or more, the one that
# is all black got 1. Other places got up to 15, but always less than the face of the same frame.
MIN_VOTES = 5

# The cropped database's frame relative to a detected square: shift of the centre and width, in sides of the square.
# Medians over 16 ambient frames of the place and scale at which the person's cropped images match best; standard
# deviations 0.02, 0.03 and 0.04.
SHIFT_RIGHT, SHIFT_DOWN, WIDTH = -0.01, 0.07, 0.69


@dataclass(frozen=True)
class Detection:
    """A face.

    Args:
        square: what the cascade marks, from the forehead to the chin.
        votes: number of detections that agree on it.
    """

    square: Box
    votes: int

    @property
    def crop(self) -> Box:
        """The box that the cropped database would show: narrower, lower, 168 wide to 192 high."""
        side = self.square.width
        width, height = WIDTH * side, WIDTH * side * CROPPED[0] / CROPPED[1]
        return Box(
            left=self.square.left + (0.5 + SHIFT_RIGHT) * side - width / 2,
            top=self.square.top + (0.5 + SHIFT_DOWN) * side - height / 2,
            width=width,
            height=height,
        )


def find_face(frame: npt.NDArray[np.uint8]) -> Detection | None:
    """Find the face of a frame that shows one, upright and frontal.

    Args:
        frame: (height, width) uint8, head and shoulders.

    Returns:
        The place that most settings agree on; None if fewer than ``MIN_VOTES`` do.
    """
    squares = np.array([square for setting in SETTINGS for square in _squares(frame, *setting)], dtype=np.float64)
    if not len(squares):
        return None
    agreeing = _overlaps(squares) > 0.5
    votes = agreeing.sum(axis=1)
    winner = int(np.argmax(votes))
    if votes[winner] < MIN_VOTES:
        return None
    left, top, side = np.median(squares[agreeing[winner]], axis=0).tolist()
    return Detection(Box(left, top, side, side), int(votes[winner]))


def find_face_in_any(frames: Iterable[npt.NDArray[np.uint8]]) -> Detection | None:
    """The face of the first of ``frames`` (one person's, one pose, best lit first) in which it is found."""
    return next((found for frame in frames if (found := find_face(frame))), None)


def _squares(frame: npt.NDArray[np.uint8], shrink: int, blur: int, white: int) -> list[tuple[float, float, float]]:
    """What one setting finds: left, top, side, in pixels of the frame."""
    small = _block_means(frame, shrink)
    if blur:
        small = gaussian_filter(small, sigma=blur, mode="nearest")
    smallest, largest = (round(part * frame.shape[0] / shrink) for part in (SMALLEST, LARGEST))
    found = _cascade().detect_multi_scale(
        np.minimum(small / white, 1.0),
        scale_factor=1.1,
        step_ratio=1,
        min_size=(smallest, smallest),
        max_size=(largest, largest),
        min_neighbor_number=1,
    )
    return [(box["c"] * shrink, box["r"] * shrink, box["width"] * shrink) for box in found]


def _block_means(frame: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.float64]:
    """The mean of each block of ``side`` × ``side`` pixels; an incomplete block at the edge is left out."""
    rows, columns = (length // side for length in frame.shape)
    whole = frame[: rows * side, : columns * side].astype(np.float64)
    means: npt.NDArray[np.float64] = whole.reshape(rows, side, columns, side).mean(axis=(1, 3))
    return means


@cache
def _cascade() -> Cascade:
    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def _overlaps(squares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Intersection over union of each two of (n, 3) squares: (n, n)."""
    left, top, side = squares.T[:, :, None]
    width = np.minimum(left + side, (left + side).T) - np.maximum(left, left.T)
    height = np.minimum(top + side, (top + side).T) - np.maximum(top, top.T)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    overlaps: npt.NDArray[np.float64] = common / (side**2 + side.T**2 - common)
    return overlaps
