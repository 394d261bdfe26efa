"""After a SIGKILL of Snakemake, the same command runs again without ``--unlock``; a live run keeps its locks."""

import errno
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from snakemake import __version__

from nvae.locking import KNOWN_VERSIONS, remove_stale_locks
from tests.faults.runs import Run, group, kill_group, kill_leader, until
from tests.pipeline.project import Project

SNAKEFILE = """
import sys
from pathlib import Path
from snakemake import __version__
from nvae.locking import remove_stale_locks

if workflow.is_main_process:
    print("removed", remove_stale_locks(Path(".snakemake"), __version__), file=sys.stderr)


rule wait:
    output:
        "{name}.txt",
    shell:
        "touch {wildcards.name}.started; while [ ! -e {wildcards.name}.go ]; do sleep 0.05; done; touch {output}"
"""
REFUSED = "Directory cannot be locked"
Starter = Callable[..., Run]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a folder with one rule, whose job ends once a file exists."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    return Project(tmp_path)


@pytest.fixture
def start(project: Project) -> Iterator[Starter]:
    """Return a function that runs Snakemake with some arguments."""
    with group() as start:
        yield lambda *arguments: start(project, "snakemake", "--cores", "1", "--scheduler", "greedy", *arguments)


def started(run: Run, project: Project, name: str) -> Run:
    """Wait until the job that makes a file works."""
    until(lambda: run.ended() or (project.root / f"{name}.started").exists(), "a job", run.output)
    assert not run.ended(), run.output()
    return run


def locks(project: Project) -> list[str]:
    return sorted(path.name for path in (project.root / ".snakemake/locks").glob("*.lock"))


def allow(project: Project, *names: str) -> None:
    """Let the jobs that make these files end."""
    for name in names:
        (project.root / f"{name}.go").touch()


def test_the_same_command_runs_again_after_a_kill_of_all_processes(project: Project, start: Starter) -> None:
    kill_group(started(start("a.txt"), project, "a"))
    assert locks(project) != []
    allow(project, "a")
    again = start("a.txt")
    assert again.wait() == 0, again.output()
    assert "removed 1" in again.output()
    assert (project.root / "a.txt").exists()


def test_a_job_that_outlives_snakemake_does_not_hold_the_lock(project: Project, start: Starter) -> None:
    first = started(start("a.txt"), project, "a")
    kill_leader(first)
    assert first.members() != []
    (project.root / "a.started").unlink()
    again = started(start("a.txt"), project, "a")
    assert "removed 1" in again.output()
    assert first.members() != []
    allow(project, "a")
    assert again.wait() == 0, again.output()


def test_no_command_removes_the_locks_of_a_live_run(project: Project, start: Starter) -> None:
    first = started(start("a.txt"), project, "a")
    held = locks(project)
    for arguments, code in ((("a.txt",), 1), (("-n", "a.txt"), 0)):
        second = start(*arguments)
        assert second.wait() == code, second.output()
        assert "removed 0" in second.output()
        assert REFUSED in second.output()
        assert locks(project) == held
    allow(project, "a")
    assert first.wait() == 0, first.output()


def test_a_later_run_with_other_files_keeps_its_lock_when_the_first_one_is_killed(
    project: Project, start: Starter
) -> None:
    first = started(start("a.txt"), project, "a")
    other = started(start("b.txt"), project, "b")
    kill_group(first)
    held = locks(project)
    assert len(held) == 2
    again = start("b.txt")
    assert again.wait() == 1
    assert REFUSED in again.output()
    assert locks(project) == held
    allow(project, "a", "b")
    assert other.wait() == 0, other.output()


def test_locks_of_another_machine_are_kept_until_the_user_removes_them(project: Project, start: Starter) -> None:
    kill_group(started(start("a.txt"), project, "a"))
    (project.root / ".snakemake/nvae.lock").write_text("elsewhere 1\n", encoding="utf-8")
    allow(project, "a")
    refused = start("a.txt")
    assert refused.wait() == 1
    assert REFUSED in refused.output()
    unlocked = start("--unlock", "a.txt")
    assert unlocked.wait() == 0, unlocked.output()
    again = start("a.txt")
    assert again.wait() == 0, again.output()
    assert (project.root / ".snakemake/nvae.lock").read_text(encoding="utf-8").split()[::2] == [platform.node()]


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """Return a folder with a lock that a killed run on this machine has left."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.output.lock").write_text("a.txt\n", encoding="utf-8")
    (tmp_path / "nvae.lock").write_text(f"{platform.node()} 1\n", encoding="utf-8")
    return tmp_path


def test_locks_are_removed_only_for_known_versions(stale: Path) -> None:
    """If this fails after an upgrade, check that Snakemake still keeps its locks there, and add the version."""
    assert __version__.startswith(KNOWN_VERSIONS)
    assert remove_stale_locks(stale, "9.28.0") == 0
    assert (stale / "locks/0.output.lock").exists()


def test_locks_without_a_known_origin_are_kept(stale: Path) -> None:
    (stale / "nvae.lock").unlink()
    assert remove_stale_locks(stale, __version__) == 0
    assert (stale / "locks/0.output.lock").exists()


@pytest.mark.parametrize(("call", "number"), [("fcntl.flock", errno.ENOLCK), ("os.open", errno.EACCES)])
def test_without_locks_of_the_system_nothing_is_removed(
    call: str, number: int, stale: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(call, fail)
    assert remove_stale_locks(stale, __version__) == 0
    assert (stale / "locks/0.output.lock").exists()
    monkeypatch.undo()
    if call == "os.open":
        assert remove_stale_locks(stale, __version__) == 1
