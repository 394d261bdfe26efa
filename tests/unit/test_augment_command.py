"""``nvae augmentation`` and related commands: arms that are kept or trained again, and refused input."""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from nvae.analyses.augmentation import train_arms
from nvae.cli import main
from nvae.data.prepared import PreparedSet

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture
def project(small_set: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a small data set named glyphs, a trained CVAE and a trained classifier."""
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    content["profiles"]["smoke"]["fidelity"]["neighbours"] = 2
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    dataclasses.replace(small_set, name="glyphs").save(Path("data/prepared/smoke/glyphs.npz"))
    for variant in ("classifier", "cvae"):
        assert main(["train", "glyphs", "--variant", variant, "--profile", "smoke"]) == 0
    return tmp_path


def edit(change: dict[str, Any]) -> None:
    """Change sections of the smoke profile."""
    content = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for section, keys in change.items():
        content["profiles"]["smoke"].setdefault(section, {}).update(keys)
    Path("params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def augment(*more: str) -> int:
    return main(["augmentation", "glyphs", "--variant", "cvae", "--profile", "smoke", *more])


TABLE = Path("results/smoke/runs/augmentation/glyphs/cvae/seed0.csv")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the arms that are trained during a test."""
    names: list[str] = []

    def monitored(*args: Any, **kwargs: Any) -> list[dict[str, float]]:
        names.extend(arm.name for arm in args[2])
        return train_arms(*args, **kwargs)

    monkeypatch.setattr("nvae.analyses.augmentation.train_arms", monitored)
    return names


def test_a_second_run_trains_nothing_and_a_new_sigma_only_its_arms(project: Path, trained: list[str]) -> None:
    assert augment() == 0
    first = TABLE.read_bytes()
    assert len(trained) == len(set(trained)) == 4
    trained.clear()
    TABLE.unlink()
    assert augment() == 0
    assert trained == []
    assert TABLE.read_bytes() == first
    edit({"augmentation": {"sigmas": [1.0, 2.0, 3.0]}})
    assert augment() == 0
    assert trained == ["sigma2.0-share0.5", "sigma2.0-share1.0"]
    table = pd.read_csv(TABLE)
    assert list(table) == ["dataset", "model", "seed", "sigma", "generated_share", "split", "error_pct"]
    assert len(table) == 3 * 2 * 2
    kept = table[table["sigma"] != 2.0].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, pd.read_csv(io.BytesIO(first)))
    assert table["error_pct"].between(0, 100).all()


