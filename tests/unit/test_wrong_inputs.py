"""Wrong input of every kind: one line that says what, what was got, what is expected and how to mend it; code 2.

This is the list of it: settings, command lines and claims, raw files, prepared sets, models, tables and places to
write to. Nothing is written, nothing out of a file is run, and nothing ends in a traceback.
"""

import pickle
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from nvae.cli import main
from tests.unit import wrong_commands, wrong_models, wrong_params, wrong_raw, wrong_tables
from tests.unit.wrong_params import PREPARE
from tests.unit.wrong_world import Case, Trap, added, laughs, make_project

LISTS = (wrong_params, wrong_commands, wrong_raw, wrong_models, wrong_tables)
CASES = [case for module in LISTS for case in module.CASES]
NVAE = Path(sys.executable).with_name("nvae")


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def told(case: Case, said: str) -> bool:
    """Whether a message is the case's, whole and in one line."""
    pattern = ".*".join(re.escape(part) for part in case.said.split("…"))
    return re.fullmatch(rf"nvae: error: {pattern}\n", said) is not None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder around the project in which the test works."""
    make_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("NVAE_DATA_MIRROR", "mirror")
    monkeypatch.setenv("NVAE_OFFLINE", "1")
    return tmp_path


def test_the_list_is_long_and_has_each_case_once() -> None:
    names = [case.name for case in CASES]
    assert len(CASES) >= 60
    assert len(set(names)) == len(names)


def test_the_trap_of_these_cases_bites(project: Path) -> None:
    pickle.loads(pickle.dumps(Trap()))
    assert Path("sprung").exists()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_wrong_input_is_told_in_a_line_and_writes_nothing(
    case: Case, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.spoil()
    before = files(project)
    assert main(case.command.split()) == 2
    out, err = capsys.readouterr()
    assert told(case, err), f"{err}\nexpected: {case.said}"
    assert out == ""
    assert files(project) == before


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("paint", "nvae: error: argument VERB: invalid choice: 'paint'"),
        ("draw", "nvae draw: error: the following arguments are required: figure"),
        ("draw fig04 --colour red", "nvae draw: error: unrecognized arguments: --colour red"),
        ("draw fig04 --prof demo", "nvae draw: error: unrecognized arguments: --prof demo"),
        ("train glyphs --seed one", "nvae train: error: argument --seed: invalid int value: 'one'"),
        ("traversals glyphs --kind own", "nvae traversals: error: argument --kind: invalid choice: 'own'"),
        ("collect --out a.csv", "nvae collect: error: the following arguments are required: tables"),
    ],
)
def test_a_command_that_is_none_is_told_with_its_usage(
    command: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(project)
    with pytest.raises(SystemExit) as stopped:
        main(command.split())
    assert stopped.value.code == 2
    usage, *_, last = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: nvae")
    assert last.startswith(said)
    assert files(project) == before


def bounded() -> None:
    """Allow a process 2 GiB of memory and a minute of work."""
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


BOMBS = [
    Case(name, PREPARE, "params.yaml: got invalid YAML (more than 100,000 values…", added(f"{laughs(of, 30)}{where}"))
    for name, of, where in (
        ("laughs where a number should be", "[*]", "\nseeds: *l30\n"),
        ("merged laughs", "{<<: [*]}", "\n"),
    )
]


@pytest.mark.parametrize(
    "case",
    [
        *BOMBS,
        *(
            case
            for case in CASES
            if case.name in ("an empty file", "no table", "a call of the system", "a folder to join")
        ),
    ],
    ids=lambda case: case.name,
)
def test_the_installed_command_says_the_same_in_bounded_memory(case: Case, project: Path) -> None:
    case.spoil()
    before = files(project)
    done = subprocess.run(
        [NVAE, *case.command.split()], capture_output=True, text=True, check=False, preexec_fn=bounded
    )
    assert done.returncode == 2
    assert told(case, done.stderr), done.stderr
    assert done.stdout == ""
    assert files(project) == before
