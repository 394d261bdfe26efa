"""``nvae collect``: the tables of single runs joined into one."""

import argparse
from pathlib import Path

from nvae.provenance import Stopwatch, write_sidecar
from nvae.tables.joining import join, melt_history, write_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("tables", nargs="+", type=Path, help="one CSV per run, in the order of the joined table")
    parser.add_argument("--out", type=Path, required=True, help="the joined table")
    parser.add_argument(
        "--history", action="store_true", help="the tables are training histories, which differ in their terms"
    )


def run(args: argparse.Namespace) -> None:
    """Write the rows of all tables, in the order given; of a training history one row per term."""
    stopwatch = Stopwatch()
    if args.history:
        histories = [melt_history(path) for path in args.tables]
        columns, rows = histories[0][0], [row for _, part in histories for row in part]
    else:
        columns, rows = join(args.tables)
    write_text(args.out, columns, rows)
    inputs = {path.as_posix(): path for path in args.tables}
    write_sidecar(args.out, verb="collect", params={}, inputs=inputs, stopwatch=stopwatch)
