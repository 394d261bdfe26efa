"""``nvae respond``: how much decoded images answer to each latent dimension of one trained model."""

import argparse
import json

from nvae.analyses.responses import response_table
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.inference.kinds import latent_model

_SPLIT = "test"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the responses of one run."""
    trained = open_trained(args)
    params = trained.config.responses
    table = response_table(
        latent_model(trained.model),
        trained.data.split(_SPLIT),
        trained.config.traversal,
        images_per_class=params.images_per_class,
        n_classes=trained.data.n_classes,
        features=params.features.get(args.dataset, {}),
        device=trained.device,
    )
    table.insert(0, "split", _SPLIT)
    out = args.out or trained.paths.run_table("responses", args.dataset, args.variant, args.seed)
    trained.write_csv(
        table, out, verb="respond", params=json.loads(trained.config.slice("respond", dataset=args.dataset))
    )
