"""``nvae augment``: classifiers trained on real and generated images, for every sigma and mix of one generator.

Each finished arm is kept in a file of its own with all that it depends on, so that a killed run goes on where it was
and a longer grid trains its new arms alone.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from nvae.analysis.augmentation import SPLITS, Arm, arms, train_arm
from nvae.analysis.kinds import generative_model
from nvae.closure import fingerprint
from nvae.commands._common import add_model
from nvae.commands._trained import Trained, open_trained
from nvae.config import CLASSIFIER
from nvae.models import MODELS
from nvae.provenance import atomic, sha256
from nvae.training.checkpoint import Checkpointing


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    parser.add_argument("--arms", type=Path, help="the folder of finished arms (default: the profile's)")
    parser.add_argument("--restart", action="store_true", help="train every arm anew")


def run(args: argparse.Namespace) -> None:
    """Train the arms that are not finished; write the table of all."""
    trained = open_trained(args)
    params = json.loads(trained.config.slice("augment", dataset=args.dataset))
    folder = args.arms or trained.paths.arms(args.dataset, args.variant, args.seed)
    unfinished = trained.paths.checkpoint(args.dataset, args.variant, args.seed).with_suffix("")
    known = {
        "classifier": params["classifier"],
        "training": params["training"],
        "seed": args.seed,
        "inputs": {name: sha256(path) for name, path in sorted(trained.inputs.items())},
        "code": hashlib.sha256(
            fingerprint("nvae.commands.augment", MODELS[trained.description.model].module).encode()
        ).hexdigest(),
    }
    rows = []
    grid = arms(trained.config.augmentation)
    for number, arm in enumerate(grid, start=1):
        key = {**known, **vars(arm)}
        path = folder / f"{arm.name}.json"
        errors = None if args.restart else _finished(path, key)
        if errors is None:
            title = f"augment {args.dataset}/{args.variant} seed {args.seed}, arm {number} of {len(grid)} ({arm.name})"
            # Named after all that the arm depends on: what another code or configuration left is not gone on with.
            digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
            checkpoint = unfinished / f"{arm.name}-{digest}.safetensors"
            errors = _train(trained, arm, args.seed, Checkpointing(checkpoint, key), title)
            with atomic(path) as part:
                part.write_text(json.dumps({"depends_on": key, "error_pct": errors}, indent=2, sort_keys=True) + "\n")
            for left in unfinished.glob(f"{arm.name}-*.safetensors"):
                left.unlink()
        rows += [{**vars(arm), "split": split, "error_pct": errors[split]} for split in SPLITS]
    out = args.out or trained.paths.run_table("augmentation", args.dataset, args.variant, args.seed)
    trained.write_csv(pd.DataFrame(rows), out, verb="augment", params=params)


def _finished(path: Path, key: dict[str, Any]) -> dict[str, float] | None:
    """What a finished arm found, if it depends on the same things."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("depends_on") != json.loads(json.dumps(key)):
        return None
    errors: dict[str, float] = content["error_pct"]
    return errors


def _train(trained: Trained, arm: Arm, seed: int, checkpointing: Checkpointing, title: str) -> dict[str, float]:
    config, dataset = trained.config, trained.description.dataset
    return train_arm(
        generative_model(trained.model),
        trained.data,
        arm,
        config.classifier_params(dataset),
        config.training_params(dataset, CLASSIFIER),
        seed=seed,
        device=trained.device,
        title=title,
        checkpointing=checkpointing,
    )
