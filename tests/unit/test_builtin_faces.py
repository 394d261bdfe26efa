"""Drawn faces: the file layout of Extended Yale B, and light from the direction in the file name."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from nvae.data.builtin import faces
from nvae.data.builtin.head import Surface, draw_person
from nvae.data.builtin.shading import light_direction, normals, shade
from nvae.errors import UserError

NAME = re.compile(r"(yaleB\d\d)_P00A([+-]\d{3})E([+-]\d\d)\.pgm")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    faces.draw(folder, persons=3, seed=0)
    return folder / "CroppedYale"


def read_pgm(path: Path) -> np.ndarray:
    content = path.read_bytes()
    header = re.match(rb"P5\n(?:#[^\n]*\n)?(\d+) (\d+)\n255\n", content)
    assert header is not None
    return np.frombuffer(content, dtype=np.uint8, offset=header.end()).reshape(int(header[2]), int(header[1]))


def frontal(number: int) -> np.ndarray:
    return faces.render_person(draw_person(number, seed=0), ((0, 0),))[0].astype(float)


def test_each_persons_folder_is_complete(tree: Path) -> None:
    assert sorted(folder.name for folder in tree.iterdir()) == ["yaleB01", "yaleB02", "yaleB03"]
    for folder in tree.iterdir():
        lit = {path.name for path in folder.glob("*.pgm") if "Ambient" not in path.name}
        bad = {path.name.removesuffix(".bad") for path in folder.glob("*.pgm.bad")}
        lights = {(int(m[2]), int(m[3])) for name in lit | bad if (m := NAME.fullmatch(name)) and m[1] == folder.name}
        assert lights == set(faces.LIGHTS)
        assert len(lit) + len(bad) == 64
        assert not lit & bad
        listed = (folder / f"{folder.name}_P00.info").read_text(encoding="utf-8").split()
        assert sorted(listed) == sorted([*lit, *bad, f"{folder.name}_P00_Ambient.pgm"])
        assert (folder / "WS_FTP.LOG").stat().st_size > 0


def test_two_frames_are_bad(tree: Path) -> None:
    bad = sorted(path.name for path in tree.rglob("*.bad"))
    assert bad == ["yaleB01_P00A+095E+00.pgm.bad", "yaleB02_P00A-050E-40.pgm.bad"]
    assert all(read_pgm(path).max() <= 3 for path in tree.rglob("*.bad"))


def test_frames_have_the_databases_sizes(tree: Path) -> None:
    lit = [path for path in tree.rglob("*.pgm") if "Ambient" not in path.name]
    assert {read_pgm(path).shape for path in lit} == {(192, 168)}
    ambient = [read_pgm(path) for path in sorted(tree.rglob("*_Ambient.pgm"))]
    assert [frame.shape for frame in ambient] == [(192, 168), (480, 640), (192, 168)]
    assert 1 < ambient[1].mean() < 44


def test_the_light_directions_are_those_of_the_database() -> None:
    assert len(set(faces.LIGHTS)) == 64
    assert sum(abs(azimuth) < 100 for azimuth, _ in faces.LIGHTS) == 52
    # The directions are symmetric between left and right.
    assert {(-azimuth, elevation) for azimuth, elevation in faces.LIGHTS} == set(faces.LIGHTS)


def test_the_bytes_depend_on_the_seed_and_not_on_the_number_of_persons(tree: Path, tmp_path: Path) -> None:
    def digest(folder: Path) -> str:
        files = sorted(folder.rglob("*.*"))
        return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()

    faces.draw(tmp_path / "again", persons=2, seed=0)
    faces.draw(tmp_path / "other", persons=1, seed=1)
    again, other = tmp_path / "again" / "CroppedYale", tmp_path / "other" / "CroppedYale"
    assert digest(again / "yaleB01") == digest(tree / "yaleB01")
    assert digest(again / "yaleB02") == digest(tree / "yaleB02")
    assert digest(other / "yaleB01") != digest(tree / "yaleB01")


@pytest.mark.parametrize("persons", [0, 39])
def test_an_impossible_number_of_persons_is_refused(persons: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="1 to 38"):
        faces.draw(tmp_path, persons=persons, seed=0)
    assert not list(tmp_path.iterdir())


def test_there_is_no_person_14() -> None:
    assert len(faces.NUMBERS) == 38
    assert 14 not in faces.NUMBERS
    assert max(faces.NUMBERS) == 39


@pytest.mark.parametrize("number", [1, 2, 3])
def test_light_from_the_subjects_right_brightens_the_images_left(number: int) -> None:
    person = draw_person(number, seed=0)
    right, left, front = faces.render_person(person, ((70, 0), (-70, 0), (0, 0))).astype(float)
    assert right[:, :84].mean() > 3 * right[:, 84:].mean()
    assert left[:, 84:].mean() > 3 * left[:, :84].mean()
    np.testing.assert_allclose(front[:, :84].mean(), front[:, 84:].mean(), rtol=0.1)


def test_light_from_below_brightens_surfaces_that_face_down() -> None:
    person = draw_person(1, seed=0)
    above, below = faces.render_person(person, ((20, 10), (20, -40))).astype(float)
    under_the_nose = slice(118, 130), slice(70, 98)
    above_the_brows = slice(0, 15), slice(60, 108)
    assert below[under_the_nose].mean() / below[above_the_brows].mean() > (
        2 * above[under_the_nose].mean() / above[above_the_brows].mean()
    )


def test_the_length_of_a_walls_shadow_follows_the_angle_of_the_light() -> None:
    spacing, foot = 0.01, 100
    height = np.zeros((40, 240))
    height[:, foot - 4 : foot] = 0.3
    surface = Surface(height=height, albedo=np.ones_like(height), spacing=spacing)
    for azimuth in (30, 60):
        row = shade(surface, normals(surface), light_direction(azimuth, 0))[20]
        ground = row[-1]
        assert ground == pytest.approx(np.cos(np.deg2rad(azimuth)), abs=0.03)
        length = np.count_nonzero(row[foot + 2 :] < 0.5 * ground) * spacing
        # The light is halved 0.015 below the ray; the two samples beside the wall are on its flank and not counted.
        expected = (0.3 - 0.015) * np.tan(np.deg2rad(azimuth)) - 2 * spacing
        assert length == pytest.approx(expected, abs=2 * spacing)  # shadows are computed at every other sample
        assert (row[: foot - 6] > 0.9 * ground).all(), "the side of the light is lit"


def test_most_of_a_head_is_dark_under_a_light_behind_it() -> None:
    behind, front = faces.render_person(draw_person(1, seed=0), ((-130, 20), (0, 0))).astype(float)
    assert behind.mean() < 0.3 * front.mean()
    assert behind.max() > 20


def test_brightness_follows_lamberts_cosine_outside_shadows() -> None:
    """On the forehead, off the midline, the brightness under two frontal lights differs only by the cosines."""
    person = draw_person(1, seed=0)
    plus, minus, front = faces.render_person(person, ((10, 0), (-10, 0), (0, 0))).astype(float)
    patch = slice(4, 12), slice(76, 92)
    # n·l(+10°) + n·l(−10°) = 2 cos 10° n·l(0°), up to the rounding of levels of about 200.
    np.testing.assert_allclose(plus[patch] + minus[patch], 2 * np.cos(np.deg2rad(10)) * front[patch], atol=2)


def test_light_directions_are_unit_vectors_towards_the_light() -> None:
    for azimuth, elevation in faces.LIGHTS:
        assert np.hypot.reduce(light_direction(azimuth, elevation)) == pytest.approx(1)
    np.testing.assert_allclose(light_direction(0, 0), (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(light_direction(0, 90), (0, -1, 0), atol=1e-12)


def test_persons_differ_more_than_rounding() -> None:
    portraits = [frontal(number) for number in (1, 2, 3, 4)]
    gaps = [np.abs(a - b).mean() for i, a in enumerate(portraits) for b in portraits[:i]]
    assert min(gaps) > 8


def test_a_face_detector_finds_the_uncropped_faces(tree: Path) -> None:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    cascade = Cascade(lbp_frontal_face_cascade_filename())
    frame = read_pgm(tree / "yaleB02" / "yaleB02_P00_Ambient.pgm")[::2, ::2]
    found = cascade.detect_multi_scale(frame, scale_factor=1.2, step_ratio=1, min_size=(60, 60), max_size=(200, 200))
    assert len(found) >= 1
    # In the halved frame, the head's midline is between columns 130 and 190, and the eyes between rows 95 and 110.
    box = found[0]
    assert 110 < box["c"] + box["width"] / 2 < 210
    assert 85 < box["r"] + box["height"] / 2 < 160
