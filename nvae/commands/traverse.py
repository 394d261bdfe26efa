"""``nvae traverse``: decoded images along single latent dimensions of one trained model."""

import argparse
import json

from nvae.analysis.kinds import latent_model
from nvae.analysis.traversal import traverse
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained

_SPLIT = "test"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    parser.add_argument("--kind", choices=("class", "shared"), default="class", help="which latents move")


def run(args: argparse.Namespace) -> None:
    """Write one kind of traversal of one run."""
    trained = open_trained(args)
    params = trained.config.traversal
    traversal = traverse(
        latent_model(trained.model),
        trained.data.split(_SPLIT),
        args.kind,
        params,
        n_classes=trained.data.n_classes,
        device=trained.device,
    )
    out = args.out or trained.paths.traversal(args.dataset, args.variant, args.kind)
    arrays = {**vars(traversal), "kind": args.kind, "center": params.center}
    trained.write_npz(
        arrays, out, verb="traverse", params={"kind": args.kind, **json.loads(trained.config.slice("traverse"))}
    )
