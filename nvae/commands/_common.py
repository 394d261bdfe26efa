"""Arguments that several verbs share."""

import argparse
import math
from pathlib import Path

from nvae import config, layout
from nvae.errors import UserError


def whole_number(text: str) -> int:
    """Parse an argument that is a whole number, 0 or more, of at most 63 bits."""
    if not (text.isdecimal() and len(text) < 20 and int(text) < 1 << 63):
        raise argparse.ArgumentTypeError(f"got {text!r:.40}, expected a whole number from 0 to 2^63 - 1")
    return int(text)


def positive_number(text: str) -> float:
    """Parse an argument that is a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"got {text!r:.40}, expected a finite number above 0")
    return number


def add_params(parser: argparse.ArgumentParser) -> None:
    """Add ``--params``, ``--profile`` and ``--plan``."""
    parser.add_argument(
        "--params", type=Path, default=layout.PARAMS, help=f"path of the configuration file (default: {layout.PARAMS})"
    )
    parser.add_argument("--profile", help="profile: paper, demo or smoke (default: the `profile` key of the file)")
    add_plan(parser)


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Add ``--plan``."""
    parser.add_argument(
        "--plan",
        metavar="DIGEST",
        help="digest of settings and code for which Snakemake planned the job; the verb stops if they have changed",
    )


def load_config(args: argparse.Namespace) -> config.Config:
    """Load the configuration that the arguments of ``add_params`` name."""
    return config.load(args.params, profile=args.profile)


def add_compute(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``."""
    parser.add_argument(
        "--threads",
        type=whole_number,
        default=1,
        help="number of CPU threads (default: 1, since two jobs at once are faster than one job with two threads)",
    )


def add_model(parser: argparse.ArgumentParser, *, data: bool = True) -> None:
    """Add the arguments of a verb that reads one trained model and, with ``data``, its prepared set."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--variant", default="n_vae", help="key of `variants` in params.yaml (default: n_vae)")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the run (default: 0)")
    parser.add_argument("--model", type=Path, help="folder of the trained model (default: the profile's)")
    if data:
        parser.add_argument("--data", type=Path, help="path of the prepared set (default: the profile's)")
    parser.add_argument("--out", type=Path, help="path of the output (default: the profile's)")
    add_compute(parser)
    add_params(parser)


def require_out(args: argparse.Namespace, *options: str) -> None:
    """Require ``--out`` if an input is not the profile's own, so that the output does not replace the profile's.

    Args:
        args: Parsed arguments, among them ``out``.
        options: Names of the options that require ``--out`` if they are given.

    Raises:
        UserError: If one of them is given without ``--out``.
    """
    given = next((option for option in options if getattr(args, option) is not None), None)
    if given and args.out is None:
        raise UserError(
            "--out",
            got=f"none, but --{given}",
            expected="the path of a file to write",
            hint="Pass one: the profile's table describes only the profile's own models and data.",
        )


def add_classifier(parser: argparse.ArgumentParser) -> None:
    """Add ``--classifier``."""
    parser.add_argument(
        "--classifier", type=Path, help="folder of the classifier that evaluates samples (default: the first seed's)"
    )
