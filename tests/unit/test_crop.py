"""Boxes of faces, cropping and scaling, and boxes given by hand."""

from pathlib import Path

import numpy as np
import pytest

from nvae.data.faces.crop import Box, check_inner_box, cut, read_face_boxes, whole_frame
from nvae.errors import UserError

FRAME = np.random.default_rng(0).integers(0, 256, (192, 168), dtype=np.uint8)


def test_scaling_by_a_quarter_gives_the_mean_of_each_block() -> None:
    small = cut(FRAME, whole_frame((192, 168)), height=48, width=42)
    means = FRAME.reshape(48, 4, 42, 4).mean(axis=(1, 3))
    assert small.dtype == np.uint8
    np.testing.assert_array_equal(small, np.rint(means))


def test_a_crop_without_scaling_is_a_slice() -> None:
    np.testing.assert_array_equal(cut(FRAME, Box(10, 20, 42, 48), height=48, width=42), FRAME[20:68, 10:52])


def test_fine_stripes_do_not_alias() -> None:
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (192, 84))
    small = cut(stripes, Box(0, 0, 160, 192), height=48, width=32)  # from five columns each: means of 102 and 153
    assert small.min() >= 101
    assert small.max() <= 154


def test_fractions_of_pixels_are_weighted() -> None:
    frame = np.zeros((4, 4), dtype=np.uint8)
    frame[:, 1] = 200
    assert cut(frame, Box(0.5, 0, 1, 4), height=1, width=1)[0, 0] == 100


@pytest.mark.parametrize("box", [Box(-1, 0, 10, 10), Box(160, 0, 10, 10), Box(0, 190, 10, 10), Box(0, 0, 0, 10)])
def test_a_box_outside_the_frame_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="leaves a frame of 168×192"):
        cut(FRAME, box, height=5, width=5)


def test_every_fraction_of_a_frame_lies_in_it() -> None:
    for right in np.linspace(0.01, 1, 100):
        inner = whole_frame((192, 168)).inner((0.0, 0.0, float(right), 1.0))
        assert cut(FRAME, inner, height=48, width=42).shape == (48, 42)


def test_the_inner_box_is_relative_to_the_box() -> None:
    assert Box(100, 50, 200, 100).inner((0.1, 0.2, 0.6, 1.0)) == Box(120, 70, 100, 80)


@pytest.mark.parametrize("fractions", [(0.5, 0, 0.5, 1), (0, 0.9, 1, 0.1), (-0.1, 0, 1, 1), (0, 0, 1, 1.01)])
def test_fractions_that_define_no_box_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="inner_box"):
        check_inner_box(fractions)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_boxes_are_read_by_person_in_any_column_order(tmp_path: Path) -> None:
    path = write(tmp_path / "boxes.csv", "left,top,person,height,width\n10,20,yaleB11,192,168\n1.5,2,yaleB12,96,84\n")
    assert read_face_boxes(path) == {"yaleB11": Box(10, 20, 168, 192), "yaleB12": Box(1.5, 2, 84, 96)}


@pytest.mark.parametrize(
    ("rows", "got"),
    [
        ("person,left,top,width\nyaleB11,1,2,3\n", "columns"),
        ("person,left,top,width,height\nyaleB11,1,2,x,4\n", "line 2"),
        ("person,left,top,width,height\nyaleB11,1,2,3\n", "line 2"),
        ("person,left,top,width,height\nyaleB11,nan,2,3,4\n", "line 2"),
        ("person,left,top,width,height\nyaleB11,600,2,168,192\n", "line 2"),
        ("person,left,top,width,height\nyaleB11,1,2,3,4\nyaleB11,1,2,3,4\n", "line 3: got yaleB11 again"),
    ],
)
def test_a_wrong_list_of_boxes_is_refused(tmp_path: Path, rows: str, got: str) -> None:
    with pytest.raises(UserError, match=got):
        read_face_boxes(write(tmp_path / "boxes.csv", rows))


def test_a_missing_list_of_boxes_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"boxes\.csv: got"):
        read_face_boxes(tmp_path / "boxes.csv")
