"""File names of Extended Yale B, and the selection of images."""

import numpy as np
import pytest

from nvae.data.builtin.faces import LIGHTS
from nvae.data.faces.yale_b import LitImage, ambient_images, keep_lit, parse_lit, persons_of, usable_images
from nvae.errors import UserError


def name(azimuth: int, elevation: int, person: int = 1, pose: int = 0) -> str:
    return f"yaleB{person:02d}/yaleB{person:02d}_P{pose:02d}A{azimuth:+04d}E{elevation:+03d}.pgm"


def test_person_pose_and_light_are_parsed_from_a_name() -> None:
    assert parse_lit("yaleB39/yaleB39_P07A-035E+65.pgm") == LitImage(
        "yaleB39/yaleB39_P07A-035E+65.pgm", "yaleB39", 7, -35.0, 65.0
    )


@pytest.mark.parametrize(
    "other", [name(0, 0) + ".bad", "yaleB01/yaleB01_P00_Ambient.pgm", "yaleB01/yaleB01_P00.info", "yaleB01/WS_FTP.LOG"]
)
def test_unusable_images_and_other_files_are_left_out(other: str) -> None:
    assert [image.name for image in usable_images([other, name(5, 10)])] == [name(5, 10)]


def test_only_the_frontal_pose_is_kept_and_images_are_sorted_by_name() -> None:
    images = usable_images([name(5, 10, person=2), name(0, 0, pose=3), name(5, 10)])
    assert [image.person for image in images] == ["yaleB01", "yaleB02"]
    assert persons_of(images) == ["yaleB01", "yaleB02"]


@pytest.mark.parametrize("odd", ["yaleB01/yaleB01_P00A+035E.pgm", "yaleB01/copy of face.pgm", "yaleB01/a_Ambient.pgm"])
def test_an_image_without_a_light_in_its_name_is_an_error(odd: str) -> None:
    with pytest.raises(UserError, match="without the direction of the light"):
        usable_images([name(0, 0), odd])


def test_ambient_frames_are_found_by_person() -> None:
    names = ["yaleB01/yaleB01_P00_Ambient.pgm", "yaleB02/yaleB02_P01_Ambient.pgm", name(0, 0)]
    assert ambient_images(names) == {"yaleB01": names[0]}


def test_the_true_angle_is_the_angle_between_light_and_camera_axis() -> None:
    for azimuth, elevation in LIGHTS:
        a, e = np.radians([azimuth, elevation])
        light = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        camera = np.array([0.0, 0.0, 1.0])
        expected = np.degrees(np.arctan2(np.linalg.norm(np.cross(light, camera)), light @ camera))
        image = parse_lit(name(azimuth, elevation))
        assert image is not None
        # acos loses half of the digits at 0°, where its slope is infinite.
        assert image.angle_deg == pytest.approx(expected, abs=1e-5)


def test_the_64_directions_of_the_database_give_its_known_counts() -> None:
    images = usable_images(name(*light) for light in LIGHTS)
    assert len(images) == 64
    # Known counts: 52 directions by azimuth, and (2,038 − 1,962) / 38 = 2 more by the true angle.
    assert len(keep_lit(images, max_angle_deg=100, angle="azimuth")) == 52
    assert len(keep_lit(images, max_angle_deg=100, angle="true")) == 54


def test_the_bound_is_exclusive_and_two_sided() -> None:
    images = usable_images(name(azimuth, 0) for azimuth in (-95, -85, 0, 85, 95))
    kept = keep_lit(images, max_angle_deg=95, angle="azimuth")
    assert sorted(image.azimuth_deg for image in kept) == [-85, 0, 85]
