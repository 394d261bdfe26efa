"""``nvae try-settings``: training with some keys changed, and a record of the validation metrics.

It serves to choose sizes and weights, also for a new data set. It never uses the test images.
"""

import argparse
from pathlib import Path

import pandas as pd

from nvae.commands._common import (
    add_classifier,
    add_compute,
    add_params,
    load_config,
    positive_number,
    whole_number,
)
from nvae.config import CLASSIFIER
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError, printable
from nvae.layout import Layout
from nvae.provenance import atomic
from nvae.selection import Extras, changed, try_settings
from nvae.training.device import open_device


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml; its set must have been prepared")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="key of the section of the model or of the training, and its new value; may be repeated",
    )
    parser.add_argument("--variant", default="n_vae", help="variant to start from (default: n_vae)")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the run (default: 0)")
    parser.add_argument("--data", type=Path, help="path of the prepared set (default: the profile's)")
    parser.add_argument(
        "--samples", action="store_true", help="also measure samples at sigma 1, and train classifiers on samples"
    )
    parser.add_argument(
        "--sigmas",
        type=positive_number,
        nargs="+",
        default=[1.0],
        help="sigmas of the samples that these classifiers are trained on (default: 1)",
    )
    parser.add_argument(
        "--responses", action="store_true", help="also measure how images change along single latent dimensions"
    )
    parser.add_argument(
        "--aggregate",
        action="store_true",
        help="also compare the aggregate posterior of the shared latents with the prior",
    )
    add_classifier(parser)
    parser.add_argument("--record", type=Path, help="path of a CSV to which one row is appended")
    add_compute(parser)
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Train once, print the validation metrics, and append them to the record.

    Raises:
        UserError: If the record is no table, or an input is missing or does not fit the others.
    """
    config = load_config(args)
    paths = Layout(config.profile)
    # A wrong change, or a record that is no table, is refused before any data are read.
    changed(config, args.dataset, args.variant, args.changes)
    if args.record:
        _rows(args.record)
    device = open_device(config.execution.device, threads=args.threads)
    data = PreparedSet.load(args.data or paths.prepared(args.dataset))
    classifier = args.classifier or paths.model(args.dataset, CLASSIFIER, config.seeds[0])
    extras = Extras(classifier if args.samples else None, args.sigmas, args.responses, args.aggregate)
    row = try_settings(
        config, args.dataset, args.variant, args.changes, data, seed=args.seed, device=device, extras=extras
    )
    for name, value in row.items():
        print(printable(f"{name}: {value}"))
    if args.record:
        with atomic(args.record) as part:
            pd.concat([*_rows(args.record), pd.DataFrame([row])]).to_csv(part, index=False, float_format="%.6g")


def _rows(record: Path) -> list[pd.DataFrame]:
    """Return the earlier rows of a record, as one table if there are any."""
    if not record.exists():
        return []
    try:
        return [pd.read_csv(record)]
    except ValueError as error:  # raised by pandas for an empty, ragged or undecodable file
        hint = "Pass another --record."
        raise UserError(str(record), got=f"no table ({error})", expected="an earlier record", hint=hint) from None
