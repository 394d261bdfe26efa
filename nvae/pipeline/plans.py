"""The plan of every verb that is a step of the pipeline: the settings and the code on which its result depends."""

import json

from nvae import figures
from nvae.analyses import ANALYSES
from nvae.config import Config
from nvae.data import PREPARERS
from nvae.data.builtin import BUILTIN
from nvae.data.fetching import registry
from nvae.errors import UserError
from nvae.models import MODELS
from nvae.provenance.plan import Plan
from nvae.verbs import verb_modules

#: Module that evaluates the samples of a GAN during its training, imported for these models only.
MONITOR = "nvae.inference.gan_monitor"


def fetch(dataset: str) -> Plan:
    """Return the plan of fetching a real data set, whose settings are the checksums in the registry.

    It has no code: whatever fetches the files, they have these checksums.

    Raises:
        UserError: If the registry is damaged, or has no such data set.
    """
    rows = registry.select(registry.load(), dataset)
    return Plan("fetch", json.dumps({row.file: row.sha256 for row in rows}, sort_keys=True))


def draw_data(config: Config, dataset: str) -> Plan:
    """Return the plan of drawing a built-in data set.

    Raises:
        UserError: If no recipe draws the data set.
    """
    recipe = config.family(dataset)
    if config.data_params(dataset).drawn is None or recipe not in BUILTIN:
        raise UserError(
            "data set",
            got=f"{dataset}, which is not drawn",
            expected=f"one of {', '.join(BUILTIN)}, or of their families",
            hint=f"Run `nvae fetch {dataset}` for a real one.",
        )
    return Plan.of("draw-data", config.slice("draw-data", dataset=dataset), *_modules("draw-data", BUILTIN[recipe]))


def prepare(config: Config, dataset: str) -> Plan:
    """Return the plan of preparing a data set."""
    modules = _modules("prepare", PREPARERS[config.data_params(dataset).kind])
    return Plan.of("prepare", config.slice("prepare", dataset=dataset), *modules)


def null(config: Config, dataset: str) -> Plan:
    """Return the plan of making a null.

    Raises:
        UserError: If the data set is no null.
    """
    return Plan.of("null", config.slice("null", dataset=dataset), *_modules("null"))


def train(config: Config, dataset: str, variant: str, seed: int) -> Plan:
    """Return the plan of training one model."""
    spec = MODELS[config.variant(variant).model]
    modules = _modules("train", spec.module, *([MONITOR] if spec.monitored else []))
    return Plan.of("train", config.slice("train", dataset=dataset, variant=variant, seed=seed), *modules)


def alias(config: Config, dataset: str, variant: str, seed: int) -> Plan:
    """Return the plan of copying a model, whose settings are those of its training."""
    return Plan.of("alias", config.slice("train", dataset=dataset, variant=variant, seed=seed), *_modules("alias"))


def analysis(config: Config, name: str, dataset: str, variant: str, seed: int) -> Plan:
    """Return the plan of one analysis of one run.

    The seed is among the settings of an analysis of the first seed alone, since the path of its table has no seed.
    """
    spec = ANALYSES[name]
    modules = [MODELS[config.variant(variant).model].module]
    if not spec.reads and config.family(dataset) in BUILTIN:
        modules.append(BUILTIN[config.family(dataset)])
    settings = json.loads(config.sections(spec.sections, dataset=dataset, variant=variant))
    return _plan(name, settings | ({"seed": seed} if spec.first_seed_alone else {}), *modules)


def collect() -> Plan:
    """Return the plan of joining tables."""
    return _plan("collect")


def variants(config: Config) -> Plan:
    """Return the plan of the table of variants, whose settings are its content."""
    runs = figures.runs(config.datasets)
    return _plan(
        "variants",
        {f"{dataset}/{name}": config.model_params(dataset, name).model_dump(mode="json") for dataset, name in runs},
    )


def summarise(config: Config) -> Plan:
    """Return the plan of the summary of metrics."""
    return _plan("summarise", {"datasets": config.datasets})


def claims(config: Config) -> Plan:
    """Return the plan of the evaluation of claims."""
    return _plan("claims", {"profile": config.profile, "datasets": config.datasets})


def draw(figure: figures.FigureSpec) -> Plan:
    """Return the plan of drawing a figure."""
    return _plan("draw", {"figure": figure.name}, figure.module)


def release(config: Config, variant: str, seed: int) -> Plan:
    """Return the plan of writing a model in half precision."""
    module = MODELS[config.variant(variant).model].module
    return _plan("release", {"precision": "float16", "seed": seed}, module)


def _plan(verb: str, settings: object = None, *modules: str) -> Plan:
    return Plan.of(verb, json.dumps(settings or {}, sort_keys=True), *_modules(verb, *modules))


def _modules(verb: str, *modules: str) -> list[str]:
    return [*verb_modules(verb), *modules]
