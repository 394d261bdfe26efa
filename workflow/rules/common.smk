# Shared by all rule files, the checked configuration of the chosen profile, its paths, and code hashes.

import sys
from pathlib import Path

from nvae import config as nvae_config
from nvae.closure import fingerprint
from nvae.config import CLASSIFIER
from nvae.data import PREPARERS
from nvae.data.builtin import BUILTIN
from nvae.errors import UserError
from nvae.figures import FIGURES
from nvae.layout import REGISTRY, Layout, raw
from nvae.models import MODELS

UNKNOWN = sorted(set(workflow.config_settings.config) - {"profile"})
if UNKNOWN:
    sys.exit(f"nvae: error: --config {UNKNOWN[0]}: got an override, expected profile=NAME alone. Edit params.yaml.")
try:
    CONFIG = nvae_config.load(Path("params.yaml"), profile=config.get("profile"))
except UserError as error:
    sys.exit(f"nvae: error: {error}")

PATHS = Layout(CONFIG.profile)
PROFILE = CONFIG.profile
DATASETS = sorted(set(CONFIG.datasets.values()))
FIRST_SEED = CONFIG.seeds[0]
MODEL_FILES = {
    "weights": "weights.safetensors",
    "description": "model.json",
    "history": "history.csv",
    "throughput": "throughput.csv",
}
# The runs that the figures need: adding a figure adds what it is drawn from.
RUNS = sorted({(CONFIG.datasets[need.role], need.variant) for figure in FIGURES for need in figure.needs})


# Tables that are made for each run and joined over seeds, beside the histories.
RUN_TABLES = ["aggregate", "augmentation", "fidelity", "kl", "metrics"]


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


def train_code(variant):
    """The code that training a variant runs."""
    spec = model_spec(variant)
    return code("train", spec.module, *(["nvae.commands._watch"] if spec.watched else []))


def run_tables(variant):
    """The tables that every run of a variant has, beside those that a figure asks for."""
    return ["history", "metrics", *(["kl"] if model_spec(variant).encodes else [])]


def log_of(name):
    """Where a job's messages go, beside the terminal."""
    return str(PATHS.results / "logs" / f"{name}.log")


def model_of(wildcards, variant=None, seed=None):
    """The files of a trained model that an analysis reads; what is given takes the place of a wildcard."""
    folder = PATHS.model(wildcards.dataset, variant or wildcards.variant, seed or wildcards.seed)
    return [str(folder / MODEL_FILES["weights"]), str(folder / MODEL_FILES["description"])]


def judge_of(wildcards):
    """The files of the classifier that judges samples: one for all models and seeds, so that they are comparable."""
    return model_of(wildcards, variant=CLASSIFIER, seed=str(FIRST_SEED))
