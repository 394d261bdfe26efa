"""`nvae prepare`: from raw files to a prepared set, for IDX files and trees of face images."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nvae.cli import main
from nvae.config import FacesData, IdxData
from nvae.data.builtin.faces import render_ambient
from nvae.data.builtin.head import draw_person
from nvae.data.faces.prepare import prepare as prepare_faces
from nvae.data.idx import IMAGES, LABELS, raw_folder, write_idx
from nvae.data.prepare_idx import prepare as prepare_idx
from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError
from nvae.rng import numpy_generator

LIGHTS = [(a, e) for a in (-110, -95, -50, -25, 0, 25, 50, 95, 110) for e in (-20, 0, 20)]  # 21 of 27 are kept


def idx_params(**changes: Any) -> IdxData:
    base = {"validation_images": 8, "split_seed": 0, "train_limit": None, "test_limit": None, "drawn": None}
    return IdxData(kind="idx", **{**base, **changes})


def faces_params(**changes: Any) -> FacesData:
    base = {
        "angle": "azimuth",
        "max_angle_deg": 100.0,
        "inner_box": (0.0, 0.0, 1.0, 1.0),
        "height": 48,
        "width": 42,
        "test_fraction": 0.2,
        "validation_fraction": 0.1,
        "split_seed": 0,
        "persons_limit": None,
        "face_boxes": None,
        "expected": None,
        "drawn": None,
    }
    return FacesData(kind="faces", **{**base, **changes})


def write_set(root: Path, dataset: str = "mine", *, classes: int = 4, factors: bool = False) -> Path:
    """Write 40 training and 20 test images, with the row (plus 100 in the test set) as the grey level."""
    for split, n, mark in (("train", 40, 0), ("test", 20, 100)):
        labels = (np.arange(n) % classes).astype(np.uint8)
        images = np.full((n, 3, 5), mark, np.uint8) + np.arange(n, dtype=np.uint8)[:, None, None]
        write_idx(raw_folder(root, dataset) / IMAGES[split], images)
        write_idx(raw_folder(root, dataset) / LABELS[split], labels)
    if factors:
        columns = {"train": np.arange(40.0), "test": 100 + np.arange(20.0)}
        np.savez(
            root / "factors.npz",
            **{f"{split}_factors": np.stack([values, 0 * values], 1) for split, values in columns.items()},
            factor_names=np.array(["row", "zero"]),
            factor_kinds=np.array(["shared", "shared"]),
            class_names=np.array(["e", "f", "g", "h"]),
        )
    return root


def marks(split: Split) -> list[int]:
    return split.images[:, 0, 0].tolist()


def test_idx_validation_images_are_split_off_the_training_images(tmp_path: Path) -> None:
    prepared = prepare_idx(write_set(tmp_path), "mine", idx_params())
    assert sorted(marks(prepared.train) + marks(prepared.validation)) == list(range(40))
    assert marks(prepared.test) == list(range(100, 120))
    assert np.bincount(prepared.validation.labels).tolist() == [2, 2, 2, 2]
    assert prepared.class_names == ("0", "1", "2", "3")
    assert prepared.image_shape == (3, 5)


def test_idx_names_and_labels_stay_with_their_images(tmp_path: Path) -> None:
    prepared = prepare_idx(write_set(tmp_path, factors=True), "mine", idx_params(train_limit=24, test_limit=8))
    for _, split in prepared.splits():
        rows = [mark % 100 for mark in marks(split)]
        origin = "test" if marks(split)[0] >= 100 else "train"
        assert split.names.tolist() == [f"{origin}/{row:05d}" for row in rows]
        assert split.labels.tolist() == [row % 4 for row in rows]
        assert split.factors is not None
        assert split.factors[:, 0].tolist() == marks(split)
    assert (prepared.class_names, prepared.factor_names) == (("e", "f", "g", "h"), ("row", "zero"))


def test_idx_limits_apply_before_the_validation_split(tmp_path: Path) -> None:
    prepared = prepare_idx(write_set(tmp_path), "mine", idx_params(train_limit=24, test_limit=8))
    assert [len(split) for _, split in prepared.splits()] == [16, 8, 8]
    for _, split in prepared.splits():
        assert len(set(np.bincount(split.labels))) == 1


def test_the_choice_depends_on_the_split_seed(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    one, same, other = (prepare_idx(root, "mine", idx_params(split_seed=seed)) for seed in (0, 0, 1))
    assert marks(one.validation) == marks(same.validation) != marks(other.validation)


def test_idx_class_names_are_read_from_a_list(tmp_path: Path) -> None:
    root = write_set(tmp_path)
    (root / "classes.txt").write_text("cat\ndog \nemu\nfox\n", encoding="utf-8")
    assert prepare_idx(root, "mine", idx_params()).class_names == ("cat", "dog", "emu", "fox")
    (root / "classes.txt").write_text("cat\ndog\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"classes\.txt: got 2 names"):
        prepare_idx(root, "mine", idx_params())


def test_official_class_names(tmp_path: Path) -> None:
    prepared = prepare_idx(
        write_set(tmp_path, "fashion_mnist", classes=10), "fashion_mnist", idx_params(validation_images=10)
    )
    assert prepared.class_names[9] == "Ankle boot"
    assert len(prepared.class_names) == 10


def test_factors_of_another_set_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path, factors=True)
    with np.load(tmp_path / "factors.npz") as archive:
        arrays = dict(archive)
    np.savez(tmp_path / "factors.npz", **{**arrays, "test_factors": np.zeros((3, 2))})
    with pytest.raises(UserError, match="test_factors: got shape"):
        prepare_idx(tmp_path, "mine", idx_params())
    del arrays["class_names"]
    np.savez(tmp_path / "factors.npz", **arrays)
    with pytest.raises(UserError, match="class_names"):
        prepare_idx(tmp_path, "mine", idx_params())


def write_pgm(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P5\n%d %d\n255\n" % image.shape[::-1] + image.astype(np.uint8).tobytes())


def stem(person: int, light: tuple[int, int]) -> str:
    return f"yaleB{person:02d}/yaleB{person:02d}_P00A{light[0]:+04d}E{light[1]:+03d}.pgm"


def write_faces(
    root: Path, *, persons: tuple[int, ...] = (1, 2), frame: Callable[[int], np.ndarray] | None = None
) -> Path:
    """Write a tree of uniform frames whose grey level encodes light and person, with bad and ambient frames."""
    tree = root / "CroppedYale"
    for person in persons:
        for place, light in enumerate(LIGHTS):
            image = np.full((192, 168), 8 * place + person) if frame is None else frame(place)
            write_pgm(tree / stem(person, light), image)
        write_pgm(tree / f"yaleB{person:02d}/yaleB{person:02d}_P00_Ambient.pgm", np.full((192, 168), 255))
        write_pgm(tree / (stem(person, (85, 20)) + ".bad"), np.full((192, 168), 254))
        (tree / f"yaleB{person:02d}/yaleB{person:02d}_P00.info").write_text("list\n", encoding="utf-8")
    return root


def test_faces_keep_images_factors_and_names_together(tmp_path: Path) -> None:
    prepared = prepare_faces(write_faces(tmp_path), "faces", faces_params())
    assert prepared.class_names == ("yaleB01", "yaleB02")
    assert prepared.factor_names == ("azimuth_deg", "elevation_deg")
    assert prepared.image_shape == (48, 42)
    for _, split in prepared.splits():
        assert split.factors is not None
        for image, label, name, factors in zip(split.images, split.labels, split.names, split.factors, strict=True):
            light = (int(factors[0]), int(factors[1]))
            assert name == stem(label + 1, light)
            assert np.all(image == 8 * LIGHTS.index(light) + label + 1)


def test_faces_are_split_within_each_person(tmp_path: Path) -> None:
    prepared = prepare_faces(write_faces(tmp_path), "faces", faces_params())
    kept = {stem(person, light) for person in (1, 2) for light in LIGHTS if abs(light[0]) < 100}
    names = [name for _, split in prepared.splits() for name in split.names.tolist()]
    assert sorted(names) == sorted(kept)  # each once, no bad or ambient frame, none above the angle
    # Of 21 images, a fifth is rounded to 4 and a tenth to 2.
    assert [np.bincount(split.labels).tolist() for _, split in prepared.splits()] == [[15, 15], [2, 2], [4, 4]]


def test_faces_split_depends_on_the_seed_and_not_on_other_persons(tmp_path: Path) -> None:
    root = write_faces(tmp_path)
    both = prepare_faces(root, "faces", faces_params())
    first = prepare_faces(root, "faces", faces_params(persons_limit=1))
    other = prepare_faces(root, "faces", faces_params(persons_limit=1, split_seed=1))
    assert first.class_names == ("yaleB01",)
    assert first.test.names.tolist() == [name for name in both.test.names.tolist() if name.startswith("yaleB01")]
    assert first.test.names.tolist() != other.test.names.tolist()


def test_the_inner_box_is_cut_out_of_cropped_frames(tmp_path: Path) -> None:
    picture = np.zeros((192, 168))
    picture[48:144, 42:126] = 200
    root = write_faces(tmp_path, persons=(1,), frame=lambda place: picture)
    prepared = prepare_faces(root, "faces", faces_params(inner_box=(0.25, 0.25, 0.75, 0.75)))
    assert np.all(prepared.train.images == 200)


@pytest.mark.parametrize(
    ("counts", "named"),
    [((53, 42, 2), "expected.usable: got 54"), ((54, 40, 2), "expected.kept: got 42"), ((54, 42, 3), "persons: got 2")],
)
def test_unexpected_counts_are_an_error(tmp_path: Path, counts: tuple[int, ...], named: str) -> None:
    root = write_faces(tmp_path)
    right = {"usable": 54, "kept": 42, "persons": 2}
    prepare_faces(root, "faces", faces_params(expected=right, persons_limit=1))
    with pytest.raises(UserError, match=named):
        prepare_faces(root, "faces", faces_params(expected=dict(zip(right, counts, strict=True))))


def test_too_few_images_and_frames_of_unknown_size_are_an_error(tmp_path: Path) -> None:
    root = write_faces(tmp_path, persons=(7,))
    with pytest.raises(UserError, match="yaleB07: got 17 train, 0 validation"):
        prepare_faces(root, "faces", faces_params(validation_fraction=0.02))
    write_pgm(root / "CroppedYale" / stem(7, (0, 0)), np.zeros((100, 100)))
    with pytest.raises(UserError, match=r"yaleB07_P00A\+000E\+00\.pgm: got 100×100 pixels"):
        prepare_faces(root, "faces", faces_params())


def uncropped_root(tmp_path: Path, frame: np.ndarray) -> Path:
    """Write a tree of one person, with the same uncropped frame under every light."""
    return write_faces(tmp_path, persons=(3,), frame=lambda place: frame)


def test_uncropped_frames_are_cropped_to_the_detected_face(tmp_path: Path) -> None:
    place = numpy_generator(0, "place")
    person = draw_person(3, seed=0)
    # Four times as bright as an ambient frame, as under a flash.
    uncropped = np.clip(4.0 * render_ambient(person, cropped=False, generator=place), 0, 255).round()
    cropped = render_ambient(person, cropped=True, generator=place).reshape(48, 4, 42, 4).mean(axis=(1, 3))
    prepared = prepare_faces(uncropped_root(tmp_path, uncropped), "faces", faces_params())
    image = prepared.train.images[0]
    whole = uncropped[:, :630].reshape(48, 10, 42, 15).mean(axis=(1, 3))
    agreement = np.corrcoef(image.ravel(), cropped.ravel())[0, 1]
    assert agreement > np.corrcoef(whole.ravel(), cropped.ravel())[0, 1] + 0.1


def test_the_error_for_an_undetected_face_has_person_and_remedy(tmp_path: Path) -> None:
    root = uncropped_root(tmp_path, np.zeros((480, 640)))
    with pytest.raises(UserError, match=r"the face of yaleB03: got none found.*face_boxes"):
        prepare_faces(root, "faces", faces_params())


def test_a_box_given_by_hand_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = np.zeros((480, 640))
    frame[100:292, 200:368] = 150
    Path("boxes.csv").write_text("person,left,top,width,height\nyaleB03,200,100,168,192\n", encoding="utf-8")
    prepared = prepare_faces(uncropped_root(tmp_path, frame), "faces", faces_params(face_boxes="boxes.csv"))
    assert np.all(prepared.train.images == 150)


PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_the_command_writes_the_set_and_its_provenance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = write_faces(tmp_path / "raw"), tmp_path / "out" / "faces.npz"
    given = ["prepare", "faces", "--params", str(PARAMS), "--profile", "smoke", "--raw", str(root), "--out", str(out)]
    assert main(given) == 0
    assert PreparedSet.load(out).class_names == ("yaleB01", "yaleB02")
    sidecar = json.loads((tmp_path / "out" / "faces.npz.meta.json").read_text(encoding="utf-8"))
    assert sidecar["made_from"]["verb"] == "prepare"
    assert sidecar["made_from"]["params"]["persons_limit"] == 3  # from the smoke profile
    assert set(sidecar["made_from"]["inputs"]) == {"raw"}
    assert "of 2 classes" in capsys.readouterr().out


def test_the_command_refuses_unsuitable_data_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", "nope", "--params", str(PARAMS)]) == 2
    assert "nope" in capsys.readouterr().err
    assert main(["prepare", "mnist", "--params", str(PARAMS), "--check-detector"]) == 2
    assert "of kind idx" in capsys.readouterr().err
    assert (
        main(["prepare", "faces", "--params", str(PARAMS), "--raw", str(tmp_path), "--out", str(tmp_path / "x")]) == 2
    )
    assert list(tmp_path.iterdir()) == []
