"""``nvae encode``: one posterior sample of every image, in the latents that all classes share."""

import argparse

import numpy as np

from nvae.commands._common import add_model
from nvae.commands._images import add_images, open_images
from nvae.inference.encoding import encode, posterior_samples, shared_columns
from nvae.inference.kinds import latent_model
from nvae.rng import torch_generator


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    add_images(parser)


def run(args: argparse.Namespace) -> None:
    """Write the samples of one run, dimensions by falling KL."""
    found = open_images(args)
    trained, split = found.trained, found.split
    model = latent_model(trained.model)
    generator = torch_generator(args.seed, "posterior", "test", device=trained.device.type)
    z = posterior_samples(model, split, generator=generator, device=trained.device)
    shared = shared_columns(model)
    kl = encode(model, split, device=trained.device).kl_nats[:, shared].mean(axis=0, dtype=np.float64)
    order = np.argsort(-kl, kind="stable")
    arrays = {"z": z[:, shared[order]], "labels": split.labels, "kl_nats": kl[order], "dims": order}
    out = args.out or trained.paths.posterior(args.dataset, args.variant)
    trained.write_npz(arrays, out, verb="encode", params=found.params)
