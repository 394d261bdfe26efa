"""Tables: their schemas, the reader, the rows of single runs, and joining and splitting."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nvae.analyses import ANALYSES
from nvae.cli import main
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.tables.joining import join, melt_history, restore_run_tables, split
from nvae.tables.reading import RunTables, load_table, rows_of
from nvae.tables.schemas import ARRAYS, RUN, TABLES, VARIANTS, Kind, TableSchema
from tests.unit.figure_world import kl_table

LAYOUT = Layout("demo")
EXAMPLES = {Kind.TEXT: "NA", Kind.KEY: "3", Kind.NUMBER: "0.1", Kind.OPTIONAL: "0.1"}
COLUMNS = [(schema.name, column.name) for schema in TABLES.values() for column in schema.columns]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the working directory of each test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def line(schema: TableSchema, **changes: str) -> str:
    """Return one row of a table, of the test split unless changed."""
    cells = {column.name: EXAMPLES[column.kind] for column in schema.columns} | {"split": "test"} | changes
    return ",".join(cells[name] for name in schema.names) + "\n"


def head(schema: TableSchema) -> str:
    return ",".join(schema.names) + "\n"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- Schemas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_a_schema_starts_with_the_run_and_ends_with_the_measured_number(schema: TableSchema) -> None:
    assert schema.columns[:3] == RUN
    assert len(set(schema.names)) == len(schema.names)
    assert schema.measure == schema.names[-1]
    # Only the last column holds a measured number, and nothing else.
    assert schema.of_kind(Kind.NUMBER, Kind.OPTIONAL) == (schema.measure,)
    assert "split" in schema.of_kind(Kind.TEXT)


def test_every_analysis_has_one_schema_and_every_schema_an_analysis() -> None:
    assert set(TABLES) - {"history"} | set(ARRAYS) == set(ANALYSES)
    assert not set(TABLES) & set(ARRAYS)
    assert VARIANTS.of_kind(Kind.TEXT) == VARIANTS.names
    for name, schema in ARRAYS.items():
        assert schema.mark in schema.axes
        assert not any(schema.mark in other.axes for other in ARRAYS.values() if other.name != name)


# --- The reader ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_each_kind_of_table_is_read_with_its_types(name: str) -> None:
    schema = TABLES[name]
    path = write(Path("toy.csv"), head(schema) + line(schema, split="validation") + line(schema, seed="4"))
    (row,) = load_table(path, schema).to_dict("records")
    for column in schema.columns:
        number = column.kind is not Kind.TEXT
        expected = "test" if column.name == "split" else EXAMPLES[column.kind]
        assert row[column.name] == (4 if column.name == "seed" else float(expected) if number else expected)
    assert load_table(path, schema, split="validation")["seed"].tolist() == [3]
    assert load_table(path, schema, split=None)["seed"].tolist() == [3, 4]


def test_the_table_of_variants_holds_text_whatever_it_looks_like() -> None:
    path = write(Path("variants.csv"), head(VARIANTS) + 'NA,1,class_weight,1.50\nNA,1,hidden,"[512, 512]"\n')
    assert load_table(path, VARIANTS, split=None).to_numpy().tolist() == [
        ["NA", "1", "class_weight", "1.50"], ["NA", "1", "hidden", "[512, 512]"]
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_each_column_is_required(name: str, column: str) -> None:
    schema = TABLES[name]
    content = head(schema).replace(f"{column},", "other,") if column != schema.measure else head(schema)[:-2] + "\n"
    with pytest.raises(UserError, match=f"toy.csv: got columns .*, expected also {column}"):
        load_table(write(Path("toy.csv"), content + line(schema)), schema)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
@pytest.mark.parametrize("cell", ["", "many", "nan", "inf", "True"])
def test_cells_are_checked_by_the_kind_of_their_column(name: str, column: str, cell: str) -> None:
    schema = TABLES[name]
    kind = next(found.kind for found in schema.columns if found.name == column)
    allowed = {Kind.TEXT: {"", "many", "nan", "inf", "True"}, Kind.OPTIONAL: {"", "inf"}}.get(kind, set())
    for rows in ([line(schema, **{column: cell})], [line(schema), line(schema, **{column: cell})]):
        path = write(Path("toy.csv"), head(schema) + "".join(rows))
        if cell in allowed:
            found = load_table(path, schema, split=None)[column]
            assert str(found.iloc[-1]) == ("nan" if kind is Kind.OPTIONAL and not cell else cell)
        else:
            shown = "nan" if kind is Kind.NUMBER and not cell else cell
            with pytest.raises(UserError, match=f"toy.csv, column {column}: got '{shown}', expected finite numbers"):
                load_table(path, schema)


@pytest.mark.parametrize(
    ("cell", "key", "number"),
    [
        ("9" * 16, False, True),
        ("9" * 20, False, True),
        ("9" * 256, False, False),
        ("-" + "9" * 256, False, False),
        ("9" * 5000, False, False),
        ("1e99", False, True),
        ("1e300", False, False),
        ("18446744073709551615", False, True),
        ("1e-400", True, True),
    ],
)
def test_numbers_that_would_overflow_are_refused(cell: str, key: bool, number: bool) -> None:
    schema = TABLES["kl"]
    for column, allowed in (("seed", key), ("kl_nats", number)):
        for rows in ([line(schema, **{column: cell})], [line(schema), line(schema, **{column: cell})]):
            path = write(Path("toy.csv"), head(schema) + "".join(rows))
            if allowed:
                assert load_table(path, schema)[column].iloc[-1] == float(cell)
            else:
                with pytest.raises(UserError, match=f"toy.csv, column {column}: got '.*', expected finite numbers"):
                    load_table(path, schema)


# --- The rows of single runs ---------------------------------------------------------------------------------------

# Values with many digits, whole numbers and missing ones, so that each run alone would give other types.
VALUES = {
    0: ("1", "0.1"),
    1: ("", "1e-07"),
    2: ("12", "3"),
}


def metrics(seed: int, *, dataset: str = "glyphs", model: str = "n_vae", plus: str = "") -> str:
    """Return the rows of one run."""
    names = {"dataset": dataset, "model": model, "seed": str(seed)}
    return "".join(
        line(TABLES["metrics"], **names, split=split, metric=f"m{number}", value=f"{value}{plus}")
        for split in ("validation", "test")
        for number, value in enumerate(VALUES[seed])
    )


def write_runs(*seeds: int, plus: str = "") -> None:
    for seed in seeds:
        content = head(TABLES["metrics"]) + metrics(seed, plus=plus)
        write(LAYOUT.run_table("metrics", "glyphs", "n_vae", seed), content)


def write_joined(*seeds: int, plus: str = "") -> None:
    """Write the joined table, with rows of other models and data sets."""
    models = (("faces", "n_vae"), ("glyphs", "cvae"), ("glyphs", "n_vae"))
    rows = [metrics(seed, dataset=dataset, model=model, plus=plus) for dataset, model in models for seed in seeds]
    write(LAYOUT.table("metrics"), head(TABLES["metrics"]) + "".join(rows))


def read(seeds: tuple[int, ...]) -> pd.DataFrame:
    return RunTables(LAYOUT, lambda dataset, table: seeds).rows("metrics", "glyphs", "n_vae")


@pytest.mark.parametrize("seeds", [(0,), (1,), (0, 1), (0, 2), (0, 1, 2)])
def test_runs_and_the_joined_table_give_equal_rows(seeds: tuple[int, ...]) -> None:
    write_runs(*seeds)
    runs = read(seeds)
    assert runs["seed"].tolist() == [seed for seed in seeds for _ in VALUES[0]]
    assert set(runs["split"]) == {"test"}
    for seed in seeds:
        LAYOUT.run_table("metrics", "glyphs", "n_vae", seed).unlink()
    write_joined(*seeds)
    pd.testing.assert_frame_equal(read(seeds), runs)


def test_rows_come_from_the_runs_if_all_are_there_and_otherwise_from_the_joined_table_alone() -> None:
    write_joined(0, 1, 2, plus="7")
    write_runs(0, 2)
    source = RunTables(LAYOUT, lambda dataset, table: (0, 1, 2))
    assert source.paths("metrics", "glyphs", "n_vae") == [LAYOUT.table("metrics")]
    assert source.rows("metrics", "glyphs", "n_vae")["value"].tolist() == [17, 0.17, 7, 1e-77, 127, 37]
    write_runs(1)
    source = RunTables(LAYOUT, lambda dataset, table: (0, 1, 2))
    assert source.paths("metrics", "glyphs", "n_vae") == [
        LAYOUT.run_table("metrics", "glyphs", "n_vae", seed) for seed in (0, 1, 2)
    ]
    np.testing.assert_equal(source.rows("metrics", "glyphs", "n_vae")["value"].tolist(), [1, 0.1, np.nan, 1e-7, 12, 3])
    # Another variant has no tables of single runs.
    assert source.paths("metrics", "glyphs", "cvae") == [LAYOUT.table("metrics")]


def test_the_seeds_of_the_data_set_are_read_and_no_others() -> None:
    write_runs(0, 1, 2)
    source = RunTables(LAYOUT, lambda dataset, table: {"glyphs": (2, 0)}[dataset])
    assert source.rows("metrics", "glyphs", "n_vae")["seed"].tolist() == [2, 2, 0, 0]


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write_joined(0, 1)
    source = RunTables(LAYOUT, lambda dataset, table: (0, 1))
    first = source.rows("metrics", "glyphs", "n_vae")
    LAYOUT.table("metrics").unlink()
    pd.testing.assert_frame_equal(source.rows("metrics", "glyphs", "n_vae"), first)
    assert source.rows("metrics", "faces", "n_vae")["dataset"].tolist() == ["faces"] * 4


def test_the_message_about_missing_rows_has_the_file_that_should_have_them() -> None:
    with pytest.raises(UserError, match=r"^results/demo/tables/metrics.csv: got no such file"):
        read((0,))
    write_joined(0)
    with pytest.raises(UserError, match=r"tables/metrics.csv: got no row of glyphs, n_vae_no_bias, expected the rows"):
        RunTables(LAYOUT, lambda dataset, table: (0,)).rows("metrics", "glyphs", "n_vae_no_bias")
    write(LAYOUT.run_table("metrics", "glyphs", "n_vae", 0), head(TABLES["metrics"]) + metrics(0, model="cvae"))
    with pytest.raises(UserError, match=r"metrics/glyphs/n_vae/seed0.csv: got no row of glyphs, n_vae"):
        read((0,))


def test_rows_of_a_variant_are_those_of_its_data_set() -> None:
    table = pd.DataFrame({"dataset": ["a", "b", "b"], "model": ["x", "x", "y"], "seed": [0, 1, 2]})
    found = rows_of(table, Path("t.csv"), "b", "x")
    assert (found["seed"].tolist(), found.index.tolist()) == ([1], [0])


# --- Joining and splitting -----------------------------------------------------------------------------------------

AWKWARD = ['"T-shirt, top"', '"a ""quoted"" name"', "NA", '"two\r\nlines"', "", " é "]


def awkward(dataset: str, model: str, seed: int) -> str:
    """Return the KL table of a run whose classes have awkward names."""
    names = {"dataset": dataset, "model": model, "seed": str(seed)}
    rows = (
        line(TABLES["kl"], **names, image_class=str(k), image_class_name=name, kl_nats=f"0.{k}00")
        for k, name in enumerate(AWKWARD)
    )
    return head(TABLES["kl"]) + "".join(rows)


ONES = {
    run: awkward(*run)
    for run in (("glyphs", "n_vae", 0), ("NA", "n_vae", 0), ("glyphs", "cvae", 0), ("NA", "cvae", 10))
}


def joined(tables: dict[tuple[str, str, int], str], path: Path = Path("joined.csv")) -> Path:
    """Join tables with the command, and return the path of the joined table."""
    parts = [write(Path(f"parts/{number}.csv"), content) for number, content in enumerate(tables.values())]
    path.parent.mkdir(parents=True, exist_ok=True)
    assert main(["collect", *map(str, parts), "--out", str(path)]) == 0
    return path


def test_the_split_of_a_join_gives_back_each_runs_bytes() -> None:
    assert split(joined(ONES)) == {
        (dataset, model, str(seed)): content for (dataset, model, seed), content in ONES.items()
    }


def test_the_split_of_a_join_gives_back_what_pandas_wrote() -> None:
    tables = {}
    for seed in range(3):
        table = kl_table("garments").query("seed == @seed")
        table = table.assign(image_class_name=table["image_class_name"].replace("Dress", 'A "dress", NA'))
        tables["garments", "n_vae", seed] = table[list(TABLES["kl"].names)].to_csv(index=False)
    assert list(split(joined(tables)).values()) == list(tables.values())


def test_a_join_keeps_the_order_and_a_single_table_its_rows() -> None:
    a, b = write(Path("a.csv"), "x,y\n1,0.10\n"), write(Path("b.csv"), 'x,y\n",",\n')
    assert join([b, a]) == (["x", "y"], [[",", ""], ["1", "0.10"]])
    assert join([a]) == (["x", "y"], [["1", "0.10"]])


@pytest.mark.parametrize("missing", ["dataset", "model", "seed"])
def test_a_table_that_does_not_name_its_runs_is_not_split(missing: str) -> None:
    path = write(Path("a.csv"), awkward("glyphs", "n_vae", 0).replace(missing, "other", 1))
    with pytest.raises(UserError, match=f"a.csv: got columns .*, expected also {missing}"):
        split(path)


HISTORY = """dataset,model,seed,split,epoch,objective_nats,kl_own_nats
"a, b",n_vae,3,train,1,150.10,2.5e-07
"a, b",n_vae,3,validation,1,140.0,
"""


def test_a_history_gets_a_row_for_each_term_that_was_measured() -> None:
    columns, rows = melt_history(write(Path("history.csv"), HISTORY))
    assert tuple(columns) == TABLES["history"].names
    assert rows == [
        ["a, b", "n_vae", "3", "1", "train", "objective_nats", "150.10"],
        ["a, b", "n_vae", "3", "1", "train", "kl_own_nats", "2.5e-07"],
        ["a, b", "n_vae", "3", "1", "validation", "objective_nats", "140.0"],
    ]


def test_histories_with_other_terms_are_joined(folder: Path) -> None:
    other = HISTORY.replace("objective_nats,kl_own_nats", "critic_loss,generator_loss").replace("n_vae", "cgan")
    paths = [str(write(Path("a.csv"), HISTORY)), str(write(Path("b.csv"), other))]
    assert main(["collect", "--history", *paths, "--out", "out.csv"]) == 0
    table = load_table(Path("out.csv"), TABLES["history"], split=None)
    assert table["term"].tolist() == [
        *("objective_nats", "kl_own_nats", "objective_nats"), *("critic_loss", "generator_loss", "critic_loss")
    ]  # fmt: skip
    assert table["model"].tolist() == ["n_vae"] * 3 + ["cgan"] * 3


def test_a_table_that_is_no_history_is_rejected() -> None:
    path = write(Path("a.csv"), HISTORY.replace("epoch", "step"))
    with pytest.raises(UserError, match=r"a.csv: got columns dataset, .*, expected also epoch\. Make the table again"):
        melt_history(path)


# --- Restoring the tables of single runs ---------------------------------------------------------------------------

WANTED = [("kl", *run) for run in ONES]


def test_tables_of_single_runs_that_are_missing_are_restored() -> None:
    joined(ONES, LAYOUT.table("kl"))
    kept = write(LAYOUT.run_table(*WANTED[1]), "mine")
    date = kept.stat().st_mtime
    assert restore_run_tables(LAYOUT, WANTED[:3]) == 2
    for wanted in (WANTED[0], WANTED[2]):
        path = LAYOUT.run_table(*wanted)
        assert path.read_bytes().decode() == ONES[wanted[1:]]
    # An existing table is kept, and a table that is not wanted is not written.
    assert (kept.read_text(encoding="utf-8"), kept.stat().st_mtime) == ("mine", date)
    assert not LAYOUT.run_table(*WANTED[3]).exists()
    assert restore_run_tables(LAYOUT, WANTED) == 1
    assert restore_run_tables(LAYOUT, WANTED) == 0
    assert not [path for path in LAYOUT.results.rglob("*") if path.is_file() and path.suffix not in (".csv", ".json")]


def test_a_restored_table_gives_the_rows_of_the_joined_one() -> None:
    joined({run: content for run, content in ONES.items() if run[0] == "glyphs"}, LAYOUT.table("kl"))
    source = RunTables(LAYOUT, lambda dataset, table: (0,))
    before = source.rows("kl", "glyphs", "n_vae")
    assert restore_run_tables(LAYOUT, WANTED) == 2
    source = RunTables(LAYOUT, lambda dataset, table: (0,))
    assert source.paths("kl", "glyphs", "n_vae") == [LAYOUT.run_table("kl", "glyphs", "n_vae", 0)]
    pd.testing.assert_frame_equal(source.rows("kl", "glyphs", "n_vae"), before)


def test_what_no_joined_table_has_is_not_restored() -> None:
    assert restore_run_tables(LAYOUT, WANTED) == 0
    joined({("glyphs", "n_vae", 0): ONES["glyphs", "n_vae", 0]}, LAYOUT.table("kl"))
    wanted = [("kl", "glyphs", "n_vae", 0), ("kl", "glyphs", "n_vae", 1), ("metrics", "glyphs", "n_vae", 0)]
    assert restore_run_tables(LAYOUT, wanted) == 1
    assert list((LAYOUT.results / "runs").rglob("*.csv")) == [LAYOUT.run_table("kl", "glyphs", "n_vae", 0)]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: text.rindex(",")], "got 10 values, expected 11, one per column"),
        (lambda text: text.replace("seed", "run", 1), "got columns .*, expected also seed"),
        (lambda text: "", "got no table"),
        (lambda text: text.encode() + b"\x80", "got no table .*utf-8"),
    ],
)
def test_a_damaged_joined_table_is_reported_if_a_run_table_is_missing(
    damage: Callable[[str], str | bytes], message: str
) -> None:
    path = joined(ONES, LAYOUT.table("kl"))
    assert restore_run_tables(LAYOUT, WANTED) == 4
    write(path, damage(path.read_text(encoding="utf-8")))
    assert restore_run_tables(LAYOUT, WANTED) == 0
    LAYOUT.run_table(*WANTED[2]).unlink()
    with pytest.raises(UserError, match=rf"results/demo/tables/kl.csv.*{message}"):
        restore_run_tables(LAYOUT, WANTED)
    assert not LAYOUT.run_table(*WANTED[2]).exists()
