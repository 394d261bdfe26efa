# Definitions that all rule files share, such as the checked configuration of the profile, its paths, and code hashes.

import sys
from pathlib import Path

from snakemake import __version__ as snakemake_version

from nvae import claims as nvae_claims
from nvae import cli
from nvae import config as nvae_config
from nvae import figures as nvae_figures
from nvae.analyses import ANALYSES
from nvae.clock import redate_future_files
from nvae.config import CLASSIFIER
from nvae.data import PREPARERS
from nvae.data.builtin import BUILTIN
from nvae.errors import UserError
from nvae.figures import FIGURES
from nvae.forking import client as fork_client
from nvae.forking.scheduler import lift_rate_limit
from nvae.layout import RAW, REGISTRY, Layout, raw
from nvae.models import MODELS
from nvae.provenance.closure import fingerprint
from nvae.tables.joining import restore_run_tables
from nvae.tables.schemas import TABLES, VARIANTS

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
# A clock that was set back must not hide a change. On a cluster only the main process does this, since clocks differ.
if workflow.is_main_process:
    LATE = redate_future_files(
        made=[*RAW.glob("*.sha256"), PATHS.prepared("any").parent, PATHS.results, PATHS.figures],
        given=[Path("claims.yaml"), REGISTRY, *map(Path, FACE_BOXES)],
    )
    if LATE:
        print(f"nvae: {LATE} files were dated in the future; their inputs are compared by content.", file=sys.stderr)
# The models that figures need, so that a new figure adds its models. Claims need no other models (a test checks this).
RUNS = nvae_figures.runs(CONFIG.datasets)
SHOWN = nvae_figures.shown_runs(CONFIG.datasets)
DATASETS = sorted({dataset for dataset, _ in RUNS})

# Runs that would train the same model as another run; that model is trained once, and copied.
ALIASES = {
    (dataset, variant): first
    for dataset, variant in RUNS
    if (first := CONFIG.trained_as(dataset, variant)) != variant and (dataset, first) in RUNS
}

# Table → the data sets and variants whose runs it contains, namely those that a figure or a claim reads. History,
# metrics and (for encoders) KL also contain every model that a figure shows.
TABLE_RUNS = {table: set() for table in TABLES}
for figure in FIGURES:
    for need in figure.needs:
        if need.table in TABLES:
            TABLE_RUNS[need.table].update(need.about(CONFIG.datasets))
for table, role, variant in CLAIMS.needs():
    TABLE_RUNS[table].add((CONFIG.datasets[role], variant))
for dataset, variant in SHOWN:
    TABLE_RUNS["history"].add((dataset, variant))
    TABLE_RUNS["metrics"].add((dataset, variant))
    if MODELS[CONFIG.variant(variant).model].encodes:
        TABLE_RUNS["kl"].add((dataset, variant))

# A clone has only the joined tables, which are split into the tables of single runs, from which figures are drawn.
if workflow.is_main_process:
    RUN_TABLES = [
        (table, dataset, variant, seed)
        for table in ANALYSES
        for dataset, variant in sorted(TABLE_RUNS.get(table, ()))
        for seed in CONFIG.seeds_of(dataset)
    ]
    try:
        RESTORED = restore_run_tables(PATHS, RUN_TABLES)
    except UserError as error:
        sys.exit(f"nvae: error: {error}")
    if RESTORED:
        print(f"nvae: restored {RESTORED} tables of single runs from {PATHS.tables}.", file=sys.stderr)


def code(verb, *modules):
    """Return the code files of a verb, and of modules that it chooses at run time, each with its hash.

    They are a parameter of every rule. As inputs they would count only if they were newer than the outputs, which no
    code is after `git clone` and `dvc checkout`, so that a change to the code would go unnoticed.
    """
    return fingerprint(*cli.verb_modules(verb), *modules)


def model_spec(variant):
    """Return the entry of a variant's model in the registry of models."""
    return MODELS[CONFIG.variant(variant).model]


def model_module(variant):
    """Return the module of a variant's model."""
    return model_spec(variant).module


def recipe_module(dataset):
    """Return the module that draws a built-in data set."""
    return BUILTIN[CONFIG.family(dataset)]


def train_code(variant):
    """Return the code files that the training of a variant runs, with their hashes."""
    spec = model_spec(variant)
    return code("train", spec.module, *(["nvae.inference.gan_monitor"] if spec.monitored else []))


def log_of(name):
    """Return the path of the log of a job."""
    return str(PATHS.log(name))


def model_of(wildcards, variant=None, seed=None):
    """Return the files of a trained model that an analysis reads; a given variant or seed replaces the wildcard."""
    folder = PATHS.model(wildcards.dataset, variant or wildcards.variant, seed or wildcards.seed)
    return [str(folder / MODEL_FILES["weights"]), str(folder / MODEL_FILES["description"])]


def first_seed(wildcards):
    """Return the first seed of the data set's models, whose images are shown."""
    return CONFIG.seeds_of(wildcards.dataset)[0]


def first_model_of(wildcards):
    """Return the files of the first seed's model."""
    return model_of(wildcards, seed=str(first_seed(wildcards)))


def classifier_of(wildcards):
    """Return the files of the classifier that evaluates samples, the same one for all models and seeds."""
    return model_of(wildcards, variant=CLASSIFIER, seed=str(first_seed(wildcards)))


def inputs_of(analysis, wildcards):
    """Return the files that an analysis of one run reads, by name."""
    files = {}
    if "data" in analysis.reads:
        files["data"] = str(PATHS.prepared(wildcards.dataset))
    if "model" in analysis.reads:
        files["model"] = first_model_of(wildcards) if analysis.first_seed_alone else model_of(wildcards)
    if "classifier" in analysis.reads:
        files["classifier"] = classifier_of(wildcards)
    return files


def analysis_code(analysis, wildcards):
    """Return the code files that an analysis of one run executes, with their hashes."""
    modules = [model_module(wildcards.variant)]
    if not analysis.reads:
        modules.append(recipe_module(wildcards.dataset))
    return code(analysis.name, *modules)


def run_tables_of(wildcards):
    """Return the tables of single runs that make up a joined table, by data set, variant and seed."""
    return [
        str(PATHS.run_table(wildcards.table, dataset, variant, seed))
        for dataset, variant in sorted(TABLE_RUNS[wildcards.table])
        for seed in CONFIG.seeds_of(dataset)
    ]
