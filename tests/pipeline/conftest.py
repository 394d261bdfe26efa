"""One finished run, shared by the tests that look at it or continue from it."""

import pytest

from tests.pipeline.project import Project, copy_project, shrink_paper


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy whose profile paper is as small as profile smoke, with everything made.

    A test that changes something sets it back.
    """
    project = copy_project(tmp_path_factory.mktemp("finished"))
    project.edit_params(shrink_paper)
    project.commit("a small paper")
    project.snakemake("all_figures")
    return project
