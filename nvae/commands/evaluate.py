"""``nvae evaluate``: objectives and their terms, accuracy and factor probes of one trained model."""

import argparse
import json

from nvae.analyses.metrics import metrics
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the metrics of one run."""
    trained = open_trained(args)
    table = metrics(trained.model, trained.data, trained.config.evaluation, seed=args.seed, device=trained.device)
    out = args.out or trained.paths.run_table("metrics", args.dataset, args.variant, args.seed)
    trained.write_csv(table, out, verb="evaluate", params=json.loads(trained.config.slice("evaluate")))
