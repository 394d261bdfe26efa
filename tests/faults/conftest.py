"""Uninterrupted runs, with which interrupted ones are compared."""

import copy
from typing import Any

import pytest

from tests.pipeline.conftest import finished, fresh
from tests.pipeline.project import Project, copy_project

__all__ = ["demo", "finished", "fresh"]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Copy of the project, with all targets made, whose profile paper equals profile demo, because DVC uses paper
    only."""
    project = copy_project(tmp_path_factory.mktemp("demo"))
    project.edit_params(_as_demo)
    project.commit("the demo as paper")
    project.snakemake("all_figures")
    return project


def _as_demo(params: dict[str, Any]) -> None:
    params["profiles"]["paper"] = copy.deepcopy(params["profiles"]["demo"])
    params["profile"] = "paper"
