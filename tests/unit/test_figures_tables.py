"""Reading a figure's tables, and picking rows: what is missing is told, never left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nvae import figures
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.plotting import kl
from nvae.tables import reading as tables
from tests.unit import figure_world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one for each kind of table."""
    for kind in (*tables.COLUMNS, *tables.ARRAYS):
        (tmp_path / kind).mkdir()
    return tmp_path


@pytest.fixture
def table() -> pd.DataFrame:
    """Test rows of a KL table."""
    whole = figure_world.kl_table("glyphs")
    return whole.loc[whole["split"] == "test", list(tables.COLUMNS["kl"])].reset_index(drop=True)


def test_a_missing_table_names_the_target_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"snakemake --cores 2 -- .*kl/toy-n_vae\.csv"):
        tables.load({"kl": tmp_path / "kl/toy-n_vae.csv"})


def test_a_table_without_a_column_names_it(table: pd.DataFrame, folder: Path) -> None:
    path = folder / "kl/toy.csv"
    table.drop(columns="kl_nats").to_csv(path, index=False)
    with pytest.raises(UserError, match="expected also kl_nats"):
        tables.load_table(path)


def test_only_test_rows_are_read_and_there_must_be_some(table: pd.DataFrame, folder: Path) -> None:
    path = folder / "kl/toy.csv"
    pd.concat([table, table.assign(split="validation", kl_nats=99.0)]).to_csv(path, index=False)
    pd.testing.assert_frame_equal(tables.load_table(path), table)
    table.assign(split="validation").to_csv(path, index=False)
    with pytest.raises(UserError, match="rows whose split is test"):
        tables.load_table(path)


def test_a_class_called_na_keeps_its_name(table: pd.DataFrame, folder: Path) -> None:
    path = folder / "kl/toy.csv"
    table.assign(image_class_name="NA").to_csv(path, index=False)
    assert kl.class_names(tables.load_table(path)) == ["NA"] * 10


@pytest.mark.parametrize(
    ("kind", "lacking"), [("traversals", "values"), ("samples", "sigmas"), ("posteriors", "z, labels")]
)
def test_an_archive_without_an_array_names_it(kind: str, lacking: str, folder: Path) -> None:
    path = folder / kind / "toy.npz"
    np.savez(path, images=np.zeros(3))
    with pytest.raises(UserError, match=f"also {lacking}"):
        tables.load_arrays(path)


def test_a_broken_or_pickled_archive_is_refused(folder: Path) -> None:
    path = folder / "samples/toy.npz"
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="npz of plain arrays"):
        tables.load_arrays(path)
    np.savez(path, images=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="npz of plain arrays"):
        tables.load_arrays(path)


@pytest.mark.parametrize("kind", tables.COLUMNS)
def test_the_folder_tells_which_columns_a_table_must_have(kind: str, folder: Path) -> None:
    path = folder / kind / "toy.csv"
    *others, last = tables.COLUMNS[kind]
    pd.DataFrame({column: ["test"] for column in others}).to_csv(path, index=False)
    with pytest.raises(UserError, match=f"expected also {last}"):
        tables.load_table(path)


def test_every_need_has_a_path_whose_folder_is_a_known_kind() -> None:
    needs = {need for spec in figures.FIGURES for need in spec.needs}
    paths = {need: need.path(Layout("smoke"), figure_world.ROLES) for need in needs}
    known = {"csv": tables.COLUMNS, "npz": tables.ARRAYS}
    assert all(path.parent.name in known[path.suffix[1:]] for path in paths.values())
    assert {need.table for need in needs if isinstance(need, figures.Need)} == {
        "kl", "class", "shared", "samples", "augmentation", "fidelity", "aggregate", "posterior", "metrics", "factors",
        "calibration",
    }  # fmt: skip
    assert {need for need in needs if isinstance(need, figures.Ablation)} == set(figures.ABLATIONS)


