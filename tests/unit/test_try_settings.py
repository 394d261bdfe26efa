"""``nvae try-settings``: changed keys, recorded metrics, and that the test set is not used."""

from pathlib import Path

import pandas as pd
import pytest

from nvae import config
from nvae.cli import main
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.selection import changed

PARAMS = Path(__file__).parents[2] / "params.yaml"


def test_keys_are_assigned_to_model_or_training() -> None:
    loaded = config.load(PARAMS, profile="smoke")
    model, protocol = changed(loaded, "mnist", "n_vae", ["class_dims=9", "epochs=7", "kl_warmup_epochs=3"])
    assert (model.class_dims, protocol.epochs, protocol.kl_warmup_epochs) == (9, 7, 3)


def test_values_are_read_as_in_params_yaml() -> None:
    changes = ["learning_rate=1e-4", "label_objective=dirichlet_kl", "class_bias=false"]
    model, protocol = changed(config.load(PARAMS, profile="smoke"), "mnist", "n_vae", changes)
    assert (protocol.learning_rate, model.label_objective, model.class_bias) == (0.0001, "dirichlet_kl", False)


@pytest.mark.parametrize(
    "change",
    [
        *("class_dims", "class_dims=none", "classdims=3", "class_weight=-1", "class_bias=off"),
        *("class_dims=[", f"class_dims={'[' * 600}", "class_dims={a: 1, a: 2}", "class_dims=!!bool perhaps"),
    ],
)
def test_wrong_changes_are_refused(change: str) -> None:
    with pytest.raises(UserError):
        changed(config.load(PARAMS, profile="smoke"), "mnist", "n_vae", [change])


def test_the_record_has_one_row_per_run_from_the_validation_set_only(
    small_set: PreparedSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_set.save(tmp_path / "small.npz")
    record = tmp_path / "record.csv"
    common = ["try-settings", "glyphs", "--params", str(PARAMS), "--profile", "smoke"]
    common += ["--data", str(tmp_path / "small.npz"), "--record", str(record)]
    assert main([*common, "--set", "class_dims=1"]) == 0
    assert main([*common, "--set", "class_dims=3", "--seed", "1"]) == 0
    rows = pd.read_csv(record)
    assert rows.class_dims.tolist() == [1, 3]
    assert rows.seed.tolist() == [0, 1]
    assert rows.negative_bound_nats.notna().all()
    assert set(rows.precision) <= {"fp32", "bf16"}
    assert "r2_knn_level" in capsys.readouterr().out
    # A meaningless test split changes nothing, because it is not read.
    inverted = 255 - small_set.test.images
    test = type(small_set.test)(inverted, small_set.test.labels, small_set.test.names, small_set.test.factors)
    fields = {**vars(small_set), "test": test}
    PreparedSet(**fields).save(tmp_path / "small.npz")
    assert main([*common, "--set", "class_dims=1"]) == 0
    again = pd.read_csv(record)
    pd.testing.assert_series_equal(again.iloc[2], again.iloc[0], check_names=False)


@pytest.mark.parametrize("dims", [1, 3])
def test_responses_of_the_best_own_dimensions_are_recorded(small_set: PreparedSet, tmp_path: Path, dims: int) -> None:
    small_set.save(tmp_path / "small.npz")
    record = tmp_path / "record.csv"
    common = ["try-settings", "glyphs", "--params", str(PARAMS), "--profile", "smoke", "--responses"]
    common += ["--set", f"class_dims={dims}", "--data", str(tmp_path / "small.npz"), "--record", str(record)]
    assert main(common) == 0
    (row,) = pd.read_csv(record).to_dict("records")
    # Of the two classes of glyphs that have a mark, the small set has only that of the loop.
    assert 0 <= row["loop_switched_share_second"] <= row["loop_switched_share_best"] <= 1
    assert (dims == 3) or row["loop_switched_share_second"] == 0
    assert "crossbar_switched_share_best" not in row


@pytest.mark.parametrize("variant", ["n_vae", "beta_vae"])
def test_the_aggregate_posterior_is_compared_with_the_prior(
    small_set: PreparedSet, tmp_path: Path, variant: str
) -> None:
    small_set.save(tmp_path / "small.npz")
    record = tmp_path / "record.csv"
    common = ["try-settings", "glyphs", "--params", str(PARAMS), "--profile", "smoke", "--aggregate"]
    common += ["--variant", variant, "--data", str(tmp_path / "small.npz"), "--record", str(record)]
    assert main(common) == 0
    (row,) = pd.read_csv(record).to_dict("records")
    assert row["aggregate_sliced_wasserstein"] > 0
    assert 0 < row["aggregate_mean_between_class_share"] < 1
