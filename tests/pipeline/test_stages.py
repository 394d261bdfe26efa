"""dvc.yaml is as the pipeline makes it, and repeats what Snakemake would do for each figure."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvae.claims import load as load_claims
from nvae.config import load
from nvae.figures import FIGURES
from nvae.pipeline.graph import Pipeline, Step
from nvae.pipeline.groups import groups
from nvae.pipeline.stages import dvc_yaml
from nvae.tables.schemas import TABLES
from tests.pipeline.project import ROOT

DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
PIPELINE = Pipeline(load(ROOT / "params.yaml", profile="paper"), load_claims(ROOT / "claims.yaml"))
GROUPS = groups(PIPELINE)
STAGES = {name: stage for name, stage in DVC["stages"].items() if name != "figure"}


def names(entries: list[Any]) -> list[str]:
    """Return the paths of a list whose entries are ``path`` or ``path: options``."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def outs(stage: dict[str, Any]) -> list[str]:
    return names([*stage.get("outs", []), *stage.get("metrics", [])])


def test_dvc_yaml_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert (ROOT / "dvc.yaml").read_text(encoding="utf-8") == dvc_yaml(), "run `make stages`"


def test_each_step_is_in_one_stage_and_each_figure_has_an_alias() -> None:
    steps = [step for group in GROUPS.values() for step in group]
    assert len(steps) == len(list(PIPELINE.steps()))
    made = {path for stage in STAGES.values() for path in outs(stage)}
    for step in steps:
        for artefact in step.artefacts:
            assert not made.isdisjoint(map(str, (artefact, *artefact.parents))), artefact
    assert DVC["stages"]["figure"]["foreach"] == [figure.name for figure in FIGURES]


def _needed_by_dvc(name: str) -> Iterator[str]:
    """Yield the stages that ``dvc repro`` of a stage covers: those whose outputs it reads, directly or indirectly."""
    yield name
    for other, stage in STAGES.items():
        made = outs(stage)
        if other != name and any(Path(dep).is_relative_to(path) for dep in STAGES[name]["deps"] for path in made):
            yield from _needed_by_dvc(other)


def _needed_by_snakemake(step: Step, makers: dict[Path, Step]) -> Iterator[Path]:
    yield step.artefacts[0]
    for path in (path for paths in step.sources.values() for path in paths):
        if path in makers:
            yield from _needed_by_snakemake(makers[path], makers)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_dvc_makes_for_each_figure_what_snakemake_would_make(figure: Any) -> None:
    makers = {artefact: step for step in PIPELINE.steps() for artefact in step.artefacts}
    by_dvc = {step.artefacts[0] for name in _needed_by_dvc(figure.name) for step in GROUPS[name]}
    assert by_dvc == set(_needed_by_snakemake(PIPELINE.figure(figure), makers))


def test_large_outputs_are_cached_small_ones_are_in_git_and_none_is_deleted() -> None:
    for name, stage in STAGES.items():
        for entry in [*stage.get("outs", []), *stage.get("metrics", [])]:
            ((path, options),) = entry.items()
            heavy = path.startswith(("data/", *(f"results/paper/{part}/" for part in ("models", "runs", "arms"))))
            assert options == ({"persist": True} if heavy else {"cache": False, "persist": True}), (name, path)


def test_every_dependency_is_in_git() -> None:
    """Otherwise ``dvc repro --dry`` would fail in a clone without data and models."""
    deps = {dep for stage in STAGES.values() for dep in stage["deps"]}
    records = {str(PIPELINE.layout.group_records(name)) for name in GROUPS}
    given = {"data/registry.csv", "claims.yaml"}
    assert {dep for dep in deps - records if not dep.startswith("nvae/")} == given


def test_every_stage_depends_on_its_code_and_settings() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, stage in STAGES.items():
        deps = [Path(dep) for dep in stage["deps"]]
        for file in {file for step in GROUPS[name] for file in step.plan.code}:
            assert any(Path(file).is_relative_to(dep) for dep in deps), (name, file)
        for key in stage["params"]:
            content: Any = params
            for part in key.split("."):
                content = content[part]
    listed = {key.partition(".")[0] for stage in STAGES.values() for key in stage["params"]}
    assert listed == set(params) - {"profile", "execution", "ladder", "transfer"}  # no figure needs these yet


def test_the_plot_shows_the_histories() -> None:
    ((path, plot),) = (entry.popitem() for entry in DVC["plots"])
    assert path == str(PIPELINE.layout.table("history"))
    assert {plot["x"], plot["y"]} <= set(TABLES["history"].names)
    template = json.loads((ROOT / f".dvc/plots/{plot['template']}.json").read_text(encoding="utf-8"))
    assert template["transform"][0]["filter"]["field"] in TABLES["history"].names
