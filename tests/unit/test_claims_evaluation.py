"""Evaluation over seeds: which seeds are used, how they are paired, and numbers that are not finite."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nvae.claims import evaluation
from nvae.tables.reading import load_table
from nvae.tables.schemas import TableSchema
from tests.unit.test_claims_command import (
    OWN,
    SHARED,
    by_seed,
    claim,
    claims,
    first,
    new_project,
    quantity,
    write_claims,
    write_table,
)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new_project()


def test_a_claim_with_more_criteria_has_wider_intervals() -> None:
    alone = first()["criteria"][0]
    more = [{**claim()["criteria"][0], "name": f"again {index}"} for index in range(12)]
    write_claims(claim(criteria=more))
    among = first()["criteria"][0]
    assert among["confidence"] == pytest.approx(1 - 0.05 / 12)
    # t(1 - 0.05 / 24, 4) = 5.8853 where t(1 - 0.05 / 2, 4) = 2.7764.
    widths = [criterion["interval"][1] - criterion["interval"][0] for criterion in (alone, among)]
    assert widths[1] / widths[0] == pytest.approx(5.8853 / 2.7764, rel=1e-3)


def test_seeds_are_paired_by_number_and_not_by_position() -> None:
    """The difference between seeds is much larger than that of own and shared within a seed."""
    own = {seed: 100.0 * seed + 1 + 0.01 * seed for seed in range(5)}
    shared = {seed: 100.0 * seed for seed in reversed(range(5))}
    write_claims(claim(quantities={"own": quantity("own"), "shared": quantity("shared", "cvae")}))
    write_table({"own": own})
    write_table({"shared": shared}, variant="cvae")
    found = first()
    assert found["verdict"] == "reproduced"
    assert found["criteria"][0]["values"] == pytest.approx({str(seed): 1 + 0.01 * seed for seed in range(5)})


def test_only_seeds_that_every_quantity_has_are_used_and_others_are_named() -> None:
    write_table({"own": by_seed(OWN), "shared": {1: 5.1, 2: 5.9, 4: 5.4, 9: 0.0}})
    found = first()
    assert found["n_seeds"] == 3
    assert list(found["criteria"][0]["values"]) == ["1", "2", "4"]
    assert found["verdict"] == "undecided"
    assert found["note"] == "holds, but with 3 of 5 seeds; seeds left out because a quantity lacks them: 0, 3, 9"


def test_no_seed_in_common_is_not_tested() -> None:
    write_table({"own": {0: 1.0, 1: 2.0}, "shared": {2: 1.0}})
    found = first()
    assert (found["verdict"], found["n_seeds"], found["note"]) == (
        "not tested",
        0,
        "no seed that every quantity has",
    )
    assert (found["criteria"][0]["estimate"], found["criteria"][0]["outcome"]) == (None, "not tested")


def test_one_seed_gives_a_direction_but_no_interval() -> None:
    for shared, toward in ((4.0, True), (6.0, False)):
        write_table({"own": {0: 5.0}, "shared": {0: shared}})
        found = first()
        assert (found["verdict"], found["note"]) == ("undecided", "1 of 5 seeds, no interval")
        assert (found["criteria"][0]["interval"], found["criteria"][0]["toward"]) == (None, toward)


def test_equal_values_give_an_interval_of_one_point() -> None:
    write_table({"own": dict.fromkeys(range(5), 0.3), "shared": dict.fromkeys(range(5), 0.1)})
    found = first()
    assert found["verdict"] == "reproduced"
    assert found["criteria"][0]["interval"] == [0.2, 0.2]


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("own / shared", {0: 1.0, 1: 0.0}, "seed 1: got a division by zero in 'own / shared'"),
        ("own * 1e308 * shared", {0: 1.0, 1: 99.0}, "seed 1: got inf in"),
    ],
)
def test_a_number_that_is_not_finite_is_an_error(
    expression: str, values: dict[int, float], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_claims(claim(criteria=[{**claim()["criteria"][0], "expression": expression}]))
    write_table({"own": {0: 1.0, 1: 2.0}, "shared": values})
    claims(code=2)
    assert f"claim C1, criterion 'difference', {message}" in capsys.readouterr().err


def test_a_row_that_a_table_lacks_is_reported_with_claim_quantity_and_path(capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table({"own": by_seed(OWN)})
    claims(code=2)
    expected = f"claim C1, quantity shared from {path}: metric: got own, expected also shared."
    assert expected in capsys.readouterr().err


def _without_column(path: Path) -> None:
    pd.read_csv(path).drop(columns="value").to_csv(path, index=False)


def _without_test_rows(path: Path) -> None:
    pd.read_csv(path).assign(split="validation").to_csv(path, index=False)


@pytest.mark.parametrize("allowed", [[], ["--allow-missing"]])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without_column, ": got columns dataset, model, seed, split, metric, expected also value."),
        (_without_test_rows, ": got splits ['validation'], expected rows whose split is test."),
        (lambda path: path.write_bytes(b""), ": got no table ("),
        (lambda path: path.write_bytes(b"a,b\n1,2,3,4\n1\n"), ": got "),
        (lambda path: path.write_bytes(b"\xff\xfe\xfa"), ": got no table ("),
        (
            lambda path: path.write_text(
                path.read_text(encoding="utf-8").replace("1000.0\n", "many\n"), encoding="utf-8"
            ),
            ", column value: got 'many', exp",
        ),
    ],
)
def test_a_damaged_table_is_an_error_with_claim_quantity_and_path(
    damage: Callable[[Path], object], message: str, allowed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged table does not count as a missing one."""
    path = write_table({"own": by_seed(OWN), "shared": by_seed(OWN)})
    damage(path)
    claims(*allowed, code=2)
    (line,) = capsys.readouterr().err.splitlines()
    assert f"claim C1, quantity own from {path}{message}" in line
    assert f"Make it with `snakemake --cores 2 -- {path}`." in line


def test_a_table_is_read_once_for_all_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = []

    def load_and_record(path: Path, schema: TableSchema) -> pd.DataFrame:
        paths.append(path)
        return load_table(path, schema)

    monkeypatch.setattr(evaluation, "load_table", load_and_record)
    write_claims(claim(), claim(id="C2"))
    claims()
    assert paths == [Path("results/paper/tables/metrics.csv")]


def test_rows_of_the_run_are_used_and_no_others() -> None:
    """The table has the same metrics of other variants and data sets, with other seeds."""
    write_table({"own": dict.fromkeys(range(5), 77.0), "shared": dict.fromkeys(range(6), 0.0)}, variant="cvae")
    assert first()["criteria"][0]["values"] == pytest.approx(
        {str(seed): own - shared for seed, (own, shared) in enumerate(zip(OWN, SHARED, strict=True))}
    )
