"""``nvae claims``: its files, verdicts over seeds, missing tables and runs, and the table in the README."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from nvae import cli
from nvae.claims import readme, report
from nvae.claims.readme import readme_table, with_table
from nvae.layout import Layout
from nvae.provenance import sha256
from nvae.tables.schemas import TABLES

ROOT = Path(__file__).parents[2]
OWN, SHARED = [5.0, 6.0, 7.0, 5.5, 6.5], [4.0, 5.1, 5.9, 4.6, 5.4]
HERE = {"paper": "fashion_mnist", "demo": "garments"}


def quantity(name: str, variant: str = "n_vae", table: str = "metrics") -> dict[str, object]:
    return {"table": table, "role": "fashion", "variant": variant, "read": {"kind": "metric", "name": name}}


def claim(**changes: object) -> dict[str, Any]:
    return {
        "id": "C1",
        "sentence": "Own is | more.",
        "where": "Figure 5",
        "figure": "fig05_kl_per_dimension",
        "min_seeds": 5,
        "quantities": {"own": quantity("own"), "shared": quantity("shared")},
        "criteria": [
            {"name": "difference", "expression": "own - shared", "above": 0, "unit": "nats", "reason": "More is more."}
        ],
    } | changes


def write_claims(*claims: dict[str, Any]) -> None:
    Path("claims.yaml").write_text(yaml.safe_dump({"claims": list(claims)}, allow_unicode=True), encoding="utf-8")


def write_table(columns: dict[str, dict[int, float]], *, profile: str = "paper", variant: str = "n_vae") -> Path:
    """Write the rows of one variant to the table of metrics, from metric → seed → value.

    A new table also has rows of other runs with the same metrics, which must not be read.
    """
    path = Layout(profile).table("metrics")
    names, run = list(TABLES["metrics"].names), (HERE[profile], variant)
    others = [
        (*other, seed, "test", name, 1000.0 + seed)
        for other in ((HERE[profile], "ac_gan"), ("mnist", "n_vae"), ("mnist", "cvae"))
        for name in ("own", "shared")
        for seed in range(7)
    ]
    table = pd.read_csv(path) if path.is_file() else pd.DataFrame(others, columns=names)
    rows = [(*run, seed, "test", name, value) for name, values in columns.items() for seed, value in values.items()]
    kept = table[(table["dataset"] != run[0]) | (table["model"] != run[1])]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat([kept, pd.DataFrame(rows, columns=names)]).to_csv(path, index=False)
    return path


def by_seed(values: list[float]) -> dict[int, float]:
    return dict(enumerate(values))


def new_project() -> None:
    """Write params.yaml, one claim and its table with five seeds to the working directory."""
    Path("params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    write_claims(claim())
    write_table({"own": by_seed(OWN), "shared": by_seed(SHARED)})


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    new_project()


def test_what_a_claim_names_is_printed_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    [criterion] = claim()["criteria"]
    write_claims(claim(criteria=[{**criterion, "name": "more\x1b[2J", "unit": "nats\x9b1m\n"}]))
    claims()
    out = capsys.readouterr().out
    assert r"more\x1b[2J" in out
    assert r"> 0 nats\x9b1m" in out
    assert all(line.isprintable() for line in out.split("\n"))


@pytest.mark.parametrize("name", ["../../etc/passwd", "fig05/x", "", "a b", "x](https://elsewhere)"])
def test_the_figure_of_a_claim_is_a_plain_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_claims(claim(figure=name))
    claims(code=2)
    assert f"claim C1.figure: got {name!r}, expected" in capsys.readouterr().err


def claims(*args: str, code: int = 0) -> None:
    assert cli.main(["claims", *args]) == code


def result(*args: str) -> dict[str, Any]:
    claims("--out", "c.json", *args)
    content: dict[str, Any] = json.loads(Path("c.json").read_text(encoding="utf-8"))
    return content


def first(*args: str) -> dict[str, Any]:
    found: dict[str, Any] = result(*args)["claims"][0]
    return found


def test_the_result_has_everything_that_the_verdict_depends_on() -> None:
    table = Path("results/paper/tables/metrics.csv")
    found = first()
    (criterion,) = found.pop("criteria")
    assert found == {
        "id": "C1",
        "sentence": "Own is | more.",
        "where": "Figure 5",
        "figure": "paper_figs/fig05_kl_per_dimension.png",
        "verdict": "reproduced",
        "note": "",
        "min_seeds": 5,
        "n_seeds": 5,
        "evidence": [{"path": table.as_posix(), "sha256": sha256(table)}],
    }
    low, high = criterion.pop("interval")
    # Differences 1.0 0.9 1.1 0.9 1.1: mean 1, standard deviation 0.1, t(0.975, 4) = 2.7764.
    assert (low, high) == pytest.approx((1 - 2.7764 * 0.1 / 5**0.5, 1 + 2.7764 * 0.1 / 5**0.5), abs=1e-4)
    assert criterion == {
        "name": "difference",
        "expression": "own - shared",
        "estimate": 1.0,
        "confidence": 0.95,
        "n": 5,
        "values": {"0": 1.0, "1": 0.9, "2": 1.1, "3": 0.9, "4": 1.1},
        "threshold": 0,
        "direction": "above",
        "unit": "nats",
        "toward": True,
        "outcome": "holds",
        "reason": "More is more.",
    }


def test_files_are_written_to_the_profile_with_sidecars_and_are_reproducible(
    capsys: pytest.CaptureFixture[str],
) -> None:
    claims()
    assert "C1     reproduced  5  difference  1         [0.876, 1.12]  > 0 nats  holds" in capsys.readouterr().out
    files = [Path("results/paper/claims.json"), Path("results/paper/claims.csv")]
    before = [path.read_bytes() for path in files]
    for path in files:
        made = json.loads(path.with_name(path.name + ".meta.json").read_text(encoding="utf-8"))["made_from"]
        assert made["verb"] == "claims"
        assert made["sha256"] == sha256(path)
        assert {part["path"] for part in made["inputs"].values()} == {
            "claims.yaml",
            "results/paper/tables/metrics.csv",
        }
    claims()
    assert [path.read_bytes() for path in files] == before


def test_the_csv_has_one_row_per_criterion() -> None:
    second = {"name": "ratio", "expression": "own / shared", "below": 9.0, "unit": "", "reason": "Less."}
    write_claims(claim(criteria=[*claim()["criteria"], second]))
    content = result()
    with Path("c.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == list(report.COLUMNS)
    assert [(row["claim"], row["criterion"], row["direction"], row["interval"]) for row in rows] == [
        ("C1", "difference", "above", "t"),
        ("C1", "ratio", "below", "t"),
    ]
    for row, criterion in zip(rows, content["claims"][0]["criteria"], strict=True):
        assert [float(row[key]) for key in ("estimate", "low", "high", "confidence")] == [
            criterion["estimate"],
            *criterion["interval"],
            0.975,
        ]


def test_a_negative_verdict_is_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    write_table({"own": by_seed(SHARED), "shared": by_seed(OWN)})
    assert first()["verdict"] == "not reproduced"
    assert "fails, other side" in capsys.readouterr().out


def test_another_profile_never_reproduces_the_paper() -> None:
    write_table({"own": by_seed(OWN), "shared": by_seed(SHARED)}, profile="demo")
    found = first("--profile", "demo")
    assert (found["verdict"], found["note"]) == ("undecided", "holds, but profile demo is not the paper's data")
    assert found["figure"] == "results/demo/figures/fig05_kl_per_dimension.png"
    write_table({"own": by_seed(SHARED), "shared": by_seed(OWN)}, profile="demo")
    found = first("--profile", "demo")
    assert (found["verdict"], found["note"]) == ("not reproduced", "profile demo is not the paper's data")


AGGREGATE = "results/paper/tables/aggregate.csv"
METRICS = "results/paper/tables/metrics.csv"


@pytest.mark.parametrize(
    ("shared", "got", "variant", "path"),
    [
        (quantity("shared", table="aggregate"), f"no file {AGGREGATE}", "n_vae", AGGREGATE),
        # The table has rows of this variant on another data set.
        (quantity("shared", "cvae"), f"no such row in {METRICS}", "cvae", METRICS),
    ],
)
def test_a_missing_table_or_run_names_claim_quantity_and_target(
    shared: dict[str, object], got: str, variant: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_claims(claim(quantities={"own": quantity("own"), "shared": shared}))
    claims(code=2)
    expected = f"a table with rows of fashion_mnist, {variant}"
    hint = f"Make it with `snakemake --cores 2 -- {path}`, or pass --allow-missing."
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"claim C1, quantity shared: got {got}, expected {expected}. {hint}")
    assert not Path("results/paper/claims.json").exists()


def test_missing_tables_and_runs_may_be_allowed() -> None:
    no_file = {name: quantity(name, table=table) for name, table in (("own", "metrics"), ("shared", "aggregate"))}
    no_rows = {"own": quantity("own"), "shared": quantity("shared", "cvae")}
    neither = {"own": quantity("own", "cgan"), "shared": quantity("shared", "cvae")}
    lacking = [claim(id=f"C{place}", quantities=q) for place, q in enumerate((no_file, no_rows, neither), start=2)]
    write_claims(claim(), *lacking)
    tested, *untested = result("--allow-missing")["claims"]
    assert tested["verdict"] == "reproduced"
    assert {found["verdict"] for found in untested} == {"not tested"}
    assert [found["note"] for found in untested] == [
        f"missing: {AGGREGATE}",
        f"missing: fashion_mnist, cvae in {METRICS}",
        f"missing: fashion_mnist, cgan in {METRICS} and 1 more",
    ]
    # A table is evidence only if it has rows of a run that the claim is about.
    assert [[part["path"] for part in found["evidence"]] for found in untested] == [[METRICS], [METRICS], []]
    (criterion,) = untested[1]["criteria"]
    assert (criterion["n"], criterion["estimate"], criterion["outcome"]) == (0, None, "not tested")


def test_selected_claims_are_printed_and_saved_only_with_an_output_path(capsys: pytest.CaptureFixture[str]) -> None:
    write_claims(claim(), claim(id="C2"), claim(id="C3"))
    claims("C3", "C1", "C3")
    printed = capsys.readouterr().out
    assert printed.index("C3") < printed.index("C1")
    assert printed.count("C3") == 1
    assert "C2" not in printed
    assert not Path("results/paper/claims.json").exists()
    assert [found["id"] for found in result("C2")["claims"]] == ["C2"]
    claims("C9", code=2)
    assert "claim: got 'C9', expected one of C1, C2, C3." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["C1", "--readme", "README.md"], "--readme: got with ids, expected all claims"),
        (["--out", "c.csv"], "--out: got c.csv, expected a name that ends in .json"),
        (["--readme", "nowhere.md"], "--readme: got no file nowhere.md"),
        (["--claims", "nowhere.yaml"], "claims: got no file nowhere.yaml"),
    ],
)
def test_invalid_arguments_are_refused(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    claims(*args, code=2)
    assert message in capsys.readouterr().err


DOCUMENT = f"# A\n\nbefore\n\n{readme.BEGIN}\nold\n{readme.END}\n\nafter ± ü\n"


def test_the_readme_table_is_made_from_the_result_only() -> None:
    path = Path("README.md")
    path.write_text(DOCUMENT, encoding="utf-8")
    content = result("--readme", "README.md")
    text = path.read_text(encoding="utf-8")
    assert text == f"# A\n\nbefore\n\n{readme.BEGIN}\n{readme_table(content)}\n{readme.END}\n\nafter ± ü\n"
    # A test can therefore compare the README with the committed claims.json.
    assert with_table(text, content, name="README.md") == text
    content["claims"][0]["verdict"] = "undecided"
    assert with_table(text, content, name="README.md") != text


@pytest.mark.parametrize(
    "text",
    [
        "no markers",
        f"{readme.BEGIN} only",
        f"{readme.END} {readme.BEGIN}",
        DOCUMENT + DOCUMENT,
        DOCUMENT + readme.BEGIN,
        readme.END + DOCUMENT,
    ],
)
def test_a_document_without_its_markers_is_not_changed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("README.md").write_text(text, encoding="utf-8")
    claims("--readme", "README.md", code=2)
    assert "README.md: got" in capsys.readouterr().err
    assert Path("README.md").read_text(encoding="utf-8") == text
    assert not Path("results/paper/claims.json").exists()
