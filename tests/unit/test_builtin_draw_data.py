"""``nvae draw-data``: the files that it writes, atomicity, and refused input."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from nvae.cli import main
from nvae.data.builtin import BUILTIN, glyphs
from nvae.data.idx import load_idx_set
from nvae.provenance import sha256

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def params(tmp_path: Path) -> Path:
    """Write the project's parameters with small drawn sets, and return the file."""
    content = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    for name in ("glyphs", "garments"):
        content["data"][name]["drawn"] = {"train_images": 30, "test_images": 20, "seed": 5}
    content["data"]["faces"]["drawn"] = {"persons": 2, "seed": 5}
    content["profiles"] = {"paper": {}}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def draw(dataset: str, out: Path, params: Path) -> int:
    return main(["draw-data", dataset, "--params", str(params), "--out", str(out)])


@pytest.mark.parametrize("dataset", ["glyphs", "garments"])
def test_an_idx_set_is_written_with_its_factors(dataset: str, tmp_path: Path, params: Path) -> None:
    out = tmp_path / "raw" / dataset
    assert draw(dataset, out, params) == 0
    train_images, _, test_images, test_labels = load_idx_set(out, dataset)
    assert len(train_images) == 30
    assert len(test_images) == len(test_labels) == 20
    with np.load(out / "factors.npz", allow_pickle=False) as factors:
        assert factors["train_factors"].shape == (30, len(factors["factor_names"]))
        assert factors["test_factors"].shape == (20, len(factors["factor_names"]))
        assert factors["factor_kinds"].shape == factors["factor_names"].shape
        assert factors["class_names"].shape == (10,)
        assert factors["factor_names"].dtype.kind == "U"
    assert f"{dataset}.meta.json" in {path.name for path in out.parent.iterdir()}
    assert not list(out.parent.glob(".*")), "no temporary file is left"


def test_the_files_have_the_images_that_the_library_draws(tmp_path: Path, params: Path) -> None:
    draw("glyphs", tmp_path / "glyphs", params)
    drawn = glyphs.draw(30, 20, seed=5)
    train_images, train_labels, *_ = load_idx_set(tmp_path / "glyphs", "glyphs")
    np.testing.assert_array_equal(train_images, drawn.train_images)
    np.testing.assert_array_equal(train_labels, drawn.train_labels)
    with np.load(tmp_path / "glyphs" / "factors.npz") as factors:
        np.testing.assert_array_equal(factors["train_factors"], drawn.train_factors)


def test_faces_are_written(tmp_path: Path, params: Path) -> None:
    assert draw("faces", tmp_path / "faces", params) == 0
    assert sorted(path.name for path in (tmp_path / "faces" / "CroppedYale").iterdir()) == ["yaleB01", "yaleB02"]


def test_the_sidecar_has_parameters_and_hash(tmp_path: Path, params: Path) -> None:
    draw("glyphs", tmp_path / "glyphs", params)
    made_from = json.loads((tmp_path / "glyphs.meta.json").read_text(encoding="utf-8"))["made_from"]
    assert made_from["verb"] == "draw-data"
    assert made_from["params"] == {"drawn": {"train_images": 30, "test_images": 20, "seed": 5}}
    assert made_from["sha256"] == sha256(tmp_path / "glyphs")


def test_drawing_again_replaces_the_folder_with_the_same_bytes(tmp_path: Path, params: Path) -> None:
    out = tmp_path / "glyphs"
    draw("glyphs", out, params)
    before = sha256(out)
    (out / "IdxSet" / "raw" / "train-images-idx3-ubyte").write_bytes(b"damaged")
    (out / "IdxSet" / "stale").touch()
    assert draw("glyphs", out, params) == 0
    assert sha256(out) == before


def test_a_failure_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, params: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "raw" / "glyphs"
    draw("glyphs", out, params)
    before, beside = sha256(out), sorted(out.parent.iterdir())

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", fail)
    assert draw("glyphs", out, params) == 2
    assert "got no space left, expected" in capsys.readouterr().err
    assert sha256(out) == before
    assert sorted(out.parent.iterdir()) == beside


@pytest.mark.parametrize(
    ("dataset", "reason"), [("mnist", "Run `nvae fetch mnist`"), ("nothing", "got 'nothing', expected one of")]
)
def test_a_set_that_is_not_built_in_is_refused(
    dataset: str, reason: str, tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(dataset, tmp_path / "out", params) == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_never_replaced(
    tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "out" / "thesis.tex"
    precious.parent.mkdir()
    precious.write_text("years of work", encoding="utf-8")
    assert draw("glyphs", precious.parent, params) == 2
    assert "contains thesis.tex" in capsys.readouterr().err
    assert precious.read_text(encoding="utf-8") == "years of work"


def test_every_drawn_set_in_the_parameters_has_a_module() -> None:
    content = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    drawn = {section.get("family", name) for name, section in content["data"].items() if section.get("drawn")}
    assert drawn == set(BUILTIN)


def test_a_wrong_kind_of_a_built_in_set_is_refused(
    tmp_path: Path, params: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(params.read_text(encoding="utf-8"))
    content["data"]["glyphs"] = content["data"]["faces"]
    params.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert draw("glyphs", tmp_path / "glyphs", params) == 2
    assert "data.glyphs.kind: got faces, expected idx" in capsys.readouterr().err
    assert not (tmp_path / "glyphs").exists()
