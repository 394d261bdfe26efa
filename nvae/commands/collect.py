"""``nvae collect``: joining of the tables of single runs into one table."""

import argparse
from pathlib import Path

from nvae.commands._common import add_plan
from nvae.pipeline import plans
from nvae.provenance.job import Job
from nvae.tables.joining import join, melt_history, write_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("tables", nargs="+", type=Path, help="CSV files, one per run, in the order of the joined table")
    parser.add_argument("--out", type=Path, required=True, help="path of the joined table")
    parser.add_argument(
        "--history", action="store_true", help="join training histories, whose columns of terms become rows"
    )
    add_plan(parser)


def run(args: argparse.Namespace) -> None:
    """Write the rows of all tables in the order given; a training history is written as one row per term."""
    job = Job(plans.collect(), expected=args.plan)
    job.read({path.as_posix(): path for path in args.tables})
    if args.history:
        histories = [melt_history(path) for path in args.tables]
        columns, rows = histories[0][0], [row for _, part in histories for row in part]
    else:
        columns, rows = join(args.tables)
    write_text(args.out, columns, rows)
    job.write_sidecar(args.out)
