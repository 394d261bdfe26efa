"""``nvae summarise``: the test metrics as one small JSON file, for ``dvc metrics show``."""

import argparse
import json
from pathlib import Path
from typing import Any

from nvae.commands._common import add_params, load_config
from nvae.figures import shown_runs
from nvae.layout import Layout
from nvae.pipeline import plans
from nvae.provenance import atomic
from nvae.provenance.job import Job
from nvae.tables.reading import load_table, rows_of
from nvae.tables.schemas import TABLES


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--table", type=Path, help="path of the table of metrics (default: the profile's)")
    parser.add_argument("--out", type=Path, help="path of the JSON file to write (default: the profile's)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Write the means over seeds as data set → variant → metric, with the number of seeds.

    The file covers the models that figures show individually, and therefore no ablations.

    Raises:
        UserError: If the table is missing or damaged, or has no rows of such a model.
    """
    config = load_config(args)
    job = Job(plans.summarise(config), expected=args.plan)
    paths = Layout(config.profile)
    path = args.table or paths.table("metrics")
    job.read({"metrics": path})
    table = load_table(path, TABLES["metrics"])
    summary: dict[str, Any] = {}
    for dataset, variant in shown_runs(config.datasets):
        rows = rows_of(table, path, dataset, variant)
        means = rows.groupby("metric", sort=True)["value"].mean()
        found = {str(metric): float(f"{value:.6g}") for metric, value in means.items()}
        summary.setdefault(dataset, {})[variant] = {"n_seeds": int(rows["seed"].nunique()), **found}
    out = args.out or paths.metrics
    with atomic(out) as part:
        part.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    job.write_sidecar(out)