def test_a_run_that_is_killed_within_an_arm_resumes_there(
    project: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert augment("--arms", "whole", "--out", "whole.csv") == 0
    trained.clear()
    calls: list[str] = []

    def stop(self: object, note: str) -> None:
        calls.append(note)
        if len(calls) == 3:  # the first of two epochs of the second arm
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nvae.training.progress.Progress.advance", stop)
        with pytest.raises(KeyboardInterrupt):
            augment()
    (checkpoint,) = Path("results/smoke/checkpoints").rglob("*.safetensors")
    assert checkpoint.name.startswith(trained[1])
    assert not TABLE.exists()
    trained.clear()
    assert augment() == 0
    assert len(trained) == 3
    assert TABLE.read_bytes() == Path("whole.csv").read_bytes()
    assert not list(Path("results/smoke/checkpoints").rglob("*.safetensors"))


@pytest.mark.parametrize(
    "change",
    [
        {"variants": {"classifier": {"training": {"epochs": 3}}}},
        {"models": {"classifier": {"defaults": {"label_smoothing": 0.2}}}},
    ],
)
def test_another_classifier_retrains_every_arm(change: dict[str, Any], project: Path, trained: list[str]) -> None:
    assert augment() == 0
    trained.clear()
    edit(change)
    assert augment() == 0
    assert len(trained) == 4


def test_another_generator_or_other_code_retrains_every_arm(
    project: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert augment() == 0
    trained.clear()
    other = ["train", "glyphs", "--variant", "cvae", "--profile", "smoke", "--seed", "1", "--out", "other"]
    assert main(other) == 0
    assert augment("--model", "other") == 0
    assert len(trained) == 4
    trained.clear()
    monkeypatch.setattr("nvae.provenance.plan.fingerprint", lambda *modules: {"nvae/rng.py": "other"})
    assert augment("--model", "other") == 0
    assert len(trained) == 4


def test_an_arm_with_a_damaged_record_is_trained_again(project: Path, trained: list[str]) -> None:
    assert augment() == 0
    trained.clear()
    record = Path("results/smoke/arms/glyphs/cvae/seed0/sigma1.0-share0.5.json")
    whole = record.read_bytes()
    record.write_bytes(whole[:40])
    assert augment() == 0
    assert trained == ["sigma1.0-share0.5"]
    assert record.read_bytes() == whole
    assert json.loads(whole)["depends_on"]["sigma"] == 1.0


def test_arms_that_are_trained_together_are_kept_and_resumed(
    project: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit({"execution": {"arms_at_once": 3}})
    assert augment("--arms", "whole", "--out", "whole.csv") == 0
    trained.clear()

    def stop(self: object, note: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nvae.training.progress.Progress.advance", stop)
        with pytest.raises(KeyboardInterrupt):
            augment()
    (checkpoint,) = Path("results/smoke/checkpoints").rglob("*.safetensors")
    assert checkpoint.name.startswith(trained[0])
    assert augment() == 0
    assert TABLE.read_bytes() == Path("whole.csv").read_bytes()
    assert not list(Path("results/smoke/checkpoints").rglob("*.safetensors"))
    trained.clear()
    assert augment() == 0
    assert trained == []


def test_restart_retrains_every_arm(project: Path, trained: list[str]) -> None:
    assert augment() == 0
    assert augment("--restart") == 0
    assert len(trained) == 8


def test_a_classifier_is_refused_as_generator(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["augmentation", "glyphs", "--variant", "classifier", "--profile", "smoke"]) == 2
    assert "got Classifier, expected a model that generates images" in capsys.readouterr().err


def test_fidelity_and_gans_need_a_classifier_of_the_same_images(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fidelity", "glyphs", "--variant", "cvae", "--profile", "smoke"]) == 0
    table = pd.read_csv("results/smoke/runs/fidelity/glyphs/cvae/seed0.csv")
    assert set(table["sigma"]) == {1.0, 3.0}
    common = ["glyphs", "--profile", "smoke"]
    cvae = "results/smoke/models/glyphs/cvae/seed0"
    assert main(["fidelity", *common, "--variant", "cvae", "--classifier", cvae]) == 2
    assert "classifier: got CVae, expected a classifier" in capsys.readouterr().err
    assert main(["train", *common, "--variant", "cgan", "--classifier", "nowhere"]) == 2
    assert "nowhere/model.json: got no such file, expected a description of a trained model" in capsys.readouterr().err
    assert main(["train", *common, "--variant", "cgan"]) == 0
    history = pd.read_csv("results/smoke/models/glyphs/cgan/seed0/history.csv")
    monitored = history[history["split"] == "validation"]
    assert monitored[["sample_accuracy", "lowest_sample_coverage"]].notna().all(axis=None)
    sidecar = json.loads(Path("results/smoke/models/glyphs/cgan/seed0.meta.json").read_text(encoding="utf-8"))
    assert set(sidecar["made_from"]["inputs"]) == {"data", "classifier"}


def test_a_classifier_of_other_images_is_refused(
    project: Path, small_set: PreparedSet, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = PreparedSet(**{**vars(small_set), "class_names": ("x", "y", "z")})
    renamed.save(Path("data/prepared/smoke/garments.npz"))
    classifier = "results/smoke/models/glyphs/classifier/seed0"
    assert main(["train", "garments", "--variant", "cgan", "--profile", "smoke", "--classifier", classifier]) == 2
    assert "expected a classifier of the classes and the image size of small" in capsys.readouterr().err


def test_posteriors_and_aggregate_write_the_tables_of_figure_3(project: Path) -> None:
    assert main(["train", "glyphs", "--variant", "n_vae", "--profile", "smoke"]) == 0
    assert main(["posteriors", "glyphs", "--profile", "smoke"]) == 0
    with np.load("results/smoke/tables/posteriors/glyphs-n_vae.npz") as arrays:
        assert arrays["z"].shape == (45, 2)
        assert (np.diff(arrays["kl_nats"]) <= 0).all()
        assert sorted(arrays["dims"]) == [0, 1]
    assert main(["aggregate", "glyphs", "--profile", "smoke"]) == 0
    table = pd.read_csv("results/smoke/runs/aggregate/glyphs/n_vae/seed0.csv")
    assert set(table["split"]) == {"validation", "test"}
    assert (table[table["metric"] == "between_class_share"].groupby("split")["dim"].count() == 2).all()


def test_a_model_without_blocks_has_only_shared_traversals(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["traversals", "glyphs", "--variant", "cvae", "--kind", "shared", "--profile", "smoke"]) == 0
    with np.load("results/smoke/tables/traversals/glyphs-cvae-shared.npz") as arrays:
        assert arrays["images"].shape[:2] == arrays["dims"].shape
        assert arrays["kept"].all()
    assert main(["traversals", "glyphs", "--variant", "cvae", "--kind", "class", "--profile", "smoke"]) == 2
    assert "--kind class: got a model without such latents" in capsys.readouterr().err
    assert main(["kl", "glyphs", "--variant", "classifier", "--profile", "smoke"]) == 2
    assert "got Classifier, expected a model with an encoder" in capsys.readouterr().err


def test_try_settings_evaluates_samples_on_the_validation_set_only(project: Path, small_set: PreparedSet) -> None:
    common = [
        "try-settings",
        "glyphs",
        "--variant",
        "cvae",
        "--profile",
        "smoke",
        "--record",
        "record.csv",
        "--samples",
        "--sigmas",
        "1",
        "2.5",
    ]
    assert main(common) == 0
    inverted = dataclasses.replace(small_set.test, images=255 - small_set.test.images)
    dataclasses.replace(small_set, name="glyphs", test=inverted).save(Path("data/prepared/smoke/glyphs.npz"))
    assert main(common) == 0
    first, second = (row for _, row in pd.read_csv("record.csv").iterrows())
    pd.testing.assert_series_equal(first, second, check_names=False)
    assert 0 <= first["error_share1_pct"] <= 100
    assert 0 <= first["error_share0.5_pct"] <= 100
    assert 0 <= first["error_share1_sigma2.5_pct"] <= 100
    assert {"samples_accuracy_pct", "samples_coverage", "latent_dims"} <= set(first.index)
