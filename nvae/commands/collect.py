"""``nvae collect``: one table over seeds, or over variants, from several."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.provenance import Stopwatch, atomic, write_sidecar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("tables", nargs="+", type=Path, help="one CSV a run, with the same columns")
    parser.add_argument("--out", type=Path, required=True, help="the joined table")
    parser.add_argument(
        "--key", metavar="NAME", help="a key of the models: its value in each row's variant becomes a column"
    )
    add_params(parser)


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
    table = pd.concat(parts, ignore_index=True)
    params = {}
    if args.key:
        config = load_config(args)
        runs = sorted(set(zip(table["dataset"], table["model"], strict=True)))
        found = {run: _value(config.model_params(*run).model_dump(), args.key, *run) for run in runs}
        values = [found[run] for run in zip(table["dataset"], table["model"], strict=True)]
        table.insert(list(table.columns).index("model") + 1, args.key, values)
        params = {args.key: {f"{dataset}-{variant}": value for (dataset, variant), value in found.items()}}
    with atomic(args.out) as out:
        table.to_csv(out, index=False)
    inputs = {f"table{index}": path for index, path in enumerate(args.tables)}
    write_sidecar(args.out, verb="collect", params=params, inputs=inputs, watch=watch)


def _value(params: dict[str, Any], key: str, dataset: str, variant: str) -> object:
    if key not in params:
        raise UserError(
            "--key",
            got=key,
            expected=f"a key of variant {variant} on {dataset}: {', '.join(sorted(params))}",
            mend="Correct the name.",
        )
    return params[key]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(str(path), got="no such file", expected="a table", mend="Make it first, or correct the path.")
    return path
