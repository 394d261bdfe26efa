"""``nvae aggregate``: numbers about one model's aggregate posterior, in the latents that all classes share."""

import argparse
import json

from nvae.analyses.aggregate import aggregate_table, shared_samples
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.inference.kinds import latent_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the numbers of one run."""
    trained = open_trained(args)
    model, params = latent_model(trained.model), trained.config.aggregate
    names = [name for name, _ in trained.data.splits()]
    samples = shared_samples(model, trained.data, splits=names, seed=args.seed, device=trained.device)
    table = aggregate_table(samples, projections=params.projections, probe_penalty=params.probe_penalty, seed=args.seed)
    out = args.out or trained.paths.run_table("aggregate", args.dataset, args.variant, args.seed)
    trained.write_csv(table, out, verb="aggregate", params=json.loads(trained.config.slice("aggregate")))
