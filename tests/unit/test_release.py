"""Trained weights without data: releases in half precision, and samples, traversals and codes from them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from nvae.cli import main
from nvae.data.pictures import read_pictures
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.rounding import rounded, rounding_table
from nvae.models.n_vae import NVae
from nvae.provenance.lineage import Hashes, differences
from tests.conftest import n_vae
from tests.unit.figure_world import posterior_table, sample_table, traversal_table
from tests.unit.wrong_world import make_project, model

RELEASE = Path("release")
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a model to the folder ``model`` and its data to ``set.npz``."""
    make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    model()()


def small(small_set: PreparedSet) -> NVae:
    return n_vae(image_shape=small_set.image_shape).float()


def release() -> None:
    assert main(["release", "glyphs", "--model", "model", "--data", "set.npz", "--out", "release"]) == 0


def pictures(folder: Path, *classes: str) -> None:
    """Write one white picture per class."""
    for name in classes:
        (folder / name).mkdir(parents=True)
        Image.new("RGB", (50, 60), "white").save(folder / name / "one.png")


def test_a_release_has_half_precision_and_a_table_of_its_effect() -> None:
    release()
    kept, exact = load_file(RELEASE / "weights.safetensors"), load_file(Path("model/weights.safetensors"))
    assert {weight.dtype for weight in kept.values()} == {torch.float16}
    assert all(torch.equal(weight, exact[name].half()) for name, weight in kept.items())
    assert (RELEASE / "model.json").read_text(encoding="utf-8") == Path("model/model.json").read_text(encoding="utf-8")
    table = pd.read_csv(RELEASE / "rounding.csv").set_index("metric")
    assert table.loc["negative_bound_nats", "exact"] == pytest.approx(table.loc["negative_bound_nats", "rounded"], 1e-3)
    assert differences(RELEASE, Hashes()) == []


def test_the_table_shows_the_effect_of_rounding(small_set: PreparedSet) -> None:
    exact = small(small_set)
    same = rounding_table(exact, exact, small_set, seed=0)
    assert (same["exact"] == same["rounded"]).all()
    half = rounded(exact)
    assert not torch.equal(half.label_head.weight, exact.label_head.weight)  # type: ignore[attr-defined]
    with torch.no_grad():
        half.decoder.layers[-1].bias.add_(100)  # type: ignore[attr-defined]
    found = rounding_table(exact, half, small_set, seed=0).set_index("metric")["rounded"]
    assert found["largest_difference_grey_levels"] > 100
    assert found["mean_difference_grey_levels"] > 50


def test_weights_beyond_half_precision_are_refused(small_set: PreparedSet) -> None:
    exact = small(small_set)
    with torch.no_grad():
        exact.label_head.weight[0, 0] = 1e5
    with pytest.raises(UserError, match=r"label_head\.weight: got values up to 1e\+05, expected at most 65504"):
        rounded(exact)


def test_a_release_gives_samples_and_traversals_without_data() -> None:
    release()
    Path("set.npz").unlink()
    assert main(["samples", "glyphs", "--model", "release", "--out", "samples.npz"]) == 0
    for kind in ("class", "shared"):
        command = ["traversals", "glyphs", "--model", "release", "--kind", kind, "--generated", "5"]
        assert main([*command, "--out", f"{kind}.npz"]) == 0
    assert main(["posteriors", "glyphs", "--model", "release", "--generated", "20", "--out", "codes.npz"]) == 0
    with np.load("class.npz") as found:
        assert found["images"].shape[0] == 2
        assert found["center"] == "sampled_image"
    with np.load("codes.npz") as found:
        assert found["labels"].tolist() == [0] * 20 + [1] * 20
    for name in ("samples", "class", "shared", "codes"):
        assert main(["draw", f"{name}.npz"]) == 0
        assert Path(f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert Path(f"{name}.pdf").read_bytes().startswith(b"%PDF-")


def test_own_pictures_replace_the_test_images() -> None:
    pictures(Path("own"), "a", "b")
    command = ["traversals", "glyphs", "--model", "model", "--kind", "shared", "--images", "own", "--out", "t.npz"]
    assert main(command) == 0
    with np.load("t.npz") as found:
        assert (found["seed_images"] == 255).all()
        assert found["center"] == "given_image"
    assert main(["posteriors", "glyphs", "--model", "model", "--images", "own", "--out", "e.npz"]) == 0
    with np.load("e.npz") as found:
        assert found["labels"].tolist() == [0, 1]


def test_pictures_are_converted_to_grey_and_to_the_models_size(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    pictures(folder, "b", "a")
    # Red is darker than white: the luma of pure red is 76.
    Image.new("RGB", (9, 9), "red").save(folder / "a" / "two.jpg", quality=100)
    (folder / "a" / ".hidden").write_text("no picture", encoding="utf-8")
    found = read_pictures(folder, ("a", "b", "c"), (6, 5))
    assert found.images.shape == (3, 6, 5)
    assert found.labels.tolist() == [0, 0, 1]
    assert found.names.tolist() == ["a/one.png", "a/two.jpg", "b/one.png"]
    assert found.images[0].tolist() == [[255] * 5] * 6
    np.testing.assert_allclose(found.images[1], 76, atol=2)


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (traversal_table("glyphs", "class"), "traversals"),
        (sample_table("garments"), "samples"),
        (posterior_table("glyphs", "n_vae"), "posteriors"),
        (posterior_table("glyphs", "n_vae") | {"z": np.zeros((0, 0))}, ""),
        (traversal_table("glyphs", "both"), ""),
    ],
    ids=["traversals", "samples", "posteriors", "damaged", "of no kind"],
)
def test_a_table_is_drawn_according_to_its_content(table: dict[str, np.ndarray], kind: str) -> None:
    np.savez("mine.npz", **table)  # type: ignore[arg-type]
    assert main(["draw", "mine.npz", "--out", "pictures"]) == (0 if kind else 2)
    assert Path("pictures/mine.png").exists() == bool(kind)
    assert not Path("mine.png").exists()


