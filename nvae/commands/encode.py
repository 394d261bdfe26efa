"""``nvae encode``: one posterior sample of every test image, in the latents that all classes share."""

import argparse

import numpy as np

from nvae.analysis.encoding import encode, posterior_samples, shared_columns
from nvae.analysis.kinds import latent_model
from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.rng import torch_generator

_SPLIT = "test"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write the samples of one run, dimensions by falling KL."""
    trained = open_trained(args)
    model, split = latent_model(trained.model), trained.data.split(_SPLIT)
    generator = torch_generator(args.seed, "posterior", _SPLIT, device=trained.device.type)
    z = posterior_samples(model, split, generator=generator, device=trained.device)
    shared = shared_columns(model)
    kl = encode(model, split, device=trained.device).kl_nats[:, shared].mean(axis=0, dtype=np.float64)
    order = np.argsort(-kl, kind="stable")
    arrays = {"z": z[:, shared[order]], "labels": split.labels, "kl_nats": kl[order], "dims": order}
    out = args.out or trained.paths.posterior(args.dataset, args.variant)
    trained.write_npz(arrays, out, verb="encode", params={"split": _SPLIT})
