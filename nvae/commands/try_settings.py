"""``nvae try-settings``: train with some keys changed and record what the validation split says.

For choosing sizes and weights, on a data set of one's own too. The test split is never looked at.
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from nvae.analysis.encoding import latent_model
from nvae.analysis.evaluation import metrics
from nvae.commands._common import add_compute, add_params, load_config
from nvae.config import Config, NVaeParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.models import build
from nvae.provenance import atomic
from nvae.training.device import resolve_device
from nvae.training.loop import fit


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="a key of `data` in params.yaml, prepared already")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="changes",
        metavar="KEY=VALUE",
        help="a key of the model's or of training's section and its value; may be repeated",
    )
    parser.add_argument("--variant", default="n_vae", help="what to start from (default: n_vae)")
    parser.add_argument("--seed", type=int, default=0, help="of the run (default: 0)")
    parser.add_argument("--data", type=Path, help="the prepared set (default: the profile's)")
    parser.add_argument("--record", type=Path, help="a CSV that gets one more row")
    add_compute(parser)
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Train once; print the validation metrics, and append them to the record."""
    config = load_config(args)
    params, protocol = changed(config, args.dataset, args.variant, args.changes)
    torch.set_num_threads(args.threads)
    device = resolve_device(config.execution.device)
    data = PreparedSet.load(args.data or Layout(config.profile).prepared(args.dataset))
    model = build(config.variant(args.variant).model, params, n_classes=data.n_classes, image_shape=data.image_shape)
    title = " ".join(["try", args.dataset, *args.changes])
    fit(model, data, protocol, seed=args.seed, device=device, title=title)
    found = metrics(latent_model(model), data, config.evaluation, seed=args.seed, device=device, splits=("validation",))
    settings = {**params.model_dump(mode="json"), **protocol.model_dump(mode="json")}
    results: dict[str, Any] = dict(zip(found["metric"], found["value"], strict=True))
    row = {"dataset": args.dataset, "seed": args.seed, **settings, **results}
    for name, value in row.items():
        print(f"{name}: {value}")
    if args.record:
        _append(args.record, row)


def changed(config: Config, dataset: str, variant: str, changes: list[str]) -> tuple[NVaeParams, TrainingParams]:
    """The model's and the protocol's parameters with ``KEY=VALUE`` changes; values are YAML.

    Raises:
        UserError: not of that form, or a key or value that the configuration refuses.
    """
    given: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError("change", got=repr(change), expected="KEY=VALUE", mend="For example --set class_dims=8.")
        given[key] = yaml.safe_load(value)
    protocol = {key: given.pop(key) for key in list(given) if key in TrainingParams.model_fields}
    return config.model_params(dataset, variant, given), config.training_params(dataset, protocol)


def _append(record: Path, row: dict[str, Any]) -> None:
    table = pd.DataFrame([row])
    if record.is_file():
        table = pd.concat([pd.read_csv(record), table], ignore_index=True)
    with atomic(record) as part:
        table.to_csv(part, index=False, float_format="%.6g")
