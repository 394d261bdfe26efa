"""A temporary copy of the project, and functions that run commands in it.

The project may be an unpacked archive: nothing needs its repository. A copy is a repository if git is installed.
"""

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pathspec import GitIgnoreSpec

ROOT = Path(__file__).parents[2]
_HAS_GIT = shutil.which("git") is not None
needs_git = pytest.mark.skipif(not _HAS_GIT, reason="git is not installed")
#: Committed results, which are not copied.
_RESULTS = ("results/", "paper_figs/", "dvc.lock")
_TABLE_ROW = re.compile(r"^(\w+) +(\d+)$", re.MULTILINE)
_NOTHING = "Nothing to be done"


@dataclass(frozen=True)
class Project:
    """Copy of the project.

    Args:
        root: Folder of the copy.
    """

    root: Path

    def environ(self) -> dict[str, str]:
        """Return the environment of a command, with this interpreter's programs and the copy's code."""
        programs = Path(sys.executable).parent
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")}
        return environ | {
            "PATH": f"{programs}{os.pathsep}{environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in the copy's folder."""
        return subprocess.Popen(
            command, cwd=self.root, env=self.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and return its result, whether or not it succeeds."""
        process = self.start(*command)
        out, err = process.communicate(timeout=2400)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def do(self, *command: str) -> str:
        """Run a command, require that it succeeds, and return its output."""
        result = self.call(*command)
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
        return result.stdout + result.stderr

    def snakemake(self, *targets: str, profile: str = "paper") -> str:
        """Make targets and return Snakemake's output."""
        return self.do("snakemake", "--cores", "2", "--config", f"profile={profile}", "--", *targets)

    def planned(self, *targets: str, profile: str = "paper") -> dict[str, int]:
        """Return the number of jobs per rule that a dry run lists; empty if there is nothing to do."""
        output = self.do("snakemake", "-n", "--config", f"profile={profile}", "--", *targets)
        if _NOTHING in output:
            return {}
        jobs = {rule: int(count) for rule, count in _TABLE_ROW.findall(output)}
        assert jobs.pop("total") == sum(jobs.values()), output
        return jobs

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore, if git is installed."""
        if _HAS_GIT:
            self.do("git", "add", "-A")
            self.do("git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-qm", message)

    def edit_params(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change ``params.yaml`` in place; its comments are lost."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(params)
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")

    @contextmanager
    def kept(self, name: str) -> Iterator[Path]:
        """Yield the path of a file, and restore its content at the end."""
        path = self.root / name
        before = path.read_bytes()
        try:
            yield path
        finally:
            path.write_bytes(before)


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield the files of a project, except those that a ``.gitignore`` lists, in sorted order."""
    yield from _unignored(folder, ())


def _unignored(folder: Path, rules: tuple[tuple[Path, GitIgnoreSpec], ...]) -> Iterator[Path]:
    if (own := folder / ".gitignore").is_file():
        rules = (*rules, (folder, GitIgnoreSpec.from_lines(own.read_text(encoding="utf-8").splitlines())))
    for path in sorted(folder.iterdir()):
        end = "/" if path.is_dir() else ""
        if path.name == ".git" or any(rule.match_file(f"{path.relative_to(top)}{end}") for top, rule in rules):
            continue
        if path.is_dir():
            yield from _unignored(path, rules)
        else:
            yield path


def copy_project(root: Path, source: Path = ROOT) -> Project:
    """Copy a project without its results.

    Args:
        root: Folder of the copy.
        source: Folder of the project.
    """
    for path in project_files(source):
        name = path.relative_to(source).as_posix()
        if not name.startswith(_RESULTS):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    project = Project(root)
    if _HAS_GIT:
        project.do("git", "init", "-q", "-b", "main")
    project.commit("copy")
    return project


def shrink_paper(params: dict[str, Any]) -> None:
    """Shrink profile paper to about the size of profile smoke, with the built-in data and one seed."""
    small = copy.deepcopy(params["profiles"]["smoke"])
    del small["seeds"]
    # Weights of more than 1 MB: for files of this size Snakemake compares only time stamps by default.
    small["models"]["common"]["defaults"]["hidden"] = [96]
    params["profiles"]["paper"] = small
    params["profile"] = "paper"
    params["seeds"] = [0]


def comment(path: Path) -> None:
    """Append a comment line to a Python file."""
    path.write_text(path.read_text(encoding="utf-8") + "# a remark\n", encoding="utf-8")
