"""The ways in which a user gets a copy of the project with its results, and what Snakemake plans in it."""

import re
import shutil
import tarfile
from pathlib import Path

from tests.pipeline.project import Project

OWN, FRESH, SHALLOW, WORKTREE, ARCHIVE = "own clone", "fresh clone", "shallow clone", "worktree", "archive without git"
KINDS = (OWN, FRESH, SHALLOW, WORKTREE, ARCHIVE)
_OUTPUT = re.compile(r"^    output: (.+)$", re.MULTILINE)


def clone(kind: str, original: Project, root: Path) -> Project:
    """Make a copy of a project whose results are committed.

    Args:
        kind: Kind of the copy. The own clone also has what git ignores: data, models and Snakemake's records.
        original: Project in which the results were made.
        root: Folder of the copy, which does not exist.
    """
    source = str(original.root)
    if kind == OWN:
        shutil.copytree(source, root)
    elif kind == FRESH:
        original.do("git", "clone", "-q", source, str(root))
    elif kind == SHALLOW:
        original.do("git", "clone", "-q", "--depth", "1", f"file://{source}", str(root))
    elif kind == WORKTREE:
        original.do("git", "worktree", "add", "-q", "--detach", str(root))
    else:
        packed = root.with_suffix(".tar")
        original.do("git", "archive", "--output", str(packed), "HEAD")
        with tarfile.open(packed) as archive:
            archive.extractall(root, filter="data")
    return Project(root)


def plan(project: Project, *targets: str) -> frozenset[str]:
    """Return the files that a dry run would make, of profile paper."""
    output = project.do("snakemake", "-n", "--config", "profile=paper", "--", *targets)
    files = frozenset(file for line in _OUTPUT.findall(output) for file in line.split(", "))
    assert files or "Nothing to be done" in output, output
    return files


def results(files: frozenset[str]) -> frozenset[str]:
    """Return those of the files that are neither data nor models: tables, figures, verdicts and released weights."""
    return frozenset(file for file in files if not file.startswith(("data/", "results/paper/models/")))


def touch(project: Project) -> None:
    """Give every file of a project a new time stamp, except those of git and Snakemake."""
    for path in project.root.rglob("*"):
        if path.is_file() and path.relative_to(project.root).parts[0] not in {".git", ".snakemake"}:
            path.touch()
