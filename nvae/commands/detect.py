"""``nvae detect``: which classes have factors of their own, from the ladders of a data set and of its nulls."""

import argparse
import math
from pathlib import Path

import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.config import LADDER, NVaeParams
from nvae.errors import UserError, printable
from nvae.layout import Layout
from nvae.measures.detection import UNDECIDED, detect
from nvae.provenance import atomic
from nvae.tables.needs import NULLS
from nvae.tables.reading import load_table
from nvae.tables.schemas import TABLES


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--variant", default="n_vae", help="variant whose ladder is read (default: n_vae)")
    parser.add_argument("--out", type=Path, help="path of a CSV with one row per class and size of z_s (default: none)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print the verdict on each class.

    Raises:
        UserError: If a ladder is missing or damaged, or lacks a setting or a seed.
    """
    config = load_config(args)
    usual = config.model_params(args.dataset, args.variant)
    if not isinstance(usual, NVaeParams):
        raise UserError("--variant", got=args.variant, expected="a variant of n_vae", hint="Choose another one.")
    paths = Layout(config.profile)
    data, *nulls = (
        _ladder([paths.run_table(LADDER, name, args.variant, seed) for seed in config.seeds_of(name, LADDER)])
        for name in (args.dataset, *(f"{args.dataset}_{null}" for null in NULLS))
    )
    found, sizes = detect(data, nulls, class_weight=usual.class_weight, likelihood=usual.likelihood)
    n_classes = data[data["image_class"] >= 0]["image_class"].nunique()
    if args.out is not None:
        with atomic(args.out) as part:
            found.to_csv(part, index=False, float_format="%.8g")
    print(sizes, *map(printable, _lines(found, n_classes, data["seed"].nunique())), sep="\n")


def _ladder(files: list[Path]) -> pd.DataFrame:
    return pd.concat([load_table(path, TABLES[LADDER], split=None) for path in files], ignore_index=True)


def _lines(found: pd.DataFrame, n_classes: int, n_seeds: int) -> list[str]:
    """Return one line per class, and the number of classes with each verdict."""
    lines = []
    for label, rows in found.groupby("image_class"):
        sizes = zip(rows["shared_dims"], rows["excess"], rows["low"], rows["high"], strict=True)
        excesses = "; ".join(f"d_s = {size}: {excess:+.3f}{_limits(low, high)}" for size, excess, low, high in sizes)
        lines.append(f"class {label}: {rows['verdict'].iloc[0]}; excess of the specific share, {excesses}")
    verdicts = found.drop_duplicates("image_class")["verdict"].value_counts().to_dict() or {UNDECIDED: n_classes}
    counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items())
    lines.append(f"{n_classes} classes: {counts}; {n_seeds} {'seed' if n_seeds == 1 else 'seeds'}")
    return lines


def _limits(low: float, high: float) -> str:
    return " (one seed: no limits)" if math.isnan(low) else f" ({low:+.3f} to {high:+.3f})"
