"""The git commit of the code that makes an artefact."""

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]
# Results are outputs of a run: only changes of code, settings and documents count.
_NOT_SOURCES = (":!results", ":!paper_figs", ":!dvc.lock")
_STATUS = ("status", "--porcelain", "--untracked-files=no", "--", ".", *_NOT_SOURCES)


def commit() -> dict[str, object]:
    """Return the commit of the project, and whether its files differ from that commit.

    Returns:
        ``commit`` and ``dirty``. Both are None without git, or if the project's root is not the top of a repository: an
        unpacked archive inside a repository is no part of that repository.
    """
    try:
        return {"commit": _git("rev-parse", "HEAD").strip(), "dirty": _git(*_STATUS) != ""}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}


def _git(*arguments: str) -> str:
    # The repository is named, so that git neither searches the parent folders nor reads GIT_DIR. A lock on the index
    # could make a git command of the user fail.
    place = ("--git-dir", str(_ROOT / ".git"), "--work-tree", str(_ROOT), "--no-optional-locks")
    return subprocess.run(
        ["git", *place, *arguments], cwd=_ROOT, capture_output=True, encoding="utf-8", errors="replace", check=True
    ).stdout
