"""The face detector: on drawn heads, on a photograph, and on the real database if it is available."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from nvae.data.archives import ImageTree, open_image_tree
from nvae.data.builtin.faces import draw, render_ambient
from nvae.data.builtin.head import draw_person
from nvae.data.faces.crop import CROPPED, UNCROPPED, Box, cut, whole_frame
from nvae.data.faces.detection import Detection, find_face, find_face_in_any
from nvae.data.faces.detector_report import detector_report
from nvae.data.faces.yale_b import keep_lit, persons_of, usable_images
from nvae.rng import numpy_generator

Grey = np.ndarray


def agreement(frame: Grey, box: Box, cropped: Grey) -> float:
    """Compute the correlation of a crop of ``frame`` with a cropped frame, both at 48×42."""
    one = cut(frame, box, height=48, width=42)
    other = cut(cropped, whole_frame(CROPPED), height=48, width=42)
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.fixture(scope="module", params=[1, 2])
def drawn(request: pytest.FixtureRequest) -> tuple[Grey, Grey]:
    """Render a dark uncropped frame of a drawn head, and a cropped frame of the same person."""
    person = draw_person(request.param, seed=0)
    place = numpy_generator(request.param, "place")
    return render_ambient(person, cropped=False, generator=place), render_ambient(person, cropped=True, generator=place)


def test_a_drawn_face_is_found_and_framed_like_a_cropped_one(drawn: tuple[Grey, Grey]) -> None:
    frame, cropped = drawn
    found = find_face(frame)
    assert found is not None
    box = found.crop
    assert box.height / box.width == pytest.approx(192 / 168)

    def shifted(across: float, down: float) -> float:
        moved = Box(box.left + across * box.width, box.top + down * box.height, box.width, box.height)
        return agreement(frame, moved, cropped)

    # The offsets were measured on real heads; drawn heads have their eyes a tenth lower.
    right = max(shifted(0, down) for down in (0, 0.05, 0.1))
    assert right > 0.7
    assert right > agreement(frame, found.square, cropped) + 0.2
    for across, down in ((0.33, 0), (-0.33, 0), (0, 0.4), (0, -0.33)):
        assert right > shifted(across, down) + 0.2


def test_a_shift_of_the_frame_shifts_the_detection(drawn: tuple[Grey, Grey]) -> None:
    frame, _ = drawn
    here, there = find_face(frame), find_face(np.roll(frame, 60, axis=1))
    assert here is not None
    assert there is not None
    # Six pixels are twice the cascade's step at the largest shrinkage.
    assert there.square.left - here.square.left == pytest.approx(60, abs=6)
    assert there.square.top == pytest.approx(here.square.top, abs=6)


@pytest.fixture(scope="module")
def photograph() -> Grey:
    """Return a photograph of head and shoulders at full brightness."""
    grey = Image.fromarray(astronaut()).convert("L").crop((64, 0, 384, 240))
    return np.asarray(grey.resize((640, 480)))


@pytest.mark.parametrize("gain", [1.0, 0.3, 0.05])
def test_a_photographed_face_is_found_at_any_brightness(photograph: Grey, gain: float) -> None:
    found = find_face((photograph * gain).astype(np.uint8))
    assert found is not None
    square = found.square
    # The tip of the nose was measured by hand on the photograph; a face is 150 to 250 pixels wide.
    assert square.left < 325 < square.left + square.width
    assert square.top < 240 < square.top + square.height
    assert 150 < square.width < 250


@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_nothing_is_found_where_there_is_no_face(kind: str) -> None:
    noise = numpy_generator(0, "noise").integers(0, 256, UNCROPPED).astype(np.uint8)
    assert find_face({"black": 0 * noise, "white": 0 * noise + 255, "noise": noise}[kind]) is None


def test_the_first_frame_with_a_detection_is_used(drawn: tuple[Grey, Grey]) -> None:
    frame, _ = drawn
    black = np.zeros(UNCROPPED, dtype=np.uint8)
    assert find_face_in_any([black, frame]) == find_face(frame)
    assert find_face_in_any([black]) is None
    assert find_face_in_any([]) is None


def test_the_crop_lies_within_the_square() -> None:
    # The crop therefore lies in the frame, since the cascade finds squares within the frame.
    found = Detection(Box(0, 0, 200, 200), votes=18)
    assert found.crop.lies_in((200, 200))
    assert found.crop.inner((0, 0, 1, 1)) == found.crop


def test_the_report_has_a_row_for_each_uncropped_ambient_frame(tmp_path: Path) -> None:
    draw(tmp_path, persons=2, seed=0)
    with open_image_tree(tmp_path) as tree:
        report = detector_report(tree)
    assert report["person"].tolist() == ["yaleB02"]  # the drawn persons with even numbers are uncropped
    row = report.iloc[0]
    assert row["found"]
    assert row["right"]
    assert row["score"] > row["elsewhere"] + 0.1


@pytest.fixture(scope="module")
def real_tree() -> ImageTree:
    """Open the real database from a mirror."""
    for mirror in os.environ.get("NVAE_DATA_MIRROR", "").split(","):
        if mirror and "://" not in mirror and Path(mirror, "yale_b", "CroppedYale.zip").is_file():
            return open_image_tree(Path(mirror, "yale_b"))
    pytest.skip("needs the real database: set NVAE_DATA_MIRROR to a folder that has yale_b/CroppedYale.zip")


def test_the_real_database_has_its_known_counts(real_tree: ImageTree) -> None:
    usable = usable_images(real_tree.names())
    assert len(usable) == 2414
    assert len(persons_of(usable)) == 38
    assert len(keep_lit(usable, max_angle_deg=100, angle="azimuth")) == 1962
    assert len(keep_lit(usable, max_angle_deg=100, angle="true")) == 2038


@pytest.mark.slow
def test_real_faces_are_found_in_the_dark(real_tree: ImageTree) -> None:
    report = detector_report(real_tree).set_index("person")
    assert len(report) == 28
    assert not report.loc["yaleB15", "found"]  # the face in this frame is black in every pixel
    assert report["found"].sum() == 27
    assert (report["found"] & report["right"]).sum() >= 24
