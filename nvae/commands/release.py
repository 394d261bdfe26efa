"""``nvae release``: one trained model in half precision, small enough for git, with what the rounding changes."""

import argparse
import json

import torch
from safetensors.torch import save_file

from nvae.commands._common import add_model
from nvae.commands._trained import open_trained
from nvae.inference.kinds import latent_model
from nvae.inference.rounding import rounded, rounding_table
from nvae.provenance import atomic, write_sidecar


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write a model's folder: weights, description, and the table of what rounding changes."""
    trained = open_trained(args)
    exact = latent_model(trained.model).to("cpu")
    half = rounded(exact)
    table = rounding_table(exact, half, trained.data, seed=args.seed)
    folder = args.out or trained.paths.release(args.dataset, args.variant)
    for position, (name, value) in enumerate(trained.description.columns().items()):
        table.insert(position, name, value)
    with atomic(folder / "rounding.csv") as part:
        table.to_csv(part, index=False, float_format="%.8g")
    with atomic(folder / "model.json") as part:
        part.write_text(json.dumps(vars(trained.description), indent=2, sort_keys=True) + "\n")
    with atomic(folder / "weights.safetensors") as part:
        save_file({name: value.to(torch.float16).contiguous() for name, value in half.state_dict().items()}, part)
    write_sidecar(
        folder,
        verb="release",
        params={"precision": "float16"},
        inputs=trained.inputs,
        stopwatch=trained.stopwatch,
        device=trained.device.type,
    )
