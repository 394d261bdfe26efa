"""``nvae measure``: how true and how diverse a generator's samples are, at every sigma."""

import argparse
import json

from nvae.analyses.fidelity import fidelity_table
from nvae.commands._classifier import open_classifier
from nvae.commands._common import add_classifier, add_model
from nvae.commands._trained import open_trained
from nvae.config import CLASSIFIER
from nvae.inference.kinds import generative_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    add_classifier(parser)


def run(args: argparse.Namespace) -> None:
    """Write the fidelity table of one run."""
    trained = open_trained(args)
    config = trained.config
    folder = args.classifier or trained.paths.model(args.dataset, CLASSIFIER, config.seeds[0])
    table = fidelity_table(
        generative_model(trained.model),
        open_classifier(folder, trained.data, device=trained.device),
        trained.data,
        config.fidelity,
        sigmas=config.augmentation.sigmas,
        seed=args.seed,
        device=trained.device,
    )
    out = args.out or trained.paths.run_table("fidelity", args.dataset, args.variant, args.seed)
    params = json.loads(config.slice("measure"))
    trained.and_read(classifier=folder).write_csv(table, out, verb="measure", params=params)
