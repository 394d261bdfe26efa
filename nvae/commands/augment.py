"""``nvae augment``: classifiers trained on real and generated images, for every sigma and mix of one generator.

Each finished arm is kept in a file of its own with all that it depends on, so that a killed run goes on where it was
and a longer grid trains its new arms alone.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nvae.analyses.augmentation import SPLITS, Arm, arms, train_arms
from nvae.commands._common import add_model
from nvae.commands._trained import Trained, open_trained
from nvae.config import CLASSIFIER
from nvae.inference.kinds import generative_model
from nvae.models import MODELS
from nvae.provenance import atomic, sha256
from nvae.provenance.closure import fingerprint
from nvae.training.checkpoint import Checkpointing
from nvae.training.device import resolve_precision


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    add_model(parser)
    parser.add_argument("--arms", type=Path, help="the folder of finished arms (default: the profile's)")
    parser.add_argument("--restart", action="store_true", help="train every arm anew")


def run(args: argparse.Namespace) -> None:
    """Train the arms that are not finished; write the table of all."""
    trained = open_trained(args)
    params = json.loads(trained.config.slice("augment", dataset=args.dataset))
    protocol = trained.config.training_params(args.dataset, CLASSIFIER)
    folder = args.arms or trained.paths.arms(args.dataset, args.variant, args.seed)
    unfinished = trained.paths.checkpoint(args.dataset, args.variant, args.seed).with_suffix("")
    known = {
        "classifier": params["classifier"],
        "training": params["training"],
        "seed": args.seed,
        "precision": resolve_precision(protocol.precision, trained.device),
        "inputs": {name: sha256(path) for name, path in sorted(trained.inputs.items())},
        "code": hashlib.sha256(
            fingerprint("nvae.commands.augment", MODELS[trained.description.model].module).encode()
        ).hexdigest(),
    }
    grid = arms(trained.config.augmentation)
    keys = {arm: {**known, **vars(arm)} for arm in grid}
    records = {arm: folder / f"{arm.name}.json" for arm in grid}
    errors = {} if args.restart else {arm: _finished(records[arm], keys[arm]) for arm in grid}
    missing = [arm for arm in grid if not errors.get(arm)]
    at_once = _at_once(trained, len(missing))
    for start in range(0, len(missing), at_once):
        group = missing[start : start + at_once]
        # Named after all that the arms depend on: what another code or configuration left is not gone on with.
        depends_on = {"arms": [keys[arm] for arm in group]}
        digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:16]
        checkpoint = unfinished / f"{group[0].name}-{digest}.safetensors"
        checkpointing = Checkpointing(checkpoint, depends_on, trained.config.execution.checkpoint_every_s)
        trained_arms = _train(trained, group, args.seed, checkpointing, _title(args, grid, group))
        for arm, found in zip(group, trained_arms, strict=True):
            errors[arm] = found
            with atomic(records[arm]) as part:
                content = {"depends_on": keys[arm], "error_pct": found}
                part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        for arm in group:
            for left in unfinished.glob(f"{arm.name}-*.safetensors"):
                # An orphan of a killed run may be faster.
                left.unlink(missing_ok=True)
    rows = [{**vars(arm), "split": split, "error_pct": errors[arm][split]} for arm in grid for split in SPLITS]
    out = args.out or trained.paths.run_table("augmentation", args.dataset, args.variant, args.seed)
    trained.write_csv(pd.DataFrame(rows), out, verb="augment", params=params, precision=known["precision"])


def _at_once(trained: Trained, n_missing: int) -> int:
    """How many arms make one program: on one CPU core they gain nothing by it (docs/performance.md)."""
    chosen = trained.config.execution.arms_at_once
    if chosen == "auto":
        chosen = n_missing if trained.device.type == "cuda" else 1
    return max(1, chosen)


def _title(args: argparse.Namespace, grid: Sequence[Arm], group: Sequence[Arm]) -> str:
    numbers = ", ".join(str(grid.index(arm) + 1) for arm in group)
    names = ", ".join(arm.name for arm in group)
    noun = "arms" if len(group) > 1 else "arm"
    return f"augment {args.dataset}/{args.variant} seed {args.seed}, {noun} {numbers} of {len(grid)} ({names})"


def _finished(path: Path, key: dict[str, Any]) -> dict[str, float]:
    """What a finished arm found; nothing, unless it depends on the same things."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("depends_on") != json.loads(json.dumps(key)):
        return {}
    errors: dict[str, float] = content["error_pct"]
    return errors


def _train(
    trained: Trained, group: Sequence[Arm], seed: int, checkpointing: Checkpointing, title: str
) -> list[dict[str, float]]:
    config, dataset = trained.config, trained.description.dataset
    return train_arms(
        generative_model(trained.model),
        trained.data,
        group,
        config.classifier_params(dataset),
        config.training_params(dataset, CLASSIFIER),
        seed=seed,
        device=trained.device,
        title=title,
        checkpointing=checkpointing,
    )
