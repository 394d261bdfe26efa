"""``nvae try-settings``: train with some keys changed and record what the validation split says.

For choosing sizes and weights, on a data set of one's own too. The test split is never looked at.
"""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from nvae.analyses.aggregate import ALL, aggregate_table, shared_samples
from nvae.analyses.augmentation import Arm, train_arms
from nvae.analyses.factors import factor_summary, factor_table
from nvae.analyses.fidelity import fidelity_table
from nvae.analyses.metrics import metrics
from nvae.analyses.responses import response_table
from nvae.commands._classifier import open_classifier
from nvae.commands._common import add_classifier, add_compute, add_params, load_config
from nvae.config import CLASSIFIER, Config, ModelParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.kinds import generative_model, latent_model
from nvae.layout import Layout
from nvae.models import build
from nvae.models.protocol import GenerativeModel, LatentModel
from nvae.provenance import atomic
from nvae.training.batches import Resident, Shuffled
from nvae.training.device import open_device, resolve_precision
from nvae.training.loop import fit

_SPLIT = "validation"
#: What a generator's images are worth at σ = 1: alone, and half of each batch.
_SHARES = (1.0, 0.5)


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
    parser.add_argument(
        "--samples", action="store_true", help="also measure samples at sigma 1, and train classifiers on them"
    )
    parser.add_argument(
        "--sigmas", type=float, nargs="+", default=[1.0], help="of these classifiers' samples (default: 1)"
    )
    parser.add_argument(
        "--responses", action="store_true", help="also measure what moving single dimensions does to images"
    )
    parser.add_argument(
        "--aggregate",
        action="store_true",
        help="also compare the aggregate posterior of the shared latents with the prior",
    )
    add_classifier(parser)
    parser.add_argument("--record", type=Path, help="a CSV that gets one more row")
    add_compute(parser)
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Train once; print the validation metrics, and append them to the record."""
    config = load_config(args)
    params, protocol = changed(config, args.dataset, args.variant, args.changes)
    device = open_device(config.execution.device, threads=args.threads)
    data = PreparedSet.load(args.data or Layout(config.profile).prepared(args.dataset))
    model = build(config.variant(args.variant).model, params, n_classes=data.n_classes, image_shape=data.image_shape)
    fit(
        model,
        Shuffled(Resident.of(data.train, device), protocol.batch_size, args.seed),
        Resident.of(data.validation, device),
        protocol,
        seed=args.seed,
        device=device,
        title=" ".join(["try", args.dataset, args.variant, *args.changes]),
    )
    found = metrics(model, data, config.evaluation, seed=args.seed, device=device, splits=(_SPLIT,))
    precision = resolve_precision(protocol.precision, device)
    settings = {**params.model_dump(mode="json"), **protocol.model_dump(mode="json"), "precision": precision}
    results: dict[str, Any] = dict(zip(found["metric"], found["value"], strict=True))
    if data.factor_names and isinstance(model, LatentModel):
        table = factor_table(model, data, config.probe, seed=args.seed, device=device, splits=(_SPLIT,), scores=False)
        results |= factor_summary(table)
    if args.samples:
        folder = args.classifier or Layout(config.profile).model(args.dataset, CLASSIFIER, config.seeds[0])
        generator = generative_model(model)
        results |= _judged(generator, config, data, folder, seed=args.seed, device=device)
        for sigma in args.sigmas:
            results |= _errors(generator, config, data, sigma, seed=args.seed, device=device)
    if args.responses:
        results |= _responses(latent_model(model), config, data, args.dataset, device=device)
    if args.aggregate:
        results |= _aggregate(latent_model(model), config, data, seed=args.seed, device=device)
    row = {"dataset": args.dataset, "variant": args.variant, "seed": args.seed, **settings, **results}
    for name, value in row.items():
        print(f"{name}: {value}")
    if args.record:
        _append(args.record, row)


def _judged(
    model: GenerativeModel, config: Config, data: PreparedSet, folder: Path, *, seed: int, device: torch.device
) -> dict[str, float]:
    """The fidelity of samples at σ = 1."""
    classifier = open_classifier(folder, data, device=device)
    table = fidelity_table(
        model, classifier, data, config.fidelity, sigmas=(1.0,), seed=seed, device=device, splits=(_SPLIT,)
    )
    return {f"samples_{name}": value for name, value in zip(table["metric"], table["value"], strict=True)}


def _errors(
    model: GenerativeModel, config: Config, data: PreparedSet, sigma: float, *, seed: int, device: torch.device
) -> dict[str, float]:
    """The validation errors of classifiers trained on samples, alone and beside as many real images."""
    found = {}
    dataset = data.name
    for share in _SHARES:
        (errors,) = train_arms(
            model,
            data,
            [Arm(sigma, share)],
            config.classifier_params(dataset),
            config.training_params(dataset, CLASSIFIER),
            seed=seed,
            device=device,
            title=f"try a share of {share:g}, sigma {sigma:g}",
            splits=(_SPLIT,),
        )
        at = "" if sigma == 1 else f"_sigma{sigma:g}"
        found[f"error_share{share:g}{at}_pct"] = errors[_SPLIT]
    return found


def _responses(
    model: LatentModel, config: Config, data: PreparedSet, dataset: str, *, device: torch.device
) -> dict[str, float]:
    """Of each measured mark, the share of images on which the best and the second best own dimension switch it."""
    params = config.responses
    table = response_table(
        model,
        data.split(_SPLIT),
        config.traversal,
        images_per_class=params.images_per_class,
        n_classes=data.n_classes,
        features=params.features.get(dataset, {}),
        device=device,
    )
    own = table[(table["kind"] == "class") & table["metric"].str.endswith("_switched_share")]
    found: dict[str, float] = {}
    for metric, values in own.groupby("metric")["value"]:
        best, second = [*values.nlargest(2), 0.0][:2]  # a block of one dimension has no second
        found |= {f"{metric}_best": best, f"{metric}_second": second}
    return found


def _aggregate(
    model: LatentModel, config: Config, data: PreparedSet, *, seed: int, device: torch.device
) -> dict[str, float]:
    """Numbers about the aggregate posterior, of all shared dimensions; what is fitted, is fitted on train."""
    params = config.aggregate
    samples = shared_samples(model, data, splits=("train", _SPLIT), seed=seed, device=device)
    table = aggregate_table(samples, projections=params.projections, probe_penalty=params.probe_penalty, seed=seed)
    whole = table[table["dim"] == ALL]
    return {f"aggregate_{name}": value for name, value in zip(whole["metric"], whole["value"], strict=True)}


def changed(config: Config, dataset: str, variant: str, changes: list[str]) -> tuple[ModelParams, TrainingParams]:
    """The model's and the protocol's parameters with ``KEY=VALUE`` changes; values are YAML.

    Raises:
        UserError: not of that form, or a key or value that the configuration refuses.
    """
    given: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError("change", got=repr(change), expected="KEY=VALUE", hint="For example --set class_dims=8.")
        try:
            given[key] = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
            raise UserError(
                "change",
                got=f"{change!r} ({error})",
                expected="KEY=VALUE, the value as in YAML",
                hint="For example --set class_dims=8.",
            ) from None
    protocol = {key: given.pop(key) for key in list(given) if key in TrainingParams.model_fields}
    return config.model_params(dataset, variant, given), config.training_params(dataset, variant, protocol)


def _append(record: Path, row: dict[str, Any]) -> None:
    table = pd.DataFrame([row])
    if record.is_file():
        table = pd.concat([pd.read_csv(record), table], ignore_index=True)
    with atomic(record) as part:
        table.to_csv(part, index=False, float_format="%.6g")
