"""``nvae release``: one trained model in half precision, small enough for git, with the effect of the rounding."""

import argparse
import json

import torch
from safetensors.torch import save_file

from nvae.commands._common import add_model
from nvae.commands._model import data_file, model_folder, open_data, open_model, open_profile
from nvae.inference.kinds import latent_model
from nvae.inference.rounding import rounded, rounding_table
from nvae.pipeline import plans
from nvae.provenance import atomic
from nvae.provenance.job import Job


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)


def run(args: argparse.Namespace) -> None:
    """Write a model's folder: weights, description, and the table of the metrics before and after rounding."""
    profile = open_profile(args)
    job = Job(plans.release(profile.config, args.variant, args.seed), expected=args.plan)
    inputs = {"model": model_folder(args, profile), "data": data_file(args, profile)}
    job.read(inputs)
    loaded = open_model(inputs["model"], profile)
    data = open_data(inputs["data"], inputs["model"], loaded)
    exact = latent_model(loaded.model).to("cpu")
    half = rounded(exact)
    table = rounding_table(exact, half, data, seed=args.seed)
    folder = args.out or profile.paths.release(args.dataset, args.variant)
    for position, (name, value) in enumerate(loaded.description.columns().items()):
        table.insert(position, name, value)
    with atomic(folder / "rounding.csv") as part:
        table.to_csv(part, index=False, float_format="%.8g")
    with atomic(folder / "model.json") as part:
        part.write_text(json.dumps(vars(loaded.description), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    with atomic(folder / "weights.safetensors") as part:
        save_file({name: value.to(torch.float16).contiguous() for name, value in half.state_dict().items()}, part)
    job.write_sidecar(folder, device=profile.device.type)
