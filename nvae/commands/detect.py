"""``nvae detect``: KL per latent dimension, block and class of one trained model."""

import argparse

from nvae.analyses.kl import kl_table
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.inference.kinds import latent_model

_SPLIT = "test"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the KL table of one run."""
    trained = open_trained(args)
    model = latent_model(trained.model)
    table = kl_table(model, trained.data.split(_SPLIT), trained.data.class_names, device=trained.device)
    table.insert(0, "split", _SPLIT)
    out = args.out or trained.paths.run_table("kl", args.dataset, args.variant, args.seed)
    trained.write_csv(table, out, verb="detect", params={"split": _SPLIT})
