"""``nvae collect``: one table over seeds from one table a seed."""

import argparse
from pathlib import Path

import pandas as pd

from nvae.errors import UserError
from nvae.provenance import Stopwatch, atomic, write_sidecar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("tables", nargs="+", type=Path, help="one CSV a run, with the same columns")
    parser.add_argument("--out", type=Path, required=True, help="the joined table")


def run(args: argparse.Namespace) -> None:
    """Write the tables under each other, in the order given."""
    watch = Stopwatch()
    # As text: a number that is only passed on keeps its digits.
    parts = [pd.read_csv(_existing(path), dtype=str, keep_default_na=False) for path in args.tables]
    for path, part in zip(args.tables, parts, strict=True):
        if list(part.columns) != list(parts[0].columns):
            raise UserError(
                str(path),
                got=f"columns {', '.join(part.columns)}",
                expected=f"those of {args.tables[0]}: {', '.join(parts[0].columns)}",
                mend="Make the tables anew with the same version.",
            )
    with atomic(args.out) as out:
        pd.concat(parts, ignore_index=True).to_csv(out, index=False)
    inputs = {f"table{index}": path for index, path in enumerate(args.tables)}
    write_sidecar(args.out, verb="collect", params={}, inputs=inputs, watch=watch)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(str(path), got="no such file", expected="a table", mend="Make it first, or correct the path.")
    return path
