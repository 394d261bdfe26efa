"""Detection of the one face in an uncropped frame, and its crop as in the cropped database.

The detector is the cascade of local binary patterns (LBP) that is included in scikit-image. A local binary pattern
compares grey levels, so that a gain alone has no effect. Two steps help on dark frames: averaging first, which turns
the few grey levels of a dark face into many, and clipping, which reduces the influence of a bright window beside the
face. No single combination of settings finds every face, and each has a few false detections. Therefore many
combinations are tried, and the place on which most of them agree is taken as the face.
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

SHRINKS = (2, 3, 4)  # side of the block of pixels that is averaged to one pixel
BLURS = (0, 1)  # standard deviation of the blur in shrunken pixels; 0: no blur
WHITES = (16, 64, 255)  # grey level that becomes white; brighter levels are clipped
SETTINGS = tuple(itertools.product(SHRINKS, BLURS, WHITES))

# Side of a face box as a fraction of the frame's height: head and shoulders fill half of a frame.
SMALLEST, LARGEST = 0.30, 0.55

# Minimal number of detections that agree. In a bright frame, only the six settings with white at 255 can find the face
# (the others saturate), and one of them may miss it. In the real database's 28 dark ambient frames, 27 faces got 12 or
# more votes, and the face that is all black got 1. Other places got up to 15, but always less than the frame's face.
MIN_VOTES = 5

# The cropped database's frame relative to a detected square: shift of the centre and width, in units of the square's
# side. These are medians over 16 ambient frames of the place and scale at which the person's cropped images match best;
# the standard deviations are 0.02, 0.03 and 0.04.
SHIFT_RIGHT, SHIFT_DOWN, WIDTH = -0.01, 0.07, 0.69


@dataclass(frozen=True)
class Detection:
    """A detected face.

    Args:
        square: Area that the cascade marks, from the forehead to the chin.
        votes: Number of detections that agree on the square.
    """

    square: Box
    votes: int

    @property
    def crop(self) -> Box:
        """The box that the cropped database would show: narrower and lower, with the aspect ratio 168:192."""
        side = self.square.width
        width, height = WIDTH * side, WIDTH * side * CROPPED[0] / CROPPED[1]
        return Box(
            left=self.square.left + (0.5 + SHIFT_RIGHT) * side - width / 2,
            top=self.square.top + (0.5 + SHIFT_DOWN) * side - height / 2,
            width=width,
            height=height,
        )


def find_face(frame: npt.NDArray[np.uint8]) -> Detection | None:
    """Find the face in a frame that shows one upright, frontal face.

    Args:
        frame: Grey levels of head and shoulders, (height, width) uint8.

    Returns:
        The place on which most detections agree; None if fewer than ``MIN_VOTES`` agree.
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
    """Return the face in the first of ``frames`` (one person, one pose, best lit first) in which it is found."""
    return next((found for frame in frames if (found := find_face(frame))), None)


def _squares(frame: npt.NDArray[np.uint8], shrink: int, blur: int, white: int) -> list[tuple[float, float, float]]:
    """Run the cascade with one setting and return its detections as (left, top, side), in pixels of the frame."""
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
    """Compute the mean of each block of ``side`` × ``side`` pixels; incomplete blocks at the edges are dropped."""
    rows, columns = (length // side for length in frame.shape)
    whole = frame[: rows * side, : columns * side].astype(np.float64)
    means: npt.NDArray[np.float64] = whole.reshape(rows, side, columns, side).mean(axis=(1, 3))
    return means


@cache
def _cascade() -> Cascade:
    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def _overlaps(squares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Compute the intersection over union of each pair of (n, 3) squares: (n, n)."""
    left, top, side = squares.T[:, :, None]
    width = np.minimum(left + side, (left + side).T) - np.maximum(left, left.T)
    height = np.minimum(top + side, (top + side).T) - np.maximum(top, top.T)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    overlaps: npt.NDArray[np.float64] = common / (side**2 + side.T**2 - common)
    return overlaps
