"""Copies of the project: one in which nothing has run, and one in which the whole pipeline has run."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.pipeline.project import Project, copy_project, shrink_paper


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy of the project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a copy with all results of profile paper, which is shrunk to about the size of profile smoke.

    A test that changes something has to restore it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / "finished"
    # The workers of the session share one run, which takes by far the longest; each worker may change its own copy.
    with (shared / "finished.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _run_everything(tmp_path_factory.mktemp("making")).rename(made)
    copy = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(made, copy)
    return Project(copy)


def _run_everything(root: Path) -> Path:
    project = copy_project(root)
    project.edit_params(shrink_paper)
    stages = project.do(sys.executable, "-m", "nvae.pipeline.stages")
    (root / "dvc.yaml").write_text(stages, encoding="utf-8")
    project.commit("a small paper")
    project.snakemake("all_figures", "all_releases")
    return root
