"""The list of analyses: each has one name, and depends only on its own code and settings."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from nvae import cli
from nvae.analyses import ANALYSES
from nvae.analyses.run import Run
from nvae.config import load
from nvae.models import MODELS
from nvae.provenance.closure import code_files
from nvae.tables.schemas import ARRAYS, TABLES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_has_one_name_as_verb_module_and_table(name: str) -> None:
    analysis = ANALYSES[name]
    assert cli.VERBS[name] == analysis.summary
    assert (name in TABLES) != (name in ARRAYS)
    module = importlib.import_module(f"nvae.analyses.{name}")
    (parameter,) = inspect.signature(module.compute).parameters.values()
    assert parameter.annotation is Run


def test_every_table_except_the_history_is_made_by_an_analysis() -> None:
    assert {*TABLES, *ARRAYS} - set(ANALYSES) == {"history"}


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_depends_on_no_other_analysis_and_on_no_list(name: str) -> None:
    """An edit of one analysis or a new entry reruns no other, except for those that use the code of others."""
    files = code_files(*cli.verb_modules(name), *(model.module for model in MODELS.values()))
    used = {"calibration": ("factors",), "ladder": ("kl", "transfer")}.get(name, ())
    expected = {f"nvae/analyses/{module}.py" for module in ("run", name, *used)}
    assert {file for file in files if file.startswith("nvae/analyses/")} == expected
    assert {"nvae/analyses/__init__.py", "nvae/tables/schemas.py"}.isdisjoint(files)
    assert ("nvae/commands/_images.py" in files) == ("images" in ANALYSES[name].options)


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_reads_only_the_settings_that_it_lists(name: str) -> None:
    """The code reads only those sections of `run.config` that are among its settings."""
    source = ast.parse((ROOT / f"nvae/analyses/{name}.py").read_text(encoding="utf-8"))
    sections = set(load(ROOT / "params.yaml").model_dump()) - {"execution"}
    read = {
        node.attr
        for node in ast.walk(source)
        if isinstance(node, ast.Attribute)
        and node.attr in sections
        and ast.unparse(node.value) in ("run.config", "config")
    }
    listed = {section.partition(".")[0] for section in ANALYSES[name].sections}
    parts = {"features": "responses", "rungs": "ladder"}  # resolved for the data set
    assert read <= {parts.get(name, name) for name in listed}
