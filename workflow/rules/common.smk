# Shared by all rule files, the checked configuration of the chosen profile, its paths, and code hashes.

import sys
from pathlib import Path

from nvae import claims as nvae_claims
from nvae import config as nvae_config
from nvae import forkserver
from nvae.clock import redate_future_files
from nvae.provenance.closure import fingerprint
from nvae.config import CLASSIFIER
from nvae.data import PREPARERS
from nvae.data.builtin import BUILTIN
from nvae.errors import UserError
from nvae.figures import ABLATIONS, FIGURES, Need
from nvae.layout import RAW, REGISTRY, Layout, raw
from nvae.models import MODELS

UNKNOWN = sorted(set(workflow.config_settings.config) - {"profile"})
if UNKNOWN:
    sys.exit(f"nvae: error: --config {UNKNOWN[0]}: got an override, expected profile=NAME alone. Edit params.yaml.")
try:
    CONFIG = nvae_config.load(Path("params.yaml"), profile=config.get("profile"))
    CLAIMS = nvae_claims.load(Path("claims.yaml"))
except UserError as error:
    sys.exit(f"nvae: error: {error}")

PATHS = Layout(CONFIG.profile)
PROFILE = CONFIG.profile
MODEL_FILES = {
    "weights": "weights.safetensors",
    "description": "model.json",
    "history": "history.csv",
    "throughput": "throughput.csv",
}
FACE_BOXES = sorted({boxes for data in CONFIG.data.values() if (boxes := getattr(data, "face_boxes", None))})
# A clock that was set back must hide no change. On the machines of a cluster clocks differ: they leave dates alone.
if workflow.is_main_process:
    LATE = redate_future_files(
        made=[*RAW.glob("*.sha256"), PATHS.prepared("any").parent, PATHS.results, PATHS.figures],
        given=[Path("claims.yaml"), REGISTRY, *map(Path, FACE_BOXES)],
    )
    if LATE:
        print(
            f"nvae: {LATE} files were dated in the future; the bytes of what they need are compared.", file=sys.stderr
        )
CLAIM_NEEDS = [(table, CONFIG.datasets[role], variant) for table, role, variant in sorted(CLAIMS.needs())]
# The runs that figures and claims need: adding one adds what it is made from.
RUNS = sorted(
    {
        *(run for figure in FIGURES for need in figure.needs for run in need.runs(CONFIG.datasets)),
        *((dataset, variant) for _, dataset, variant in CLAIM_NEEDS),
    }
)
DATASETS = sorted({dataset for dataset, _ in RUNS})
# Those whose history, metrics and KL are tables, asked for or not: what a figure shows of the data sets in its roles.
SHOWN = sorted(
    {
        run
        for figure in FIGURES
        for need in figure.needs
        if isinstance(need, Need)
        for run in need.runs(CONFIG.datasets)
        if run[0] in CONFIG.datasets.values()
    }
)

# Those that would train to the same model as another of them: it is trained once, and copied.
ALIASES = {
    (dataset, variant): first
    for dataset, variant in RUNS
    if (first := CONFIG.trained_as(dataset, variant)) != variant and (dataset, first) in RUNS
}

# Tables that are made for each run and joined over seeds, beside the histories.
RUN_TABLES = ["aggregate", "augmentation", "calibration", "factors", "fidelity", "kl", "metrics", "responses"]


def code(verb, *modules):
    """The code files that a verb runs, and those of modules that it chooses at run time, each with its hash.

    A parameter of every rule. As inputs they would be looked at only if newer than the outputs, and after
    `git clone` and `dvc checkout` no code is: a change to it would go unseen.
    """
    return fingerprint(f"nvae.commands.{verb.replace('-', '_')}", *modules)


def model_spec(variant):
    """What can be asked of a variant's model."""
    return MODELS[CONFIG.variant(variant).model]


def model_module(variant):
    """The module of a variant's model."""
    return model_spec(variant).module


def recipe_module(dataset):
    """The module that draws a built-in data set."""
    return BUILTIN[CONFIG.family(dataset)]


def train_code(variant):
    """The code that training a variant runs."""
    spec = model_spec(variant)
    return code("train", spec.module, *(["nvae.commands._monitor"] if spec.monitored else []))


def run_tables(variant):
    """The tables that every run of a variant has, beside those that a figure asks for."""
    return ["history", "metrics", *(["kl"] if model_spec(variant).encodes else [])]


def log_of(name):
    """Where a job's messages go, beside the terminal."""
    return str(PATHS.log(name))


def model_of(wildcards, variant=None, seed=None):
    """The files of a trained model that an analysis reads; what is given takes the place of a wildcard."""
    folder = PATHS.model(wildcards.dataset, variant or wildcards.variant, seed or wildcards.seed)
    return [str(folder / MODEL_FILES["weights"]), str(folder / MODEL_FILES["description"])]


def first_seed(wildcards):
    """The seed of the model that images are shown from."""
    return CONFIG.seeds_of(wildcards.dataset)[0]


def first_model_of(wildcards):
    """The files of the first seed's model."""
    return model_of(wildcards, seed=str(first_seed(wildcards)))


def classifier_of(wildcards):
    """The files of the classifier that judges samples: one for all models and seeds, so that they are comparable."""
    return model_of(wildcards, variant=CLASSIFIER, seed=str(first_seed(wildcards)))


def run_tables_of(wildcards):
    """Every seed's part of a table."""
    runs = [(wildcards.dataset, wildcards.variant, seed) for seed in CONFIG.seeds_of(wildcards.dataset)]
    return [str(PATHS.run_table(wildcards.table, *run)) for run in runs]


def histories_of(wildcards):
    """Every seed's history."""
    runs = [(wildcards.dataset, wildcards.variant, seed) for seed in CONFIG.seeds_of(wildcards.dataset)]
    return [str(PATHS.model(*run) / MODEL_FILES["history"]) for run in runs]


def ablated_runs(key):
    """The data sets and variants of an ablation."""
    (ablation,) = [found for found in ABLATIONS if found.name == key]
    return ablation.runs(CONFIG.datasets)


def ablated_tables_of(wildcards):
    """The metrics of every run on which a key of the model is varied."""
    return [str(PATHS.table("metrics", *run)) for run in ablated_runs(wildcards.key)]


def ablated_values(wildcards):
    """The key's value in each of these runs, as text."""
    runs = ablated_runs(wildcards.key)
    return " ".join(str(getattr(CONFIG.model_params(*run), wildcards.key)) for run in runs)
