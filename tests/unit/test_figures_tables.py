"""Reading of the tables of figures and selection of rows: what is missing is reported, and never omitted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nvae import figures
from nvae.errors import UserError
from nvae.figures.loading import load
from nvae.layout import Layout
from nvae.plotting import kl
from nvae.tables import reading as tables
from nvae.tables.schemas import ARRAYS, TABLES
from tests.unit import figure_world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one subfolder per kind of arrays."""
    for kind in ARRAYS:
        (tmp_path / kind).mkdir()
    return tmp_path


@pytest.fixture
def table() -> pd.DataFrame:
    """Return the test rows of a KL table."""
    whole = figure_world.kl_table("glyphs")
    return whole.loc[whole["split"] == "test", list(TABLES["kl"].names)].reset_index(drop=True)


def test_the_message_about_a_missing_table_has_its_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"snakemake --cores 2 -- results/smoke/tables/kl\.csv"):
        tables.load_table(Layout("smoke").table("kl"), TABLES["kl"])


def test_a_missing_column_is_named(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "kl.csv"
    table.drop(columns="kl_nats").to_csv(path, index=False)
    with pytest.raises(UserError, match="expected also kl_nats"):
        tables.load_table(path, TABLES["kl"])


def test_only_test_rows_are_read_and_there_must_be_some(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "kl.csv"
    pd.concat([table, table.assign(split="validation", kl_nats=99.0)]).to_csv(path, index=False)
    pd.testing.assert_frame_equal(tables.load_table(path, TABLES["kl"]), table)
    table.assign(split="validation").to_csv(path, index=False)
    with pytest.raises(UserError, match="rows whose split is test"):
        tables.load_table(path, TABLES["kl"])


def test_a_class_called_na_keeps_its_name(table: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "kl.csv"
    table.assign(image_class_name="NA").to_csv(path, index=False)
    assert kl.class_names(tables.load_table(path, TABLES["kl"])) == ["NA"] * 10


@pytest.mark.parametrize(
    ("kind", "lacking"), [("traversals", "values"), ("samples", "sigmas"), ("posteriors", "z, labels")]
)
def test_a_missing_array_is_named(kind: str, lacking: str, folder: Path) -> None:
    path = folder / kind / "toy.npz"
    np.savez(path, images=np.zeros(3))
    with pytest.raises(UserError, match=f"also {lacking}"):
        tables.load_arrays(path)


def test_a_broken_or_pickled_archive_is_rejected(folder: Path) -> None:
    path = folder / "samples/toy.npz"
    path.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="npz of plain arrays"):
        tables.load_arrays(path)
    np.savez(path, images=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="npz of plain arrays"):
        tables.load_arrays(path)


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_must_have_the_columns_of_its_schema(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "toy.csv"
    *others, last = TABLES[kind].names
    pd.DataFrame({column: ["test"] for column in others}).to_csv(path, index=False)
    with pytest.raises(UserError, match=f"expected also {last}"):
        tables.load_table(path, TABLES[kind])


def test_every_need_has_files_of_a_known_kind() -> None:
    needs = {need for spec in figures.FIGURES for need in spec.needs}
    for need in needs:
        files = list(need.files(Layout("smoke"), figure_world.ROLES, lambda dataset, table: [0, 1]))
        if isinstance(need, figures.Ablation):
            assert files.pop() == Layout("smoke").table("variants")
        if need.table in ARRAYS:
            assert [(path.suffix, path.parent.name) for path in files] == [(".npz", need.table)]
        else:
            assert need.table in TABLES
            wanted = [
                Layout("smoke").run_table(need.table, dataset, variant, seed)
                for dataset, variant in need.about(figure_world.ROLES)
                for seed in (0, 1)
            ]
            assert files == wanted
    assert {(need.table, need.block) for need in needs if isinstance(need, figures.Need)} == {
        *(("traversals", block) for block in ("class", "shared")),
        *((table, "") for table in ("samples", "posteriors")),
        *((table, "") for table in TABLES if table not in ("history", "responses", "transfer", "ladder")),
    }
    assert {need for need in needs if isinstance(need, figures.Ablation)} == set(figures.ABLATIONS)


RUNS = ("yale_b/n_vae", "yale_b/n_vae_no_bias", "mnist/n_vae", "mnist/n_vae_no_bias")


def files(need: figures.Need | figures.Ablation, roles: dict[str, str]) -> list[str]:
    """Return the files of a need for the seeds 3 and 5, relative to the results folder."""
    found = need.files(Layout("demo"), roles, lambda dataset, table: [3, 5])
    return [path.relative_to("results/demo").as_posix() for path in found]


def test_the_runs_and_files_of_needs_and_ablations() -> None:
    roles = {"digits": "mnist", "faces": "yale_b"}
    by_role = figures.Need("x", "kl", "faces", "cvae")
    assert by_role.runs(roles) == (("yale_b", "cvae"),)
    assert files(by_role, roles) == ["runs/kl/yale_b/cvae/seed3.csv", "runs/kl/yale_b/cvae/seed5.csv"]
    itself = figures.Need("x", "factors", "faces")
    assert itself.runs(roles) == (("faces", "n_vae"),)
    assert files(itself, roles) == ["runs/factors/faces/n_vae/seed3.csv", "runs/factors/faces/n_vae/seed5.csv"]
    moved = figures.Need("x", "traversals", "digits", block="shared")
    assert files(moved, roles) == ["tables/traversals/mnist-n_vae-shared.npz"]
    trains_its_own = figures.Need("x", "calibration", "dial", "cvae")
    assert (trains_its_own.runs(roles), trains_its_own.about(roles)) == ((), (("dial", "cvae"),))
    ablation = figures.Ablation("x", "class_bias", ("n_vae", "n_vae_no_bias"), ("faces", "digits"))
    assert files(ablation, roles) == [
        *(f"runs/metrics/{run}/seed{seed}.csv" for run in RUNS for seed in (3, 5)), "tables/variants.csv"
    ]  # fmt: skip
    assert ablation.runs(roles) == (
        ("yale_b", "n_vae"), ("yale_b", "n_vae_no_bias"), ("mnist", "n_vae"), ("mnist", "n_vae_no_bias")
    )  # fmt: skip


def ablated(spec: figures.FigureSpec, variants: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, folder: Path) -> object:
    """Return the table of an ablation as its figure gets it, with the given table of variants."""
    monkeypatch.chdir(folder)
    layout = Layout("smoke")
    (need,) = spec.needs
    layout.tables.mkdir(parents=True, exist_ok=True)
    table = figure_world.table_for(need)
    assert isinstance(table, pd.DataFrame)
    table[list(TABLES["metrics"].names)].to_csv(layout.table("metrics"), index=False)
    variants.to_csv(layout.table("variants"), index=False)
    loaded, read = load(spec, layout, figure_world.ROLES, lambda dataset, table: range(3))
    assert list(read) == [f"results/smoke/tables/{name}.csv" for name in ("metrics", "variants")]
    return loaded["ablation"]


@pytest.mark.parametrize("name", ["supp05", "supp06"])
def test_an_ablation_has_a_column_of_its_parameter(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = figures.find(name)
    parameter = {"supp05": "class_weight", "supp06": "class_bias"}[name]
    loaded = ablated(spec, figure_world.variants_table(), monkeypatch, tmp_path)
    expected = figure_world.tables_of(name)["ablation"]
    assert isinstance(expected, pd.DataFrame)
    pd.testing.assert_frame_equal(loaded, expected[[*TABLES["metrics"].names, parameter]])
    variants = figure_world.variants_table()
    last = {"supp05": "n_vae_lambda8", "supp06": "n_vae_no_bias"}[name]
    variants.loc[(variants["dataset"] == "garments") & (variants["model"] == last), "parameter"] = "beta"
    with pytest.raises(UserError, match=f"parameters beta of garments, {last}, expected also {parameter}"):
        ablated(spec, variants, monkeypatch, tmp_path)


@pytest.mark.parametrize("setting", ["", "many", "inf"])
def test_a_setting_that_is_no_number_among_numbers_is_rejected(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = figure_world.variants_table()
    variants.loc[variants["model"] == "n_vae_lambda2", "setting"] = setting
    with pytest.raises(UserError, match=f"parameter class_weight: got '{setting}', expected numbers for all variants"):
        ablated(figures.find("supp05"), variants, monkeypatch, tmp_path)


def test_select_keeps_rows_that_match_everything_wanted() -> None:
    frame = figure_world.aggregate_table("glyphs", "n_vae").query("split == 'test'")
    row = tables.select(frame, metric="between_class_share", seed=2, dim=3)
    assert row["value"].tolist() == [pytest.approx(0.1 * 3 + 0.01 * 2)]


def test_select_reports_a_value_that_is_missing() -> None:
    frame = figure_world.augmentation_table("glyphs", "cgan")
    with pytest.raises(UserError, match=r"glyphs, cgan: got generated_share 0\.25, 0\.5, 1\.0, expected also .* 0\.75"):
        tables.select(frame, generated_share=0.75)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_missing_number_is_rejected_only_if_it_is_selected(bad: float, tmp_path: Path) -> None:
    frame = figure_world.fidelity_table("glyphs", "cgan").query("split == 'test'").reset_index(drop=True)
    frame.loc[frame.query("metric == 'recall'").index[0], "value"] = bad
    path = tmp_path / "fidelity.csv"
    frame.to_csv(path, index=False)
    loaded = tables.load_table(path, TABLES["fidelity"])
    assert len(tables.select(loaded, metric="precision")) == 15
    with pytest.raises(UserError, match="finite numbers where metric is recall"):
        tables.select(loaded, metric="recall")