def test_hours_are_summed_by_step_and_seed(capsys: pytest.CaptureFixture[str]) -> None:
    for seed in ("0", "1"):
        out = f"results/smoke/runs/kl/glyphs/n_vae/seed{seed}.csv"
        command = ["kl", "glyphs", "--model", "model", "--data", "set.npz", "--seed", seed, "--out", out]
        assert main(command) == 0
        sidecar = Path(f"{out}.meta.json")
        record = json.loads(sidecar.read_text(encoding="utf-8"))
        assert record["run"]["cpu_seconds"] > 0
        assert 50 < record["run"]["peak_mib"] < 4000
        record["run"] |= {"seconds": 1800 * (int(seed) + 1), "cpu_seconds": 900}
        if seed == "0":
            del record["run"]["cpu_seconds"]  # as in sidecars of an older version
        sidecar.write_text(json.dumps(record), encoding="utf-8")
    assert main(["hours", "--profile", "smoke", "--out", "hours.csv"]) == 0
    found = pd.read_csv("hours.csv")
    assert found[["step", "device", "seed", "jobs", "hours"]].to_numpy().tolist() == [
        ["kl", "cpu", 0, 1, 0.5],
        ["kl", "cpu", 1, 1, 1.0],
    ]
    assert found["cpu_hours"].fillna(-1).tolist() == [-1, 0.25]
    assert "1.50 hours of jobs, 0.25 CPU hours" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("log", "hours", "resumed"),
    [
        ("train smoke/n_vae seed 0: epoch 2/40, 5 s left\n", [1.0, 0.25], 0),
        ("train smoke/n_vae seed 0: resuming after epoch 30 of 40\n", [4.0, 1.0], 1),
        ("augmentation x, arm 1 of 2 (a): epoch 2/8\naugmentation x, arm 2 of 2 (b): epoch 2/8\n", [1.0, 0.25], 0),
        ("augmentation x, arm 2 of 2 (b): epoch 2/8\naugmentation x, arm 2 of 2 (b): epoch 8/8\n", [2.0, 0.5], 1),
        ("augmentation x, arm 2 of 2 (b): resuming after epoch 4 of 8\n", [4.0, 1.0], 1),
        (
            "augmentation x, arms 2, 3 of 4 (b, c): resuming after epoch 4 of 8\naugmentation x, arm 4 of 4 (d): 1/8",
            [2.0, 0.5],
            1,
        ),
    ],
)
def test_hours_of_a_resumed_job_are_scaled_to_the_whole_job(log: str, hours: list[float], resumed: int) -> None:
    out = "results/smoke/runs/kl/glyphs/n_vae/seed0.csv"
    assert main(["kl", "glyphs", "--model", "model", "--data", "set.npz", "--out", out]) == 0
    sidecar = Path(f"{out}.meta.json")
    record = json.loads(sidecar.read_text(encoding="utf-8"))
    record["run"] |= {"seconds": 3600, "cpu_seconds": 900}
    sidecar.write_text(json.dumps(record), encoding="utf-8")
    log_path = Path("results/smoke/logs/kl/glyphs-n_vae-seed0.log")
    log_path.parent.mkdir(parents=True)
    log_path.write_text(log, encoding="utf-8")
    assert main(["hours", "--profile", "smoke", "--out", "hours.csv"]) == 0
    found = pd.read_csv("hours.csv")
    assert found[["hours", "cpu_hours"]].to_numpy().tolist() == [hours]
    assert found["resumed"].tolist() == [resumed]
