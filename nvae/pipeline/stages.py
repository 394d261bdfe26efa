"""The stages of ``dvc.yaml``, one per group of steps. ``make stages`` writes the file.

All steps that exactly the same figures need are one group. ``dvc repro`` of a figure therefore makes what the figure
needs and nothing else, and Snakemake can run the steps of a group in parallel.

A stage runs Snakemake for its group, which decides what has to be made. The stage's dependencies only decide whether
DVC calls Snakemake: they may be coarser than those of a step, but must not miss any. For what another group makes, the
dependency is that group's file of records, which has the hash of every result. It is in git, so that DVC can tell what
is current in a clone that has neither data nor models.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from nvae import claims
from nvae.analyses import ANALYSES
from nvae.config import CLASSIFIER, load
from nvae.figures import FIGURES
from nvae.layout import PARAMS, REGISTRY, raw, raw_list
from nvae.models import MODELS
from nvae.pipeline.graph import Pipeline, Step
from nvae.pipeline.groups import groups
from nvae.provenance.sidecars import sidecar_of

_PROFILE = "paper"
_HEADER = """\
# Made by `make stages` from nvae/pipeline; do not edit. DVC stores the files, and Snakemake manages the graph: the
# command of each stage makes one group of Snakemake's targets, which has the same name, and Snakemake decides which of
# its jobs to run. All stages use profile paper. A stage such as for-05-10 makes all that Figures 5 and 10 need, and
# no other figure.
#
# After a run of Snakemake alone, `dvc commit -f` writes dvc.lock. It accepts all files as they are, so first check that
# `nvae verify` finds nothing.
#
# A stage depends on the records of the stages whose results it reads. They have the hashes of all results, and are in
# git, so that `dvc status` and `dvc repro --allow-missing` work in a clone without data and models.
#
# Every output has `persist`, since DVC would otherwise delete it before the command, and all would be made again.
# Data, models and tables of single runs are in DVC's cache; records, joined tables, arrays, metrics, verdicts and
# figures are small and in git (cache: false).
"""
_PLOTS = [
    {
        "results/paper/tables/history.csv": {
            "title": "Training histories",
            "x": "epoch",
            "y": "value",
            "template": "history",
        }
    }
]


class Stages:
    """The groups of steps of profile paper, and the stage of each.

    Args:
        pipeline: Steps of profile paper.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._config = pipeline.config
        self._layout = pipeline.layout
        self._groups = groups(pipeline)
        self._group_of = {
            path: name for name, steps in self._groups.items() for step in steps for path in step.artefacts
        }

    def stages(self) -> dict[str, Any]:
        """Return the content of ``stages`` in dvc.yaml."""
        stages: dict[str, Any] = {name: self._stage(name, steps) for name, steps in self._groups.items()}
        stages["figure"] = {
            "foreach": [spec.name for spec in FIGURES],
            "do": {
                "desc": "One figure; `dvc repro figure@NAME` makes it and everything that it needs, and verifies it",
                "cmd": "nvae verify paper_figs/${item}.pdf paper_figs/${item}.png paper_figs/${item}.rst",
                "deps": [f"paper_figs/${{item}}.{suffix}" for suffix in ("pdf", "png", "rst")],
            },
        }
        return stages

    def _subject(self, step: Step) -> list[str]:
        """Return the data set, the data set and the variant, or the table that a step is about."""
        path = step.artefacts[0]
        if step.rule in ("draw_dataset", "fetch_dataset", "prepare_dataset", "make_null"):
            return [path.stem]
        if step.rule in ("train_model", "alias_model"):
            return list(path.parts[-3:-1])
        if step.rule == "release_model":
            return list(path.parts[-2:])
        if step.rule in ("collect_table", "collect_history"):
            return [path.stem]
        if step.rule in ANALYSES:
            if ANALYSES[step.rule].first_seed_alone:
                dataset, _, rest = path.stem.partition("-")
                return [dataset, rest.partition("-")[0]]
            return list(path.parts[-3:-1])
        return []

    def _stage(self, name: str, steps: list[Step]) -> dict[str, Any]:
        read = {path for step in steps for paths in step.sources.values() for path in paths}
        sources = {self._dependency(path) for path in read} - {self._layout.group_records(name)}
        if any(step.rule == "fetch_dataset" for step in steps):
            sources.add(REGISTRY)
        code = _compact({file for step in steps for file in step.plan.code})
        metrics: list[dict[str, Any]] = []
        outs: list[dict[str, Any]] = []
        for path, cached in (*self._outs(steps), (self._layout.group_records(name), False)):
            entry = {str(path): {**({} if cached else {"cache": False}), "persist": True}}
            (metrics if path == self._layout.metrics else outs).append(entry)
        return {
            "cmd": f"snakemake --cores all --config profile={_PROFILE} -- {name}",
            "deps": sorted(map(str, sources)) + code,
            "params": sorted({key for step in steps for key in self._params(step)}),
            "outs": outs,
            **({"metrics": metrics} if metrics else {}),
        }

    def _dependency(self, source: Path) -> Path:
        """Return what stands for a source among the dependencies: the records of the group that makes it, or itself."""
        # The table of histories reads a file of each model, which is an artefact by its folder.
        group = self._group_of.get(source) or self._group_of.get(source.parent)
        return self._layout.group_records(group) if group else source

    def _stored(self, path: Path) -> Path:
        """Return the output of DVC that has an artefact: the folder of all seeds, if one group makes them all."""
        return path.parent if path.parent in self._whole else path

    @cached_property
    def _whole(self) -> set[Path]:
        """The folders of the artefacts of all seeds that are made by one group."""
        makers: dict[Path, set[str]] = {}
        for name, steps in self._groups.items():
            for path in (path for step in steps for path in step.artefacts if path.name.startswith("seed")):
                makers.setdefault(path.parent, set()).add(name)
        return {folder for folder, names in makers.items() if len(names) == 1}

    def _outs(self, steps: list[Step]) -> Iterator[tuple[Path, bool]]:
        """Yield the outputs of a group, each with whether it is in DVC's cache and not in git."""
        yielded: set[Path] = set()
        for step in steps:
            for artefact in step.artefacts:
                path = self._stored(artefact)
                if path in yielded:
                    continue
                yielded.add(path)
                cached = path.name.startswith("seed") or path in self._whole or path.is_relative_to("data")
                yield path, cached
                if cached and path not in self._whole:
                    yield sidecar_of(path), cached
                if path.parent == raw("any").parent:
                    yield raw_list(path.name), cached
                if step.rule == "augmentation":
                    yield self._layout.arms(path.parent.name, path.name, 0).parent, True

    def _params(self, step: Step) -> Iterator[str]:
        """Yield the keys of params.yaml on which a step depends, or sections that have them."""
        verb, subject = step.plan.verb, self._subject(step)
        yield f"profiles.{_PROFILE}"
        yield "datasets"
        if verb in ("draw-data", "prepare", "fetch", "null"):
            yield f"data.{subject[0]}"
        elif verb in ("train", "alias"):
            yield from self._model_params(*subject)
            yield from self._training_params(*subject)
            yield from self._seed_params(subject[0])
            if MODELS[self._config.variant(subject[1]).model].monitored:
                yield "fidelity"
        elif verb in ANALYSES:
            yield from self._seed_params(subject[0])
            for section in ANALYSES[verb].sections:
                yield from self._section(section, *subject)
        elif verb == "variants":
            yield from ("models", "variants")
        elif verb in ("collect", "draw", "release"):
            yield from ("seeds", "ground_truth")

    def _section(self, name: str, dataset: str, variant: str) -> Iterator[str]:
        match name:
            case "data":
                yield f"data.{dataset}"
            case "model":
                yield from self._model_params(dataset, variant)
            case "training":
                yield from self._training_params(dataset, variant)
            case "classifier":
                yield from self._model_params(dataset, CLASSIFIER)
            case "classifier_training":
                yield from self._training_params(dataset, CLASSIFIER)
            case "rungs":
                yield "ladder"
                yield from self._model_params(dataset, variant)
            case "features":
                yield "responses"
            case _:
                yield name.partition(".")[0]

    def _model_params(self, dataset: str, variant: str) -> Iterator[str]:
        yield f"variants.{variant}"
        for model in ("common", self._config.variant(variant).model):
            yield from self._layers(f"models.{model}", self._config.models[model], dataset)

    def _training_params(self, dataset: str, variant: str) -> Iterator[str]:
        yield f"variants.{variant}"
        yield from self._layers("training", self._config.training, dataset)

    def _layers(self, section: str, content: Mapping[str, object], dataset: str) -> Iterator[str]:
        """Yield the defaults of a section and its changes for a data set; the whole section if there are none yet."""
        names = ("defaults", self._config.family(dataset))
        yield from (f"{section}.{name}" for name in names) if set(names) <= set(content) else [section]

    def _seed_params(self, dataset: str) -> Iterator[str]:
        yield "seeds" if dataset in self._config.datasets.values() else "ground_truth"


def _compact(files: Iterable[str]) -> list[str]:
    """Return the sub-packages of the files; of commands and figures, and outside of sub-packages, the files."""
    parts = [Path(file).parts for file in files]
    return sorted({"/".join(part if part[1] in ("commands", "figures") else part[:2]) for part in parts})


def dvc_yaml() -> str:
    """Return the content of dvc.yaml. The working directory has to be the project's root."""
    pipeline = Pipeline(load(PARAMS, profile=_PROFILE), claims.load(Path("claims.yaml")))
    content = {"stages": Stages(pipeline).stages(), "plots": _PLOTS}
    return _HEADER + yaml.safe_dump(content, sort_keys=False, width=120, default_flow_style=None)


if __name__ == "__main__":
    sys.stdout.write(dvc_yaml())
