"""``nvae verify`` finds every change by hand; ``nvae trace`` prints the chain to the raw files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nvae.cli import main
from nvae.provenance.job import Job
from nvae.provenance.plan import Plan

ROOT = Path(__file__).parents[2]
RAW = Path("data/raw/mnist")
PREPARED = Path("data/prepared/paper/mnist.npz")
MODEL = Path("results/paper/models/mnist/n_vae/seed0")
TABLE = Path("results/paper/tables/kl/mnist-n_vae.csv")
FIGURE = Path("paper_figs/fig05.pdf")
ALL = ["verify", "data", "results", "paper_figs"]


def make(artefact: Path, verb: str, content: str, **inputs: Path) -> None:
    """Write an artefact, a file or a folder with one, and its sidecar."""
    file = artefact if artefact.suffix else artefact / "content"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    job = Job(Plan(verb, json.dumps({"of": verb})))
    job.read(inputs)
    job.write_sidecar(artefact, precision="fp32")


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make five artefacts, from raw files to a figure, as the paper profile has them."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "claims.yaml"):
        shutil.copy(ROOT / name, name)
    make(RAW, "fetch", "raw")
    make(PREPARED, "prepare", "prepared", raw=RAW)
    make(MODEL, "train", "weights", data=PREPARED)
    make(TABLE, "detect", "kl_nats\n1\n", data=PREPARED, model=MODEL)
    make(FIGURE, "draw", "%PDF", digits=TABLE)
    return tmp_path


def test_untouched_artefacts_are_as_their_sidecars_say(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ALL) == 0
    assert capsys.readouterr().out == "5 artefacts match their sidecars\n"
    assert main(["verify", str(TABLE), "data"]) == 0
    assert capsys.readouterr().out == "3 artefacts match their sidecars\n"


def _edit_table() -> None:
    TABLE.write_text("kl_nats\n2\n", encoding="utf-8")


def _edit_table_and_sidecar() -> None:
    """Forge the table and its sidecar, so that only artefacts made from the table reveal the change."""
    _edit_table()
    job = Job(Plan("detect"))
    job.read({"data": PREPARED, "model": MODEL})
    job.write_sidecar(TABLE)


def _remove_figure() -> None:
    FIGURE.unlink()


def _cut_sidecar() -> None:
    sidecar = TABLE.with_name(TABLE.name + ".meta.json")
    sidecar.write_bytes(sidecar.read_bytes()[:40])


def _empty_sidecar() -> None:
    TABLE.with_name(TABLE.name + ".meta.json").write_text("{}", encoding="utf-8")


def _add_table() -> None:
    TABLE.with_name("mine.csv").write_text("kl_nats\n9\n", encoding="utf-8")


def _add_weights() -> None:
    (MODEL / "more").write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (_edit_table, [f"{TABLE}: SHA-256", f"{FIGURE}: made from a different {TABLE}"]),
        (_edit_table_and_sidecar, [f"{FIGURE}: made from a different {TABLE}"]),
        (_remove_figure, [f"{FIGURE}: the artefact is missing"]),
        (_cut_sidecar, [f"{TABLE}: a damaged sidecar"]),
        (_empty_sidecar, [f"{TABLE}: a damaged sidecar"]),
        (_add_table, [f"{TABLE.with_name('mine.csv')}: it has no sidecar"]),
        (_add_weights, [f"{MODEL}: SHA-256", f"{TABLE}: made from a different {MODEL}"]),
    ],
)
def test_changes_by_hand_are_listed(
    change: Callable[[], None], findings: list[str], chain: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change()
    assert main(ALL) == 2
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert len(lines) == len(findings)
    for expected in findings:
        assert any(line.startswith(expected) for line in lines), captured.out
    assert "results: got" in captured.err
    assert captured.err.count("\n") == 1


def test_missing_inputs_are_skipped(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fresh clone contains only tables and figures."""
    shutil.rmtree("data")
    shutil.rmtree("results/paper/models")
    assert main(["verify", "results", "paper_figs"]) == 0
    assert capsys.readouterr().out.startswith("2 artefacts")


def test_nothing_to_verify_is_an_error(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--profile", "smoke", "results"]) == 0
    shutil.rmtree("data/raw")
    assert main(["verify", "--profile", "smoke"]) == 2
    assert "results: got none of profile smoke" in capsys.readouterr().err
    assert main(["verify", "nowhere"]) == 2
    assert "nowhere: got no such file, expected an artefact" in capsys.readouterr().err


def test_the_chain_ends_at_the_raw_files(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(FIGURE)]) == 0
    lines = capsys.readouterr().out.splitlines()
    depths = {line.split("sha256")[0].strip(): len(line) - len(line.lstrip()) for line in lines if "sha256" in line}
    assert depths == {
        str(FIGURE): 0,
        f"digits: {TABLE}": 2,
        f"data: {PREPARED}": 6,
        f"raw: {RAW}": 6,
        f"model: {MODEL}": 4,
    }
    assert lines[0].endswith("unchanged")
    assert sum("(listed above)" in line for line in lines) == 1
    for verb in ("fetch", "prepare", "train", "detect", "draw"):
        assert any(f"nvae {verb}, " in line and "fp32" in line for line in lines)
        assert any(line.strip() == f'params {{"of": "{verb}"}}' for line in lines)


def test_the_chain_shows_changed_and_missing_artefacts(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _edit_table_and_sidecar()
    shutil.rmtree(MODEL)
    assert main(["trace", str(FIGURE)]) == 0
    out = capsys.readouterr().out
    assert "CHANGED: now" in out
    assert "its sidecar records a different SHA-256" in out
    assert main(["trace", str(TABLE)]) == 0
    assert f"model: {MODEL}" in (out := capsys.readouterr().out)
    assert out.count(", missing\n") == 1


def test_a_file_without_a_sidecar_cannot_be_traced(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "params.yaml"]) == 2
    assert "params.yaml.meta.json: got no such file, expected a sidecar" in capsys.readouterr().err


def test_committed_results_are_as_their_sidecars_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["verify", "results/paper", "paper_figs"]) == 0, capsys.readouterr().out
