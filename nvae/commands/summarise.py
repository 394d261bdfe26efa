"""``nvae summarise``: the metric tables as one small JSON file, for ``dvc metrics show``."""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from nvae.errors import UserError
from nvae.provenance import Stopwatch, atomic, write_sidecar

_COLUMNS = {"dataset", "model", "seed", "split", "metric", "value"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("tables", nargs="+", type=Path, help="metric tables over seeds")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file")


def run(args: argparse.Namespace) -> None:
    """Write test metrics, averaged over seeds, as data set → variant → metric, with the number of seeds."""
    stopwatch = Stopwatch()
    table = pd.concat([_read(path) for path in args.tables], ignore_index=True)
    table = table[table["split"] == "test"]
    summary: dict[str, Any] = {}
    for (dataset, variant), rows in table.groupby(["dataset", "model"], sort=True):
        means = rows.groupby("metric", sort=True)["value"].mean()
        found = {str(metric): float(f"{value:.6g}") for metric, value in means.items()}
        summary.setdefault(str(dataset), {})[str(variant)] = {"n_seeds": int(rows["seed"].nunique()), **found}
    with atomic(args.out) as part:
        part.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")
    inputs = {f"table{index}": path for index, path in enumerate(args.tables)}
    write_sidecar(args.out, verb="summarise", params={}, inputs=inputs, stopwatch=stopwatch)


def _read(path: Path) -> pd.DataFrame:
    hint = "Make it anew, or correct the path."
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # ValueError: empty, ragged or no UTF-8
        raise UserError(
            str(path), got=f"no table ({error})", expected="a CSV with a line of column names", hint=hint
        ) from None
    missing = sorted(_COLUMNS - set(table))
    if missing:
        raise UserError(
            str(path), got=f"columns {', '.join(map(str, table))}", expected=f"also {', '.join(missing)}", hint=hint
        )
    words = table["value"][pd.to_numeric(table["value"], errors="coerce").isna() & table["value"].notna()]
    if len(words):
        raise UserError(f"{path}, column value", got=repr(words.iloc[0]), expected="numbers", hint=hint)
    return table
