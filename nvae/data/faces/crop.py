"""Boxes around faces, and the cropping and scaling of frames to the size of the models' input."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nvae.errors import UserError

CROPPED = (192, 168)
"""Height and width of a frame of the cropped database, in pixels."""

UNCROPPED = (480, 640)
"""Height and width of an original camera frame, in pixels."""

_COLUMNS = ("person", "left", "top", "width", "height")


@dataclass(frozen=True)
class Box:
    """An upright rectangle in a frame, in possibly fractional pixels from the frame's left and top edges."""

    left: float
    top: float
    width: float
    height: float

    def inner(self, fractions: Sequence[float]) -> "Box":
        """Return the part of this box between ``fractions`` = (left, top, right, bottom).

        >>> Box(0, 0, 168, 192).inner((0.25, 0.0, 0.75, 0.5))
        Box(left=42.0, top=0.0, width=84.0, height=96.0)
        """
        left, top, right, bottom = fractions
        return Box(
            left=self.left + left * self.width,
            top=self.top + top * self.height,
            width=(right - left) * self.width,
            height=(bottom - top) * self.height,
        )

    def lies_in(self, shape: tuple[int, int]) -> bool:
        """Return whether the box has a positive area and lies within a frame of ``shape`` (height, width)."""
        height, width = shape
        sized = self.width > 0 and self.height > 0 and self.left >= 0 and self.top >= 0
        # Tolerate a millionth of a pixel, for rounding errors of the fractions' products.
        return sized and self.left + self.width <= width + 1e-6 and self.top + self.height <= height + 1e-6


def whole_frame(shape: tuple[int, int]) -> Box:
    """Return the box of a whole frame of ``shape`` (height, width)."""
    height, width = shape
    return Box(0.0, 0.0, float(width), float(height))


def cut(frame: npt.NDArray[np.uint8], box: Box, *, height: int, width: int) -> npt.NDArray[np.uint8]:
    """Crop a frame to ``box`` and scale the crop.

    Each new pixel is the mean grey level of the area that it covers, which avoids aliasing; scaling 168×192 to 42×48
    gives exactly the mean of each 4×4 block.

    Args:
        frame: Grey levels of the frame, (frame_height, frame_width) uint8.
        box: Area to crop to.
        height: Height of the result in pixels.
        width: Width of the result in pixels.

    Returns:
        The scaled crop, (height, width) uint8.

    Raises:
        ValueError: If the box extends beyond the frame.
    """
    frame_height, frame_width = frame.shape
    if not box.lies_in((frame_height, frame_width)):
        raise ValueError(f"{box} leaves a frame of {frame_width}×{frame_height}")
    rows = _area_weights(box.top, box.height, height, frame_height)
    columns = _area_weights(box.left, box.width, width, frame_width)
    return np.rint(rows @ frame @ columns.T).astype(np.uint8)


def _area_weights(start: float, length: float, parts: int, pixels: int) -> npt.NDArray[np.float64]:
    """Compute each pixel's weight in each of ``parts`` equal parts of an interval: (parts, pixels), rows sum to 1."""
    edges = start + length / parts * np.arange(parts + 1)
    pixel = np.arange(pixels)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights = np.maximum(covered, 0)
    normalised: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def check_inner_box(fractions: Sequence[float]) -> None:
    """Check that fractions define a box.

    Raises:
        UserError: If they violate 0 ≤ left < right ≤ 1 or 0 ≤ top < bottom ≤ 1.
    """
    left, top, right, bottom = fractions
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UserError(
            "inner_box",
            got=list(fractions),
            expected="left, top, right, bottom as fractions with 0 ≤ left < right ≤ 1 and 0 ≤ top < bottom ≤ 1",
            hint="Edit params.yaml.",
        )


def read_face_boxes(path: Path) -> dict[str, Box]:
    """Read boxes for uncropped frames, one per person.

    Args:
        path: CSV file with the columns person, left, top, width and height, in pixels of the 640×480 frame. A box is
            the area that the cropped database would show: from the brows to the chin, with the aspect ratio 168:192.

    Returns:
        Person → box.

    Raises:
        UserError: If the file is missing or has other columns, if a value is not a number, if a box extends beyond the
            frame, or if a person occurs twice.
    """
    hint = "Correct the file, whose path is `face_boxes` in params.yaml."
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
            columns = tuple(reader.fieldnames or ())
    except (OSError, ValueError, csv.Error) as error:  # ValueError: not UTF-8, or a NUL in the path
        raise UserError(path.as_posix(), got=f"{error}", expected="a CSV of face boxes", hint=hint) from error
    if set(columns) != set(_COLUMNS):
        raise UserError(path.as_posix(), got=f"columns {columns}", expected=f"{_COLUMNS}", hint=hint)
    boxes: dict[str, Box] = {}
    for line, row in enumerate(rows, start=2):
        what = f"{path.as_posix()}, line {line}"
        try:
            sides = [float(row[column]) for column in _COLUMNS[1:]]
        except (TypeError, ValueError):
            raise UserError(what, got=list(row.values()), expected="four numbers after the name", hint=hint) from None
        box = Box(*sides)
        if not all(map(math.isfinite, sides)) or not box.lies_in(UNCROPPED):
            raise UserError(what, got=box, expected="a box within the 640×480 frame", hint=hint)
        if row["person"] in boxes:
            raise UserError(what, got=f"{row['person']} again", expected="one box per person", hint=hint)
        boxes[row["person"]] = box
    return boxes
