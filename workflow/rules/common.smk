# Definitions for the other files: the checked configuration of the profile, and the steps of its pipeline.

import sys
from pathlib import Path

from snakemake import __version__ as snakemake_version

from nvae import claims as nvae_claims
from nvae import config as nvae_config
from nvae.analyses import ANALYSES
from nvae.clock import redate_future_files
from nvae.errors import UserError
from nvae.figures import FIGURES, SUFFIXES
from nvae.forking import client as fork_client
from nvae.forking.scheduler import lift_rate_limit
from nvae.layout import RAW, Layout, raw_list
from nvae.locking import remove_stale_locks
from nvae.pipeline.graph import MODEL_FILES, RELEASED_FILES, Pipeline
from nvae.pipeline.groups import groups
from nvae.pipeline.snakemake_records import Bookkeeping
from nvae.tables.joining import restore_run_tables
from nvae.tables.schemas import TABLES, VARIANTS

UNKNOWN = sorted(set(config) - {"profile"})
if UNKNOWN:
    sys.exit(f"nvae: error: --config {UNKNOWN[0]}: got an override, expected profile=NAME alone. Edit params.yaml.")
try:
    CONFIG = nvae_config.load(Path("params.yaml"), profile=config.get("profile"))
    PIPELINE = Pipeline(CONFIG, nvae_claims.load(Path("claims.yaml")))
except UserError as error:
    sys.exit(f"nvae: error: {error}")

PATHS = PIPELINE.layout
PROFILE = CONFIG.profile
BOOKKEEPING = None  # only in the main process: a job on another machine of a cluster runs whatever the main one planned

# A clock that was set back must not hide a change. On a cluster only the main process does this, since clocks differ.
if workflow.is_main_process:
    STALE = remove_stale_locks(Path(".snakemake"), snakemake_version)
    if STALE:
        print(f"nvae: removed {STALE} locks of a run that was killed.", file=sys.stderr)
    BOXES = {boxes for data in CONFIG.data.values() if (boxes := getattr(data, "face_boxes", None))}
    LATE = redate_future_files(
        made=[*RAW.glob("*.sha256"), PATHS.prepared("any").parent, PATHS.results, PATHS.figures],
        given=[Path("claims.yaml"), *map(Path, sorted(BOXES))],
    )
    if LATE:
        print(f"nvae: {LATE} files were dated in the future; their inputs are compared by content.", file=sys.stderr)
    try:
        # A clone has only the joined tables; figures are drawn from the tables of single runs.
        RESTORED = restore_run_tables(PATHS, PIPELINE.run_table_keys())
        BOOKKEEPING = Bookkeeping(PIPELINE)
        LINES = list(BOOKKEEPING.put_in_place())
    except UserError as error:
        sys.exit(f"nvae: error: {error}")
    if RESTORED:
        LINES.insert(0, f"restored {RESTORED} tables of single runs from {PATHS.tables}.")
    print(*(f"nvae: {line}" for line in LINES), sep="\n", end="\n" if LINES else "", file=sys.stderr)


def files_of(*steps):
    """Return the files that steps make."""
    return [str(file) for step in steps for file in step.files.values()]


def inputs_of(make_step):
    """Return the input function of a rule, which returns the files that a step reads, by name.

    Args:
        make_step: Method of the pipeline that makes the step from the wildcards.
    """
    return lambda wildcards: inputs(make_step(**wildcards))


def inputs(step):
    """Return the files that a step reads, by name. A current result does not need those that are missing."""
    return BOOKKEEPING.state.inputs(step) if BOOKKEEPING else step.inputs


def plan_of(make_step):
    """Return the parameters of a rule, which are the settings and code of its step, the digest of both, and the verb.

    Snakemake runs a step again if its settings or code change. The digest is passed to the job, which refuses to run
    with other settings or code. Digest and verb depend on the number of threads only in name: Snakemake does not record
    such parameters, so that its records have exactly what the records of the results have.

    Args:
        make_step: Method of the pipeline that makes the step from the wildcards.
    """
    return {
        "settings": lambda wildcards: make_step(**wildcards).plan.settings,
        "code": lambda wildcards: make_step(**wildcards).plan.code_text,
        "plan": lambda wildcards, threads: make_step(**wildcards).plan.digest,
        "verb": lambda wildcards, threads: make_step(**wildcards).plan.verb,
    }


def log_of(name):
    """Return the path of the log of a job."""
    return str(PATHS.log(name))
