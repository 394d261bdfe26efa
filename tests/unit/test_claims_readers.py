"""Each reader on tables that are small enough to check by hand."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nvae.claims import readers
from nvae.claims.schema import READ_FROM, Quantity
from nvae.errors import UserError
from nvae.tables.reading import load_table
from nvae.tables.schemas import TABLES

#: Test and validation rows of one variant; columns that no reader uses are added.
ROWS = {
    "metrics": """
        seed split metric value
        0 validation kl 90
        0 test kl 1.5
        0 test other 80
        2 test kl 2.5
        2 test other 80
        2 validation kl 90
    """,
    "aggregate": """
        seed split metric dim value
        0 test share 0 0.1
        0 test share 1 0.4
        0 test mean_share -1 9
        1 test share 0 0.3
        1 test share 1 0.2
        1 test mean_share -1 8
        0 test mixed -1 7
        0 test mixed 0 6
        1 test mixed -1 5
        1 test mixed 0 4
        0 validation share 0 0.9
    """,
    "fidelity": """
        seed split sigma metric value
        0 test 1.0 recall 0.1
        0 test 2.5 recall 0.2
        0 test 2.5 other 0.9
        1 test 1.0 recall 0.3
        1 test 2.5 recall 0.4
        0 validation 1.0 recall 0.9
    """,
    # KL of the own block: class 0 has 3 (seed 0) and 5 (seed 1), class 1 has 4 and 1, class 2 has 2 and 2. The other
    # rows must be ignored.
    "kl": """
        seed split image_class kind latent_class dim kl_nats
        0 test 0 class 0 0 1
        0 test 0 class 0 1 2
        0 test 0 class 1 0 50
        0 test 0 shared -1 0 60
        0 test 1 class 1 0 4
        0 test 1 class 1 1 0
        0 test 2 class 2 0 1
        0 test 2 class 2 1 1
        1 test 0 class 0 0 5
        1 test 0 class 0 1 0
        1 test 1 class 1 0 0.5
        1 test 1 class 1 1 0.5
        1 test 2 class 2 0 2
        1 test 2 class 2 1 0
        1 validation 2 class 2 0 99
    """,
    # Rows in another order than that of σ, so that the reader has to sort them.
    "augmentation": """
        seed sigma generated_share split error_pct
        0 3.0 0.5 test 1.0
        0 1.0 0.5 test 4.0
        0 2.0 0.5 test 3.7
        1 1.0 0.5 test 2.0
        1 2.0 0.5 test 2.0
        1 3.0 0.5 test 2.0
        2 1.0 0.5 test 1.0
        2 2.0 0.5 test 3.0
        2 3.0 0.5 test 2.0
        0 1.0 1.0 test 70
        1 1.0 1.0 test 71
        2 1.0 1.0 test 72
        0 1.0 0.5 validation 99
    """,
    "responses": """
        seed split image_class kind dim metric value
        0 test 2 class 0 change 1
        0 test 2 class 1 change 5
        0 test 2 class 2 change 3
        0 test 7 class 0 change 10
        0 test 7 class 1 change 2
        0 test 7 class 2 change 6
        0 test 2 shared 0 change 100
        0 test 7 shared 0 change 200
        0 test 7 class 0 bar 0.9
        1 test 2 class 0 change 0
        1 test 2 class 1 change 0
        1 test 2 class 2 change 0
        1 test 7 class 0 change 4
        1 test 7 class 1 change 4
        1 test 7 class 2 change 1
        1 test 2 shared 0 change 300
        1 test 7 shared 0 change 300
        1 test 7 class 0 bar 0.7
        0 validation 7 class 0 bar 0.1
    """,
}
CHANGE = {"kind": "response", "metric": "change"}


def table(kind: str) -> pd.DataFrame:
    """Return a table of `ROWS` with all columns of its schema."""
    head, *lines = [line.split() for line in ROWS[kind].strip().splitlines()]
    frame = pd.DataFrame(lines, columns=head)
    words = [column for column in head if column in ("split", "metric", "kind")]
    numbers = frame.drop(columns=words).apply(pd.to_numeric)
    others = {"dataset": "mnist", "model": "n_vae", "image_class_name": "NA", "n_images": 7}
    return pd.concat([frame[words], numbers], axis=1).assign(**others)[list(TABLES[kind].names)]


def read(kind: str, frame: pd.DataFrame, folder: Path, /, **how: Any) -> readers.PerSeed:
    """Write a table, load it, and read a quantity from its test rows."""
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    quantity = Quantity.model_validate({"table": kind, "role": "digits", "variant": "n_vae", "read": how})
    return readers.read(load_table(path, TABLES[kind]), quantity)


@pytest.mark.parametrize(
    ("kind", "how", "expected"),
    [
        ("metrics", {"kind": "metric", "name": "kl"}, {0: 1.5, 2: 2.5}),
        ("aggregate", {"kind": "metric", "name": "mean_share"}, {0: 9, 1: 8}),
        ("aggregate", {"kind": "metric", "name": "mixed"}, {0: 7, 1: 5}),
        ("aggregate", {"kind": "largest_metric", "name": "share"}, {0: 0.4, 1: 0.3}),
        # Dimension −1 stands for all dimensions and is not one of them.
        ("aggregate", {"kind": "largest_metric", "name": "mixed"}, {0: 6, 1: 4}),
        ("fidelity", {"kind": "metric", "name": "recall", "sigma": 2.5}, {0: 0.2, 1: 0.4}),
        ("kl", {"kind": "own_block_of_class", "rank": 1}, {0: 4, 1: 5}),
        ("kl", {"kind": "own_block_of_class", "rank": 2}, {0: 3, 1: 2}),
        ("kl", {"kind": "own_block_of_class", "rank": 3}, {0: 2, 1: 1}),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": 2.0}, {0: 3.7, 1: 2, 2: 3}),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": "largest"}, {0: 1, 1: 2, 2: 2}),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": "mean"}, {0: 2.9, 1: 2, 2: 2}),
        ("augmentation", {"kind": "error", "share": 1.0, "sigma": "mean"}, {0: 70, 1: 71, 2: 72}),
        # Seed 0 falls, seed 1 is constant, and seed 2 has ranks 1 3 2 against 1 2 3.
        ("augmentation", {"kind": "error_trend", "share": 0.5}, {0: -1, 1: 0, 2: 0.5}),
        ("responses", {**CHANGE, "block": "class", "reduce": "sum"}, {0: (9 + 18) / 2, 1: (0 + 9) / 2}),
        ("responses", {**CHANGE, "block": "class", "reduce": "max"}, {0: (5 + 10) / 2, 1: (0 + 4) / 2}),
        ("responses", {**CHANGE, "block": "class", "reduce": "mean"}, {0: (3 + 6) / 2, 1: (0 + 3) / 2}),
        ("responses", {**CHANGE, "block": "class", "reduce": "second"}, {0: (3 + 6) / 2, 1: (0 + 4) / 2}),
        ("responses", {**CHANGE, "block": "class", "reduce": "second", "image_class": 7}, {0: 6, 1: 4}),
        ("responses", {**CHANGE, "block": "shared", "reduce": "sum"}, {0: 150, 1: 300}),
        (
            "responses",
            {"kind": "response", "metric": "bar", "block": "class", "reduce": "max", "image_class": 7},
            {0: 0.9, 1: 0.7},
        ),
    ],
)
def test_value_per_seed(kind: str, how: dict[str, Any], expected: dict[int, float], tmp_path: Path) -> None:
    found = read(kind, table(kind), tmp_path, **how)
    assert found == pytest.approx(expected)
    assert all(type(seed) is int and type(value) is float for seed, value in found.items())
    # The order of rows does not matter.
    assert read(kind, table(kind).iloc[::-1], tmp_path, **how) == pytest.approx(expected)


def test_columns_outside_the_schema_are_ignored(tmp_path: Path) -> None:
    frame = table("metrics").assign(image_class_name="NA", number=99)
    assert read("metrics", frame, tmp_path, kind="metric", name="kl") == {0: 1.5, 2: 2.5}


@pytest.mark.parametrize(
    ("kind", "how", "message"),
    [
        ("metrics", {"kind": "metric", "name": "no"}, "metric: got kl, other, expected also no"),
        ("fidelity", {"kind": "metric", "name": "recall", "sigma": 9.0}, r"sigma: got 1\.0, 2\.5, expected also 9\.0"),
        ("aggregate", {"kind": "metric", "name": "share"}, "dim: got 0, 1, expected also -1"),
        ("aggregate", {"kind": "largest_metric", "name": "mean_share"}, "metric mean_share: got only dim −1"),
        ("kl", {"kind": "own_block_of_class", "rank": 4}, "rank 4: got 3 classes"),
        (
            "augmentation",
            {"kind": "error", "share": 0.25, "sigma": "mean"},
            "generated_share: got .*expected also 0.25",
        ),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": 1.5}, "sigma: got .*expected also 1.5"),
        ("augmentation", {"kind": "error_trend", "share": 1.0}, r"share 1\.0: got σ 1\.0 only"),
        ("responses", {**CHANGE, "block": "shared", "reduce": "second"}, "metric change: got one dimension"),
        (
            "responses",
            {**CHANGE, "block": "class", "reduce": "max", "image_class": 3},
            "image_class: got 2, 7, expected",
        ),
        (
            "responses",
            {"kind": "response", "metric": "bar", "block": "shared", "reduce": "max"},
            "kind: got class, expected also shared",
        ),
    ],
)
def test_a_missing_value_of_a_column_is_reported(kind: str, how: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(kind, table(kind), tmp_path, **how)


def test_a_model_without_blocks_has_no_own_block(tmp_path: Path) -> None:
    shared = table("kl").assign(kind="shared", latent_class=-1)
    with pytest.raises(UserError, match="kind: got shared, expected also class"):
        read("kl", shared, tmp_path, kind="own_block_of_class", rank=1)


@pytest.mark.parametrize(
    ("kind", "how", "label"),
    [
        ("metrics", {"kind": "metric", "name": "kl"}, "seed 0, metric kl"),
        ("aggregate", {"kind": "largest_metric", "name": "share"}, "seed 0, dim 0"),
        ("kl", {"kind": "own_block_of_class", "rank": 1}, "seed 0, image_class 0, dim 0"),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": "mean"}, "seed 0, sigma 3.0"),
        ("responses", {**CHANGE, "block": "class", "reduce": "sum"}, "seed 0, image_class 2, dim 0"),
    ],
)
def test_a_duplicate_row_is_refused(kind: str, how: dict[str, Any], label: str, tmp_path: Path) -> None:
    frame = table(kind)
    twice = frame[frame["split"] == "test"].iloc[[0]]
    with pytest.raises(UserError, match=rf"{label}: got two rows or more, expected one\."):
        read(kind, pd.concat([frame, twice]), tmp_path, **how)


@pytest.mark.parametrize(
    ("kind", "how", "row", "label"),
    [
        ("aggregate", {"kind": "largest_metric", "name": "share"}, 4, "seed 1, dim 1"),
        ("kl", {"kind": "own_block_of_class", "rank": 1}, 12, "seed 1, image_class 2, dim 0"),
        ("augmentation", {"kind": "error", "share": 0.5, "sigma": "mean"}, 5, r"seed 1, sigma 3\.0"),
        ("responses", {**CHANGE, "block": "class", "reduce": "max"}, 14, "seed 1, image_class 7, dim 2"),
    ],
)
def test_a_row_that_is_missing_for_one_seed_is_reported(
    kind: str, how: dict[str, Any], row: int, label: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"{label}: got no row, expected one"):
        read(kind, table(kind).drop(index=row), tmp_path, **how)


#: A quantity that is read from the last test row of each table.
OF_LAST_ROW: dict[str, dict[str, Any]] = {
    "metrics": {"kind": "metric", "name": "other"},
    "aggregate": {"kind": "largest_metric", "name": "mixed"},
    "fidelity": {"kind": "metric", "name": "recall", "sigma": 2.5},
    "kl": {"kind": "own_block_of_class", "rank": 1},
    "augmentation": {"kind": "error", "share": 1.0, "sigma": "mean"},
    "responses": {"kind": "response", "metric": "bar", "block": "class", "reduce": "max", "image_class": 7},
}


@pytest.mark.parametrize("wrong", ["", "inf", "nan", "oops"])
@pytest.mark.parametrize("kind", sorted(ROWS))
def test_a_number_that_is_not_finite_is_refused(kind: str, wrong: str, tmp_path: Path) -> None:
    """In a test row a number must not be missing, infinite or a word."""
    frame = table(kind).astype({TABLES[kind].measure: object})
    frame.loc[frame.index[frame["split"] == "test"][-1], TABLES[kind].measure] = wrong
    with pytest.raises(UserError, match=r"expected (a finite number|finite numbers)\."):
        read(kind, frame, tmp_path, **OF_LAST_ROW[kind])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("9" * 256, "column seed: got '9999"),
        ("1e300", r"column seed: got '1e\+300', expected finite numbers below"),
        ("0.5", "column seed: got .*0.5.*, expected whole numbers"),
    ],
)
def test_a_seed_that_is_no_whole_number_is_refused(cell: str, message: str, tmp_path: Path) -> None:
    frame = table("metrics").astype({"seed": object})
    frame.loc[frame.index[frame["split"] == "test"][-1], "seed"] = cell
    with pytest.raises(UserError, match=message):
        read("metrics", frame, tmp_path, **OF_LAST_ROW["metrics"])


@pytest.mark.parametrize("kind", sorted(set(ROWS) - {"kl"}))
def test_an_undefined_number_in_a_validation_row_does_not_matter(kind: str, tmp_path: Path) -> None:
    """A measure may be undefined (except for a KL), and claims use test rows only."""
    frame = table(kind)
    expected = read(kind, frame, tmp_path, **OF_LAST_ROW[kind])
    validation = frame["split"] == "validation"
    assert validation.any()
    frame = frame.astype({TABLES[kind].measure: object})
    frame.loc[validation, TABLES[kind].measure] = ""
    assert read(kind, frame, tmp_path, **OF_LAST_ROW[kind]) == pytest.approx(expected)


def test_the_quantities_of_the_last_row_are_of_every_table_that_is_read() -> None:
    readable = {name for names in READ_FROM.values() for name in names}
    assert set(OF_LAST_ROW) == set(ROWS) == readable <= set(TABLES)
