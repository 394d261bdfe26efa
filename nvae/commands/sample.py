"""``nvae sample``: class-conditional samples of one trained model at growing sigma."""

import argparse
import json

from nvae.analyses.samples import sample_grid
from nvae.commands._common import add_model, require_out
from nvae.commands._trained import open_model
from nvae.inference.kinds import generative_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser, data=False)


def run(args: argparse.Namespace) -> None:
    """Write the samples of one run."""
    require_out(args, "model")
    trained = open_model(args)
    params = trained.config.sampling
    model = generative_model(trained.model)
    n_classes = len(trained.description.class_names)
    images = sample_grid(model, params, n_classes=n_classes, seed=args.seed, device=trained.device)
    out = args.out or trained.paths.samples(args.dataset, args.variant)
    arrays = {"images": images, "sigmas": params.sigmas}
    trained.write_npz(arrays, out, verb="sample", params=json.loads(trained.config.slice("sample")))
