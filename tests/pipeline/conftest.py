"""One finished run, which every worker copies, for the tests that look at it or go on from it."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.pipeline.project import Project, copy_project, shrink_paper


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy whose profile paper is about as small as profile smoke, with everything made.

    A test that changes something sets it back.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / "finished"
    # The session's workers share one run, which is by far the longest part, and each takes a copy to change.
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(tmp_path_factory.mktemp("making")).rename(made)
    own = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(made, own)
    return Project(own)


def _make(root: Path) -> Path:
    project = copy_project(root)
    project.edit_params(shrink_paper)
    project.commit("a small paper")
    project.snakemake("all_figures")
    return root