def test_a_need_names_a_role_or_a_built_in_set_and_an_ablation_every_run() -> None:
    layout, roles = Layout("demo"), {"digits": "mnist", "faces": "yale_b"}
    by_role = figures.Need("x", "kl", "faces", "cvae")
    assert by_role.runs(roles) == (("yale_b", "cvae"),)
    assert by_role.path(layout, roles) == Path("results/demo/tables/kl/yale_b-cvae.csv")
    itself = figures.Need("x", "factors", "faces")
    assert itself.runs(roles) == (("faces", "n_vae"),)
    assert itself.path(layout, roles) == Path("results/demo/tables/factors/faces-n_vae.csv")
    trains_its_own = figures.Need("x", "calibration", "dial", "cvae")
    assert (trains_its_own.runs(roles), trains_its_own.about(roles)) == ((), (("dial", "cvae"),))
    ablation = figures.Ablation("x", "class_bias", ("n_vae", "n_vae_no_bias"), ("faces", "digits"))
    assert ablation.path(layout, roles) == Path("results/demo/tables/ablations/class_bias.csv")
    assert ablation.runs(roles) == (
        ("yale_b", "n_vae"), ("yale_b", "n_vae_no_bias"), ("mnist", "n_vae"), ("mnist", "n_vae_no_bias")
    )  # fmt: skip


@pytest.mark.parametrize("ablation", figures.ABLATIONS, ids=lambda ablation: ablation.name)
def test_an_ablation_must_have_the_column_that_it_is_named_after(ablation: figures.Ablation, folder: Path) -> None:
    path = folder / f"ablations/{ablation.name}.csv"
    table = figure_world.ablation_table(ablation)
    table.to_csv(path, index=False)
    loaded = tables.load_table(path)
    assert loaded[ablation.name].tolist() == table.query("split == 'test'")[ablation.name].tolist()
    table.drop(columns=ablation.name).to_csv(path, index=False)
    with pytest.raises(UserError, match=f"expected also {ablation.name}"):
        tables.load_table(path)


def test_a_missing_weight_is_a_missing_number_and_not_a_text(folder: Path) -> None:
    path = folder / "ablations/class_weight.csv"
    table = figure_world.ablation_table(figures.CLASS_WEIGHT)
    table.loc[table["model"] == "n_vae_lambda2", "class_weight"] = np.nan
    table.to_csv(path, index=False)
    loaded = tables.load_table(path)
    assert len(tables.select(loaded, model="n_vae_lambda4", metric="accuracy_pct")) == 9
    with pytest.raises(UserError, match="finite numbers where model is n_vae_lambda2"):
        tables.select(loaded, model="n_vae_lambda2")


def test_select_keeps_rows_that_match_everything_wanted() -> None:
    frame = figure_world.aggregate_table("glyphs", "n_vae").query("split == 'test'")
    row = tables.select(frame, metric="between_class_share", seed=2, dim=3)
    assert row["value"].tolist() == [pytest.approx(0.1 * 3 + 0.01 * 2)]


def test_select_names_the_value_that_is_not_there() -> None:
    frame = figure_world.augmentation_table("glyphs", "cgan")
    with pytest.raises(UserError, match=r"glyphs, cgan: got generated_share 0\.25, 0\.5, 1\.0, expected also .* 0\.75"):
        tables.select(frame, generated_share=0.75)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_missing_number_is_refused_only_where_it_would_be_used(bad: float, folder: Path) -> None:
    frame = figure_world.fidelity_table("glyphs", "cgan").query("split == 'test'").reset_index(drop=True)
    frame.loc[frame.query("metric == 'recall'").index[0], "value"] = bad
    path = folder / "fidelity/toy.csv"
    frame.to_csv(path, index=False)
    loaded = tables.load_table(path)
    assert len(tables.select(loaded, metric="precision")) == 15
    with pytest.raises(UserError, match="finite numbers where metric is recall"):
        tables.select(loaded, metric="recall")
