"""Marks of handwriting, measured on images of digits: the crossbar of a seven, the loop in the foot of a two.

The paper shows images in which one latent dimension switches such a mark; these measures replace visual inspection.
Both are continuous, in pixels, and use grey levels as fractions of a pixel, because the strokes of a decoder are soft.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage
from skimage.morphology import reconstruction

Images = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]
_Ink = npt.NDArray[np.float64]

# Levels are relative to the brightest pixel of an image.
_BODY = 0.2  # level from which connected pixels form a component; the heaviest is the digit, the rest are specks
_ROW = 0.5  # level that a pixel of a row must reach for the row to count in the digit's height
_REACH = 4  # rows above and below a crossbar to compare it with; it may be 7 rows thick, and strokes have 2 to 5 rows
_BAND = (0.35, 0.75)  # position of a crossbar as a share of the digit's height, between the top bar and the foot

# Neighbours within an image of a stack (n, height, width), never between images. Background pixels are connected
# through edges, ink also through corners, because otherwise a diagonal line of pixels would not close a loop.
_BACKGROUND_NEIGHBOURS = np.pad(ndimage.generate_binary_structure(2, 1)[None], ((1, 1), (0, 0), (0, 0)))
_INK_NEIGHBOURS = np.pad(ndimage.generate_binary_structure(2, 2)[None], ((1, 1), (0, 0), (0, 0)))


@dataclass(frozen=True)
class Feature:
    """Measure of a mark, and the threshold above which the mark is present.

    Args:
        measure: Function from images (n, height, width) uint8, white on black, to values (n,) in pixels, at least 0.
        threshold: Value in pixels; the mark is present at and above it.
    """

    measure: Callable[[Images], Values]
    threshold: float

    def present(self, values: Values) -> npt.NDArray[np.bool_]:
        """Return whether the mark is present, for measured ``values`` of any shape."""
        return values >= self.threshold


def crossbar(images: Images) -> Values:
    """Measure how far a bar extends beyond a seven's stem, both sides together.

    The ink of each row is a length in pixels. A crossbar is a row with more ink than the rows within a short distance
    both above *and* below it. Slant shifts rows without changing their ink, a curved stem changes the ink slowly, and a
    serif that hangs from the top bar has as much ink above it, so none of them counts.

    Args:
        images: Images (n, height, width) uint8, white on black.

    Returns:
        Lengths (n,) in pixels; 0 for a blank image.

    Source: not in the paper; the largest prominence of the profile of row sums.
    """
    ink = _digit(images)
    rows = ink.sum(axis=2)
    height = rows.shape[1]
    windows = sliding_window_view(np.pad(rows, ((0, 0), (_REACH, _REACH))), _REACH, axis=1).min(axis=2)
    above, below = windows[:, :height], windows[:, _REACH + 1 :]
    top, bottom = _extent(ink)
    place = (np.arange(height) - top[:, None]) / np.maximum(bottom - top, 1)[:, None]
    inside = (place >= _BAND[0]) & (place <= _BAND[1])
    prominence: Values = np.where(inside, rows - np.maximum(above, below), 0).max(axis=1, initial=0)
    return prominence


def loop(images: Images) -> Values:
    """Measure the dark area that the ink encloses in the lower half of a digit: the hole of a two's loop.

    Holes are filled up to the lowest point of the ink around them; the amount added by the filling is the enclosed
    area. It equals the hole's area averaged over all thresholds at which the image could be binarised, so a small loop
    of soft strokes counts in part. If there are several holes, the largest in the lower half counts.

    Args:
        images: Images (n, height, width) uint8, white on black.

    Returns:
        Areas (n,) in pixels; 0 if nothing is enclosed.

    Source: not in the paper; Vincent 1993 (holes filled by greyscale reconstruction).
    """
    ink = _digit(images)
    enclosed = _filled(ink) - ink
    holes, n_holes = ndimage.label(enclosed > 0, _BACKGROUND_NEIGHBOURS)
    size = _sums(holes, n_holes, enclosed)
    row = np.broadcast_to(np.arange(ink.shape[1])[:, None], ink.shape)
    middle = np.divide(_sums(holes, n_holes, enclosed * row), size, out=np.zeros_like(size), where=size > 0)
    top, bottom = _extent(ink)
    low = middle[holes] >= ((top + bottom) / 2)[:, None, None]
    largest: Values = np.where(low, size[holes], 0).max(axis=(1, 2))
    return largest


def _digit(images: Images) -> _Ink:
    """Return the ink (n, height, width) of each image's heaviest connected component, 1 at the brightest pixel."""
    peak = images.max(axis=(1, 2), keepdims=True)
    ink = np.divide(images, peak, out=np.zeros(images.shape), where=peak > 0)
    pieces, n_pieces = ndimage.label(ink >= _BODY, _INK_NEIGHBOURS)
    weight = _sums(pieces, n_pieces, ink)[pieces]
    return np.where((pieces > 0) & (weight == weight.max(axis=(1, 2), keepdims=True)), ink, 0)


def _sums(labels: npt.NDArray[Any], n_labels: int, values: _Ink) -> Values:
    """Return the sums (n_labels + 1,) of ``values`` over each label's pixels; 0 for label 0, the unlabelled pixels."""
    sums: Values = np.bincount(labels.ravel(), weights=values.ravel(), minlength=n_labels + 1).astype(np.float64)
    sums[0] = 0
    return sums


def _extent(ink: _Ink) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first and the last row (n,) of each digit, or those of the image if it is blank."""
    rows = ink.max(axis=2) >= _ROW
    return rows.argmax(axis=1), rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)


def _filled(ink: _Ink) -> _Ink:
    """Fill the holes of ``ink`` up to the lowest point of their rim."""
    # The fill level rises from the dark frame, one pixel wide, over every saddle; unreachable pixels are enclosed.
    framed = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    water = np.zeros_like(framed)
    water[:, 1:-1, 1:-1] = 1
    filled: _Ink = reconstruction(water, framed, method="erosion", footprint=_BACKGROUND_NEIGHBOURS)  # type: ignore[no-untyped-call]
    return filled[:, 1:-1, 1:-1]


#: Marks by name. The thresholds were fixed on real images, before any mark was measured on a decoded image.
#:
#: ``crossbar``: 3 px, a third of the glyphs' longest bar. Of 472 MNIST training sevens labelled by hand, 60 with a bar,
#: it misclassifies 1; of 313 validation sevens labelled after it was fixed, 43 with a bar, it misclassifies 3: a bar at
#: the foot and a tilted thin bar are missed, and the top bar of a squat seven is taken for a crossbar. ``loop``: half a
#: pixel. Below it, MNIST's training twos often have only kinks between strokes; above it, nearly all have a loop, as do
#: all glyphs with the full loop, even with the thickest pen. Of 85 validation twos labelled by hand, 48 with a loop, it
#: misclassifies none. Images that could not be labelled by eye are left out: 8 of 480, 7 of 320 and 15 of 100.
FEATURES = {
    "crossbar": Feature(crossbar, threshold=3.0),
    "loop": Feature(loop, threshold=0.5),
}
