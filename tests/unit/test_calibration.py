"""Calibration of the detector: one model per setting of the dial, trained on data of that setting."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from nvae import config
from nvae.analyses import ANALYSES
from nvae.analyses.calibration import prepared_in_passing
from nvae.cli import main
from nvae.data.builtin import dial
from nvae.data.prepared import PreparedSet

PARAMS = Path(__file__).parents[2] / "params.yaml"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("calibration") / "dial.csv"
    assert (
        main(["calibration", "dial", "--profile", "smoke", "--params", str(PARAMS), "--seed", "3", "--out", str(out)])
        == 0
    )
    assert out.with_name("dial.csv.meta.json").is_file()
    return pd.read_csv(out)


def test_every_setting_has_its_true_share_and_the_share_of_kl(table: pd.DataFrame) -> None:
    assert table.columns[:4].tolist() == ["dataset", "model", "seed", "exclusive_factors"]
    assert table.groupby(["dataset", "model", "seed", "split"]).ngroups == 1
    assert table.loc[0, ["dataset", "model", "seed", "split"]].tolist() == ["dial", "n_vae", 3, "test"]
    whole = table[table.factor == "all"].pivot_table(index="exclusive_factors", columns="metric", values="value")
    assert whole["exclusive_share"].to_dict() == {0: 0.0, 6: 1.0}
    assert whole["kl_block_share"].between(0, 1).all()


def test_factors_are_those_of_the_setting(table: pd.DataFrame) -> None:
    counts = table[table.factor != "all"].groupby(["exclusive_factors", "factor_kind"])["factor"].nunique()
    assert counts.to_dict() == {(0, "shared"): 6, (6, "exclusive"): 60}


def test_a_set_drawn_in_memory_equals_the_set_from_files(tmp_path: Path) -> None:
    params = config.load(PARAMS, profile="smoke").data["dial_few"]
    raw, out = tmp_path / "raw", tmp_path / "prepared.npz"
    common = ["dial_few", "--profile", "smoke", "--params", str(PARAMS)]
    assert main(["draw-data", *common, "--out", str(raw)]) == 0
    assert main(["prepare", *common, "--raw", str(raw), "--out", str(out)]) == 0
    from_files = PreparedSet.load(out)
    drawn = dial.draw(
        params.drawn.train_images, params.drawn.test_images, seed=params.drawn.seed, exclusive_factors=3, reach=2.0
    )
    prepared_in_passing(drawn, "dial_few", params).save(tmp_path / "passing.npz")
    assert len(from_files.train) == 200
    assert out.read_bytes() == (tmp_path / "passing.npz").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["glyphs"], "glyphs, whose share of exclusive factors cannot be set"),
        (["mnist"], "mnist, whose share"),
        (["nowhere"], "'nowhere'"),
        (["dial", "--variant", "cgan"], "expected a model with an encoder and a decoder"),
    ],
)
def test_unsuitable_data_sets_and_models_are_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--profile", "smoke", "--params", str(PARAMS), "--out", str(tmp_path / "x.csv")]
    assert main(["calibration", *arguments, *common]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_slice_depends_on_the_dial_and_on_no_other_set(tmp_path: Path) -> None:
    def sliced(change: dict[str, Any]) -> str:
        content = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
        for section, value in change.items():
            content[section] |= value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        loaded = config.load(path, profile="paper")
        return loaded.sections(ANALYSES["calibration"].sections, dataset="dial", variant="n_vae")

    before = sliced({})
    assert sliced({"calibration": {"exclusive_factors": [0, 6]}}) != before
    assert sliced({"training": {"dial": {"epochs": 3, "kl_warmup_epochs": 0}}}) != before
    assert sliced({"training": {"glyphs": {"epochs": 3, "kl_warmup_epochs": 0}}}) == before
