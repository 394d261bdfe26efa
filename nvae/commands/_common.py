"""Arguments that several verbs share."""

import argparse
from pathlib import Path

from nvae import config, layout
from nvae.errors import UserError


def add_params(parser: argparse.ArgumentParser) -> None:
    """Add ``--params`` and ``--profile``."""
    parser.add_argument(
        "--params", type=Path, default=layout.PARAMS, help=f"path of the configuration file (default: {layout.PARAMS})"
    )
    parser.add_argument("--profile", help="profile: paper, demo or smoke (default: the `profile` key of the file)")


def load_config(args: argparse.Namespace) -> config.Config:
    """Load the configuration that the arguments of ``add_params`` name."""
    return config.load(args.params, profile=args.profile)


def add_compute(parser: argparse.ArgumentParser) -> None:
    """Add ``--threads``."""
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="number of CPU threads (default: 1, since two jobs at once are faster than one job with two threads)",
    )


def add_model(parser: argparse.ArgumentParser, *, data: bool = True) -> None:
    """Add the arguments of a verb that reads one trained model and, with ``data``, its prepared set."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--variant", default="n_vae", help="key of `variants` in params.yaml (default: n_vae)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the run (default: 0)")
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
