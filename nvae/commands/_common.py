"""Arguments that several verbs share."""

import argparse
from pathlib import Path

from nvae import config, layout
from nvae.errors import UserError


def add_params(parser: argparse.ArgumentParser) -> None:
    """``--params`` and ``--profile``."""
    parser.add_argument("--params", type=Path, default=layout.PARAMS, help="the configuration file")
    parser.add_argument("--profile", help="overrides the file's profile key: paper, demo or smoke")


def load_config(args: argparse.Namespace) -> config.Config:
    """The configuration that the arguments of ``add_params`` name."""
    return config.load(args.params, profile=args.profile)


def add_compute(parser: argparse.ArgumentParser) -> None:
    """``--threads``."""
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1; two jobs beat two threads)")


def add_model(parser: argparse.ArgumentParser, *, data: bool = True) -> None:
    """The arguments of a verb that reads one trained model and, with ``data``, its prepared set."""
    parser.add_argument("dataset", help="a key of `data` in params.yaml")
    parser.add_argument("--variant", default="n_vae", help="a key of `variants` (default: n_vae)")
    parser.add_argument("--seed", type=int, default=0, help="which run (default: 0)")
    parser.add_argument("--model", type=Path, help="the model's folder (default: the profile's)")
    if data:
        parser.add_argument("--data", type=Path, help="the prepared set (default: the profile's)")
    parser.add_argument("--out", type=Path, help="the table to write (default: the profile's)")
    add_compute(parser)
    add_params(parser)


def require_out(args: argparse.Namespace, *options: str) -> None:
    """See that what is not the profile's takes no place of what is.

    Args:
        args: with ``out``.
        options: which of them, if given, ask for it.

    Raises:
        UserError: one is given, and no ``--out``.
    """
    given = next((option for option in options if getattr(args, option) is not None), None)
    if given and args.out is None:
        raise UserError(
            "--out",
            got=f"none, but --{given}",
            expected="a file to write",
            hint="Name one: the profile's own table is of its own models and data.",
        )


def add_classifier(parser: argparse.ArgumentParser) -> None:
    """``--classifier``."""
    parser.add_argument(
        "--classifier", type=Path, help="the folder of the classifier that judges samples (default: the first seed's)"
    )
