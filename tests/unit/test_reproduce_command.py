"""``nvae reproduce`` fills a folder of its own, runs Snakemake in it, and changes nothing else."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pathspec import GitIgnoreSpec

from nvae.cli import main
from nvae.commands.reproduce import MARK
from tests.unit.wrong_world import ROOT, make_project, params, put

NVAE = Path(sys.executable).with_name("nvae")
#: A program in place of Snakemake: it records its call, draws one figure, and waits for a signal if it is told to.
FAKE = """
import json, os, signal, sys, time
from pathlib import Path

folder = Path(sys.argv[sys.argv.index("--directory") + 1])
seen = {name: os.environ.get(name, "") for name in ("PATH", "NVAE_DATA_MIRROR", "FAKE_EXIT")}
(folder / "call.json").write_text(json.dumps({**seen, "arguments": sys.argv[1:]}))
if "FAKE_WAIT" in os.environ:
    def stop(number, frame):
        (folder / "stopped.txt").write_text(signal.Signals(number).name)
        sys.exit(1)
    signal.signal(signal.SIGINT, stop)
    (folder / "waiting.txt").touch()
    time.sleep(60)
(folder / "paper_figs").mkdir(exist_ok=True)
(folder / "paper_figs/fig04_graphical_model.png").write_text("figure")
sys.exit(int(seen["FAKE_EXIT"] or 0))
"""
OUT = Path("reproduction")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def call() -> dict[str, Any]:
    """Return what the program in place of Snakemake has recorded."""
    content: dict[str, Any] = json.loads((OUT / "call.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a figure, which is the current folder."""
    put(f"{tmp_path}/fake/snakemake.py", FAKE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))
    monkeypatch.delenv("NVAE_DATA_MIRROR", raising=False)
    root = tmp_path / "project"
    make_project(root)
    monkeypatch.chdir(root)
    put("Snakefile", "")
    put("paper_figs/fig04_graphical_model.png", "figure")
    return root


def test_snakemake_runs_in_the_folder_with_the_rules_of_the_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(project)
    assert main(["reproduce", "fig04", "supp06", "--cores", "3", "--profile", "paper"]) == 0
    arguments = call()["arguments"]
    options, targets = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    assert targets == ["fig04_graphical_model", "supp06_class_bias"]
    for name, value in {
        "--snakefile": f"{project}/Snakefile",
        "--directory": f"{project}/reproduction",
        "--workflow-profile": f"{project}/profiles/default",
        "--cores": "3",
        "--config": "profile=paper",
    }.items():
        assert options[options.index(name) + 1] == value
    assert "--dry-run" not in options
    assert call()["PATH"].split(os.pathsep)[0] == str(NVAE.parent)
    for name in ("params.yaml", "claims.yaml", "data/registry.csv"):
        assert (OUT / name).read_bytes() == before[name]
    assert {name: content for name, content in files(project).items() if OUT.name not in name} == before
    lines = capsys.readouterr().out.splitlines()
    assert f"A: {project}/reproduction" in lines
    assert lines[-1] == "0 groups; 1 of 1 figures equal"


def test_without_figures_everything_is_made_on_all_cores(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--out", "elsewhere/run"]) == 0
    arguments = json.loads(Path("elsewhere/run/call.json").read_text(encoding="utf-8"))["arguments"]
    assert arguments[arguments.index("--") :] == ["--", "all_figures"]
    assert arguments[arguments.index("--cores") + 1] == "all"


def test_a_dry_run_compares_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--dry-run"]) == 0
    assert "--dry-run" in call()["arguments"]
    assert capsys.readouterr().out == ""


def test_a_project_without_results_is_no_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "--profile", "demo"]) == 0
    expected = "reproduction is complete; the project has no results of profile demo to compare\n"
    assert capsys.readouterr().out == expected


def test_a_failure_of_snakemake_is_reported(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_EXIT", "7")
    assert main(["reproduce"]) == 2
    assert "nvae: error: snakemake: got exit code 7, expected 0. " in capsys.readouterr().err


def test_a_second_call_copies_only_what_has_changed(project: Path) -> None:
    assert main(["reproduce"]) == 0
    for name in ("params.yaml", "claims.yaml"):
        os.utime(OUT / name, ns=(0, 0))
    params(seeds=[7])()
    assert main(["reproduce"]) == 0
    assert (OUT / "params.yaml").read_bytes() == Path("params.yaml").read_bytes()
    assert (OUT / "params.yaml").stat().st_mtime_ns > 0
    assert (OUT / "claims.yaml").stat().st_mtime_ns == 0


def test_other_parameters_are_those_of_the_run(project: Path) -> None:
    put("other.yaml", Path("params.yaml").read_text(encoding="utf-8") + "# other\n")
    assert main(["reproduce", "--params", "other.yaml"]) == 0
    assert (OUT / "params.yaml").read_bytes() == Path("other.yaml").read_bytes()


def test_face_boxes_are_copied(project: Path) -> None:
    params(data__yale_b__face_boxes="given/boxes.csv")()
    put("given/boxes.csv", "person,left,top,width,height\n")
    assert main(["reproduce"]) == 0
    assert (OUT / "given/boxes.csv").read_text(encoding="utf-8") == "person,left,top,width,height\n"


def test_the_raw_files_of_the_project_are_the_first_mirror(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVAE_DATA_MIRROR", "mirror,~nobody-else/data,https://example.org/data")
    assert main(["reproduce"]) == 0
    given = f"{project}/mirror,~nobody-else/data,https://example.org/data"
    assert call()["NVAE_DATA_MIRROR"] == given
    put("data/raw/mnist/MNIST/raw/digits", "")
    assert main(["reproduce"]) == 0
    assert call()["NVAE_DATA_MIRROR"] == f"{project}/data/raw,{given}"
    monkeypatch.delenv("NVAE_DATA_MIRROR")
    assert main(["reproduce"]) == 0
    assert call()["NVAE_DATA_MIRROR"] == f"{project}/data/raw"


def test_a_folder_with_other_files_is_refused_and_an_empty_one_is_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(f"{OUT}/.{MARK}.1.part", "")  # left by a process that was killed
    assert main(["reproduce"]) == 0
    (OUT / MARK).unlink()
    before = files(project)
    assert main(["reproduce"]) == 2
    assert "--out: got reproduction, which has other files" in capsys.readouterr().err
    assert files(project) == before


def test_git_ignores_the_default_folder() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert GitIgnoreSpec.from_lines(lines).match_file(OUT / "params.yaml")


def test_make_passes_the_figure_and_the_profile() -> None:
    command = (
        "make",
        "--no-print-directory",
        "-n",
        "reproduce",
        "ENV=active",
        "CORES=3",
        "PROFILE=paper",
        "FIGURE=fig05",
    )
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert output == "nvae reproduce fig05 --profile paper --cores 3\n"


def test_a_link_to_the_project_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    OUT.symlink_to(project)
    assert main(["reproduce"]) == 2
    assert "--out: got reproduction, which has the project in it" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_snakemake_as_ctrl_c_does(project: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setenv("FAKE_WAIT", "1")
    process = subprocess.Popen([NVAE, "reproduce"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (OUT / "waiting.txt").is_file():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert f"nvae: stopped by {signal.Signals(number).name}" in err
    assert (OUT / "stopped.txt").read_text(encoding="utf-8") == "SIGINT"
