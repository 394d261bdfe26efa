"""``nvae traverse``: decoded images along single latent dimensions of one trained model."""

import argparse
import json

from nvae.analyses.traversals import traverse
from nvae.commands._common import add_model
from nvae.commands._images import add_images, open_images
from nvae.inference.kinds import latent_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    add_images(parser)
    parser.add_argument("--kind", choices=("class", "shared"), default="class", help="which latents move")


def run(args: argparse.Namespace) -> None:
    """Write one kind of traversal of one run."""
    found = open_images(args)
    trained = found.trained
    params = trained.config.traversal
    traversal = traverse(
        latent_model(trained.model),
        found.split,
        args.kind,
        params,
        n_classes=len(trained.description.class_names),
        device=trained.device,
    )
    out = args.out or trained.paths.traversal(args.dataset, args.variant, args.kind)
    center = found.image if params.center == "seed_image" else params.center
    arrays = {**vars(traversal), "kind": args.kind, "center": center}
    settings = {"kind": args.kind, **found.params, **json.loads(trained.config.slice("traverse"))}
    trained.write_npz(arrays, out, verb="traverse", params=settings)
