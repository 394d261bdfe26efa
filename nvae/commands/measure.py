"""``nvae measure``: how true and how diverse a generator's samples are, at every sigma."""

import argparse
import json

from nvae.analysis.fidelity import fidelity_table
from nvae.analysis.kinds import generative_model
from nvae.commands._common import add_judge, add_model
from nvae.commands._judge import open_judge
from nvae.commands._trained import open_trained
from nvae.config import CLASSIFIER


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    add_judge(parser)


def run(args: argparse.Namespace) -> None:
    """Write the fidelity table of one run."""
    trained = open_trained(args)
    config = trained.config
    folder = args.judge or trained.paths.model(args.dataset, CLASSIFIER, config.seeds[0])
    table = fidelity_table(
        generative_model(trained.model),
        open_judge(folder, trained.data, device=trained.device),
        trained.data,
        config.fidelity,
        sigmas=config.augmentation.sigmas,
        seed=args.seed,
        device=trained.device,
    )
    out = args.out or trained.paths.run_table("fidelity", args.dataset, args.variant, args.seed)
    params = json.loads(config.slice("measure"))
    trained.and_read(judge=folder).write_csv(table, out, verb="measure", params=params)
