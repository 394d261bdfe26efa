"""``nvae compare`` prints one line per table and claim, and writes one row per group."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from nvae.cli import main
from nvae.comparison import Group, Verdict
from nvae.layout import Layout
from nvae.tables.schemas import TABLES
from tests.unit.wrong_world import make_project, put

PAPER = Layout("paper")
METRICS = PAPER.table("metrics")
Values = dict[str, list[float]]
#: The numbers of project A and of project B, by metric and seed.
A: Values = {"bound": [1, 2, 3], "accuracy_pct": [90, 91, 92], "kl_own_nats": [1, 1.1, 1.2], "mse": [1], "extra": [5]}
B: Values = {"bound": [1, 2, 3], "accuracy_pct": [91, 92, 93], "kl_own_nats": [7, 7.1, 7.2], "mse": [2]}


def fill(root: str, values: Values, verdict: str, dataset: str = "mnist") -> None:
    rows = [
        (dataset, "n_vae", seed, "test", metric, number)
        for metric, numbers in values.items()
        for seed, number in enumerate(numbers)
    ]
    put(f"{root}/{METRICS}", pd.DataFrame(rows, columns=TABLES["metrics"].names).to_csv(index=False))
    criteria = [{"name": "own\x1b[2J", "estimate": values["bound"][0]}, {"name": "other", "estimate": None}]
    put(f"{root}/{PAPER.claims}", json.dumps({"claims": [{"id": "C1", "verdict": verdict, "criteria": criteria}]}))
    put(f"{root}/paper_figs/fig05_kl_per_dimension.png", verdict)
    put(f"{root}/paper_figs/fig04_graphical_model.png", "model")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project, which is the current folder, with another one in its folder ``other``."""
    make_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    fill("other", A, "undecided")
    fill(".", B, "reproduced")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["compare", *arguments]) == 0
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def counts(lines: list[str], table: str) -> list[int]:
    (line,) = (line for line in lines if line.startswith(table))
    return [int(number) for number in line.removeprefix(table).split()]


def test_each_table_has_a_line_with_its_verdicts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "other")
    assert lines[:3] == ["profile paper", f"A: {project / 'other'}", f"B: {project}"]
    heads = ["table", "groups", "equal", "within", "beyond", "one seed", "differ", "only A", "only B", "other seeds"]
    assert re.split(" {2,}", lines[4]) == heads
    assert counts(lines, "metrics") == [5, 1, 1, 1, 1, 0, 1, 0, 0]
    assert counts(lines, "figures") == [2, 1, 0, 0, 0, 1, 0, 0, 0]
    assert lines[-1] == (
        "5 groups; 1 equal; 1 within the spread of seeds; 1 beyond the spread of seeds; "
        "1 differs, no spread known (one seed); 1 only in A; 0 of 1 claims equal; 1 of 2 figures equal"
    )


def test_claims_have_their_verdicts_and_estimates(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill("other", {**A, "bound": [0.5]}, "undecided")
    lines = run(capsys, "other")
    claims = [" ".join(line.split()) for line in lines if line.startswith("C1")]
    assert claims == [
        "C1 own\\x1b[2J undecided / reproduced differs 0.5 1",
        "C1 other undecided / reproduced differs – –",
    ]


def test_every_group_that_differs_is_listed_on_request(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill("other", {**A, "accuracy_pct": [90, 91]}, "undecided")
    assert not any("metric=" in line for line in run(capsys, "other"))
    listed = [line for line in run(capsys, "other", "--all") if "metric=" in line]
    start = "metrics, dataset=mnist, model=n_vae, split=test, metric="
    assert [line.removeprefix(start).partition("; p")[0] for line in listed] == [
        "accuracy_pct: within the spread of seeds; 90.5 / 92",
        "extra: only in A; 5 / –",
        "kl_own_nats: beyond the spread of seeds; 1.1 / 7.1",
        "mse: differs, no spread known (one seed); 1 / 2",
    ]
    assert listed[0].endswith("; seeds 0 1 / 0 1 2")


def test_the_csv_has_one_row_per_group_and_no_sidecar(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "other", "--out", "made/comparison.csv")
    assert [path.name for path in Path("made").iterdir()] == ["comparison.csv"]
    table = pd.read_csv("made/comparison.csv")
    assert list(table.columns) == list(Group._fields)
    assert table["table"].tolist() == ["metrics"] * 5 + ["claims"] * 2 + ["figures"] * 2
    beyond = table[table["verdict"] == Verdict.BEYOND].squeeze()
    assert (beyond["mean_a"], beyond["mean_b"], beyond["seeds_a"]) == (pytest.approx(1.1), pytest.approx(7.1), "0 1 2")
    assert 0 < beyond["p_holm"] < 0.05
    assert table["p_holm"].notna().sum() == 2


def test_two_folders_can_be_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "other", "other")[-1].startswith("5 groups; 5 equal; 1 of 1 claims equal; 2 of 2 figures equal")


def test_a_figure_limits_the_comparison(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "other", "--figure", "fig04")
    assert lines[-1] == "0 groups; 1 of 1 figures equal"
    # Figure S6 has the metrics of n_vae on three data sets, and their settings.
    for root, weight in (("other", "2.0"), (".", "1.5")):
        settings = f"mnist,n_vae,class_weight,{weight}\nmnist,cvae,hidden,{weight}\n"
        put(f"{root}/{PAPER.table('variants')}", f"dataset,model,parameter,setting\n{settings}")
    lines = run(capsys, "other", "--figure", "supp06", "--figure", "fig04")
    assert counts(lines, "metrics") == [5, 1, 1, 1, 1, 0, 1, 0, 0]
    assert counts(lines, "variants") == [1, 0, 0, 0, 0, 1, 0, 0, 0]
    assert not any(line.startswith("C1") for line in lines)


def test_another_profile_has_results_of_its_own(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "other", "--profile", "demo"]) == 2
    assert "other: got no results of profile demo to compare" in capsys.readouterr().err
