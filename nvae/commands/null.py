"""``nvae null``: a null of a prepared set, in which no factor is exclusive to a class."""

import argparse
from pathlib import Path

from nvae.commands._common import add_params, load_config
from nvae.data import nulls
from nvae.data.prepared import PreparedSet
from nvae.errors import printable
from nvae.layout import Layout
from nvae.pipeline import plans
from nvae.provenance.job import Job


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml, of kind marked or clone")
    parser.add_argument(
        "--data", type=Path, help="path of the prepared set that it is made from (default: the profile's)"
    )
    parser.add_argument("--out", type=Path, help="path of the null, a prepared set (default: the profile's)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Make one null.

    Raises:
        UserError: If the data set is no null, or its base is missing.
    """
    config = load_config(args)
    params = config.null_params(args.dataset)
    paths = Layout(config.profile)
    data, out = args.data or paths.prepared(params.of), args.out or paths.prepared(args.dataset)
    job = Job(plans.null(config, args.dataset), expected=args.plan)
    job.read({"data": data})
    made = nulls.make(PreparedSet.load(data), args.dataset, params)
    made.save(out)
    job.write_sidecar(out)
    sizes = ", ".join(f"{len(split)} {name}" for name, split in made.splits())
    print(printable(f"{out}: {sizes} images of {made.n_classes} classes ({made.class_names[0]}, …)"))
