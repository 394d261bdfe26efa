"""The ladder: its settings, its readings, and the transfer of trained models."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from nvae import config
from nvae.analyses.ladder import limited, rung_table
from nvae.analyses.transfer import transfer_table
from nvae.cli import main
from nvae.config import NVaeParams, TransferParams
from nvae.data.prepared import PreparedSet
from tests.conftest import network

PARAMS = Path(__file__).parents[2] / "params.yaml"
CPU = torch.device("cpu")
READERS = TransferParams(images_per_class=20, kernel_scale=0.3, penalty=1e-3)
ALL = -1


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The ladder of a null in profile smoke."""
    folder = tmp_path_factory.mktemp("ladder")
    raw, base, null, out = (folder / name for name in ("raw", "glyphs.npz", "null.npz", "ladder.csv"))
    common = ["--profile", "smoke", "--params", str(PARAMS)]
    assert main(["draw-data", "glyphs", *common, "--out", str(raw)]) == 0
    assert main(["prepare", "glyphs", *common, "--raw", str(raw), "--out", str(base)]) == 0
    assert main(["null", "glyphs_clone", *common, "--data", str(base), "--out", str(null)]) == 0
    assert main(["ladder", "glyphs_clone", *common, "--seed", "2", "--data", str(null), "--out", str(out)]) == 0
    assert out.with_name("ladder.csv.meta.json").is_file()
    return pd.read_csv(out)


def test_every_setting_has_all_readings(table: pd.DataFrame) -> None:
    assert table[["dataset", "model", "seed"]].drop_duplicates().to_numpy().tolist() == [["glyphs_clone", "n_vae", 2]]
    loaded = config.load(PARAMS, profile="smoke")
    expected = [
        (params.shared_dims, params.class_weight, params.likelihood) for params in loaded.rungs("glyphs_clone", "n_vae")
    ]
    for split in ("validation", "test"):
        rows = table[table["split"] == split]
        settings = rows[["shared_dims", "class_weight", "likelihood"]].drop_duplicates()
        assert [tuple(row) for row in settings.to_numpy().tolist()] == expected
        for _, setting in rows.groupby(["shared_dims", "class_weight", "likelihood"]):
            whole = set(setting[setting["image_class"] == ALL]["metric"])
            assert whole == {
                *("negative_bound_nats", "kl_own_nats", "kl_shared_nats", "kl_off_class_nats", "accuracy_pct"),
                *("least_shared_kl_nats", "total_nats", "specific_nats", "unread_nats", "specific_share"),
            }
            for metric in ("kl_own_nats", "kl_shared_nats", "total_nats", "specific_nats", "unread_nats"):
                values = setting[setting["metric"] == metric].set_index("image_class")["value"]
                assert sorted(values.index) == list(range(ALL, 10))
                assert values[ALL] == pytest.approx(values.drop(ALL).mean(), rel=1e-4)  # classes of equal size


def test_each_size_meets_each_weight_and_each_other_likelihood_once() -> None:
    loaded = config.load(PARAMS)
    found = [(p.shared_dims, p.class_weight, p.likelihood) for p in loaded.rungs("fashion_mnist_marked", "n_vae")]
    assert len(found) == len(set(found)) == 5 * (5 + 1)
    assert {(weight, likelihood) for _, weight, likelihood in found} == {
        *((weight, "gaussian") for weight in (1.0, 1.5, 2.0, 4.0, 8.0)),
        (2.0, "bernoulli"),
    }
    dial = {(p.shared_dims, p.class_weight) for p in loaded.rungs("dial", "n_vae") if p.likelihood == "bernoulli"}
    assert dial == {(dims, weight) for dims in (6, 12, 24) for weight in (1.0, 1.2, 1.5, 2.0, 4.0, 8.0)}


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist", "yale_b", "dial"])
def test_the_size_of_the_data_set_is_on_its_ladder(dataset: str) -> None:
    loaded = config.load(PARAMS)
    usual = loaded.model_params(dataset, "n_vae")
    assert usual in loaded.rungs(dataset, "n_vae")


def test_a_model_without_blocks_has_no_ladder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["--variant", "cvae", "--profile", "smoke", "--params", str(PARAMS), "--out", str(tmp_path / "x.csv")]
    assert main(["ladder", "glyphs", *arguments]) == 2
    assert "variant: got cvae, expected a variant of n_vae" in capsys.readouterr().err


def test_training_images_are_limited_within_classes(small_set: PreparedSet) -> None:
    few = limited(small_set, 30)
    assert np.bincount(few.train.labels).tolist() == [10, 10, 10]
    assert set(few.train.names) < set(small_set.train.names)
    assert few.test is small_set.test
    assert limited(small_set, None) is limited(small_set, 120) is small_set


def test_readings_are_those_of_the_model(small_set: PreparedSet) -> None:
    """A shared dimension that is the prior has no KL; a model whose blocks say nothing has none of its own."""
    model = network("n_vae", image_shape=(8, 7)).float()
    assert isinstance(model.params, NVaeParams)
    with torch.no_grad():
        for column in (*range(model.n_class_latents), model.n_class_latents):
            for row in (column, model.n_latents + column):
                model.posterior_head.weight[row] = 0
    rows = rung_table(model, small_set, READERS, seed=0, device=CPU)
    values = rows[rows["image_class"] == ALL].pivot_table(index="split", columns="metric", values="value")
    assert (values["kl_own_nats"] == 0).all()
    assert (values["least_shared_kl_nats"] == 0).all()
    assert (values["kl_shared_nats"] > 0).all()
    assert (values["specific_nats"] < values["total_nats"]).all()


def test_transfer_of_a_model_without_blocks(small_set: PreparedSet) -> None:
    rows = transfer_table(network("cvae", image_shape=(8, 7)).float(), small_set, READERS, seed=0, device=CPU)
    assert rows.columns.tolist() == ["split", "image_class", "metric", "value"]
    assert np.isfinite(rows["value"]).all()
    whole = rows[(rows["image_class"] == ALL) & (rows["split"] == "test")].set_index("metric")["value"]
    assert whole["specific_share"] == pytest.approx(whole["specific_nats"] / whole["total_nats"])
    assert rows.groupby(["split", "metric"]).size().to_dict() == {
        (split, metric): 1 if metric == "specific_share" else 4
        for split in ("validation", "test")
        for metric in ("total_nats", "specific_nats", "unread_nats", "specific_share")
    }
