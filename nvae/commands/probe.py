"""``nvae probe``: which latents of one trained model know which factor, where the factors are known."""

import argparse
import json

from nvae.analyses.factors import factor_table
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.inference.kinds import latent_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the factor table of one run."""
    trained = open_trained(args)
    model = latent_model(trained.model)
    table = factor_table(model, trained.data, trained.config.probe, seed=args.seed, device=trained.device)
    out = args.out or trained.paths.run_table("factors", args.dataset, args.variant, args.seed)
    trained.write_csv(table, out, verb="probe", params=json.loads(trained.config.slice("probe")))
