"""Wrong input of every kind gives exit code 2 and one line: what is wrong, what was got, what is expected, and a hint.

The cases are settings, command lines and claims, raw files, prepared sets, models, tables and output paths. No case
writes a file, executes content of a file, or ends in a traceback.
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
    """Return the content of all files below a folder, including hidden ones."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_expected(error: str, case: Case) -> bool:
    """Return whether the error output consists of the case's message in one line."""
    pattern = ".*".join(re.escape(part) for part in case.message.split("…"))
    return re.fullmatch(rf"nvae: error: {pattern}\n", error) is not None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the parent folder of a project that is the current folder of the test."""
    make_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("NVAE_DATA_MIRROR", "mirror")
    monkeypatch.setenv("NVAE_OFFLINE", "1")
    return tmp_path


def test_there_are_many_cases_with_distinct_names() -> None:
    names = [case.name for case in CASES]
    assert len(CASES) >= 60
    assert len(set(names)) == len(names)


def test_unpickling_the_trap_makes_its_file(project: Path) -> None:
    pickle.loads(pickle.dumps(Trap()))
    assert Path("sprung").exists()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_wrong_input_gives_one_line_and_writes_nothing(
    case: Case, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.spoil()
    before = files(project)
    assert main(case.command.split()) == 2
    out, err = capsys.readouterr()
    assert is_expected(err, case), f"{err}\nexpected: {case.message}"
    assert out == ""
    assert files(project) == before


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("paint", "nvae: error: argument VERB: invalid choice: 'paint'"),
        ("draw", "nvae draw: error: the following arguments are required: figure"),
        ("draw fig04 --colour red", "nvae draw: error: unrecognized arguments: --colour red"),
        ("draw fig04 --prof demo", "nvae draw: error: unrecognized arguments: --prof demo"),
        ("train glyphs --seed one", "nvae train: error: argument --seed: got 'one', expected a whole number from 0 to"),
        ("train glyphs --seed -1", "nvae train: error: argument --seed: got '-1', expected a whole number from 0 to"),
        (f"kl glyphs --seed {10**256}", "nvae kl: error: argument --seed: got '1000"),
        (f"kl glyphs --threads {'9' * 5000}", "nvae kl: error: argument --threads: got '9999"),
        (f"posteriors glyphs --generated {1 << 63}", "nvae posteriors: error: argument --generated: got '922337203"),
        ("restore --jobs 1e400", "nvae restore: error: argument --jobs: got '1e400', expected a whole number"),
        ("try-settings glyphs --sigmas 1 nan", "nvae try-settings: error: argument --sigmas: got 'nan', expected"),
        ("try-settings glyphs --sigmas 1e400", "nvae try-settings: error: argument --sigmas: got '1e400', expected"),
        ("traversals glyphs --kind own", "nvae traversals: error: argument --kind: invalid choice: 'own'"),
        ("collect --out a.csv", "nvae collect: error: the following arguments are required: tables"),
    ],
)
def test_an_invalid_command_line_gives_the_usage(
    command: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(project)
    with pytest.raises(SystemExit) as stopped:
        main(command.split())
    assert stopped.value.code == 2
    usage, *_, last = capsys.readouterr().err.splitlines()
    assert usage.startswith("usage: nvae")
    assert last.startswith(message)
    assert files(project) == before


def limit_resources() -> None:
    """Limit a process to 2 GiB of memory and one minute of CPU time."""
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))


BOMBS = [
    Case(name, PREPARE, "params.yaml: got invalid YAML (more than 100,000 values…", added(f"{laughs(of, 30)}{where}"))
    for name, of, where in (
        ("a billion laughs in place of a number", "[*]", "\nseeds: *l30\n"),
        ("a billion laughs in merged keys", "{<<: [*]}", "\n"),
    )
]


@pytest.mark.parametrize(
    "case",
    [
        *BOMBS,
        *(
            case
            for case in CASES
            if case.name in ("an empty params.yaml", "no table", "a system call", "a folder to join")
        ),
    ],
    ids=lambda case: case.name,
)
def test_the_installed_command_gives_the_same_error_in_limited_memory(case: Case, project: Path) -> None:
    case.spoil()
    before = files(project)
    done = subprocess.run(
        [NVAE, *case.command.split()], capture_output=True, text=True, check=False, preexec_fn=limit_resources
    )
    assert done.returncode == 2
    assert is_expected(done.stderr, case), done.stderr
    assert done.stdout == ""
    assert files(project) == before
