"""``nvae variants``: the parameters of every variant, as a table with which other tables can be joined."""

import argparse
from pathlib import Path

from nvae.commands._common import add_params, load_config
from nvae.figures import runs
from nvae.layout import Layout
from nvae.pipeline import plans
from nvae.provenance.job import Job
from nvae.tables.joining import write_text
from nvae.tables.schemas import VARIANTS


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--out", type=Path, help="path of the table to write (default: the profile's)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Write one row per data set, variant and parameter of the model."""
    config = load_config(args)
    job = Job(plans.variants(config), expected=args.plan)
    rows = [
        [dataset, variant, parameter, str(setting)]
        for dataset, variant in runs(config.datasets)
        for parameter, setting in config.model_params(dataset, variant).model_dump(mode="json").items()
    ]
    out = args.out or Layout(config.profile).table(VARIANTS.name)
    write_text(out, list(VARIANTS.names), rows)
    job.write_sidecar(out)
