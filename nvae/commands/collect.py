"""``nvae collect``: one table over seeds, or over variants, from several."""

import argparse
import csv
from pathlib import Path
from typing import Any

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
    stopwatch = Stopwatch()
    # As text: a number that is only passed on keeps its digits, and a hundred joins need no data frame.
    columns, rows = _joined(args.tables)
    params = {}
    if args.key:
        config = load_config(args)
        if not {"dataset", "model"} <= set(columns):
            raise UserError(
                str(args.tables[0]),
                got=f"columns {', '.join(columns)}",
                expected="also dataset and model, which tell a row's variant",
                hint="Leave out --key, or join tables of runs.",
            )
        dataset, model = columns.index("dataset"), columns.index("model")
        runs = sorted({(row[dataset], row[model]) for row in rows})
        found = {run: _value(config.model_params(*run).model_dump(), args.key, *run) for run in runs}
        rows = [[*row[: model + 1], str(found[row[dataset], row[model]]), *row[model + 1 :]] for row in rows]
        columns = [*columns[: model + 1], args.key, *columns[model + 1 :]]
        params = {args.key: {f"{dataset}-{variant}": value for (dataset, variant), value in found.items()}}
    with atomic(args.out) as part, part.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    inputs = {f"table{index}": path for index, path in enumerate(args.tables)}
    write_sidecar(args.out, verb="collect", params=params, inputs=inputs, stopwatch=stopwatch)


def _value(params: dict[str, Any], key: str, dataset: str, variant: str) -> object:
    if key not in params:
        raise UserError(
            "--key",
            got=key,
            expected=f"a key of variant {variant} on {dataset}: {', '.join(sorted(params))}",
            hint="Correct the name.",
        )
    return params[key]


def _joined(paths: list[Path]) -> tuple[list[str], list[list[str]]]:
    """The columns that all tables have, and their rows in the order given."""
    columns, rows = _read(paths[0])
    for path in paths[1:]:
        others, more = _read(path)
        if others != columns:
            raise UserError(
                str(path),
                got=f"columns {', '.join(others)}",
                expected=f"those of {paths[0]}: {', '.join(columns)}",
                hint="Make the tables anew with the same version.",
            )
        rows += more
    return columns, rows


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            columns, *rows = csv.reader(stream, strict=True)
    except FileNotFoundError:
        raise UserError(
            str(path), got="no such file", expected="a table", hint="Make it first, or correct the path."
        ) from None
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            str(path), got=f"no table ({error})", expected="a CSV with a line of column names", hint="Make it anew."
        ) from None
    short = [number for number, row in enumerate(rows, start=2) if len(row) != len(columns)]
    if short:
        raise UserError(
            f"{path}, line {short[0]}",
            got=f"{len(rows[short[0] - 2])} values",
            expected=f"{len(columns)}, one a column",
            hint="Make the table anew.",
        )
    return columns, rows
