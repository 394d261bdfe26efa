"""Choice of settings: one training with some keys changed, measured on the validation images only."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from nvae.analyses.aggregate import ALL, aggregate_table, shared_samples
from nvae.analyses.augmentation import Arm, train_arms
from nvae.analyses.factors import factor_summary, factor_table
from nvae.analyses.fidelity import fidelity_table
from nvae.analyses.metrics import metric_table
from nvae.analyses.responses import response_table
from nvae.config import CLASSIFIER, Config, ModelParams, TrainingParams
from nvae.config.reading import parse_yaml
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.classifiers import load_classifier
from nvae.inference.kinds import generative_model, latent_model
from nvae.models.protocol import GenerativeModel, LatentModel
from nvae.training.device import resolve_precision
from nvae.training.run import describe, train_model

_SPLIT = "validation"
#: Shares of generated images in a batch for which classifiers are trained.
_SHARES = (1.0, 0.5)


@dataclass(frozen=True)
class Extras:
    """Measurements in addition to the metrics and the factors.

    Args:
        classifier: Folder of the classifier with which samples at σ = 1 are measured; None leaves samples out.
        sigmas: Standard deviations of the samples that classifiers are trained on, if samples are measured.
        responses: Whether the responses of images to single dimensions are measured.
        aggregate: Whether the aggregate posterior is compared with the prior.
    """

    classifier: Path | None = None
    sigmas: Sequence[float] = (1.0,)
    responses: bool = False
    aggregate: bool = False


def try_settings(
    config: Config,
    dataset: str,
    variant: str,
    changes: Sequence[str],
    data: PreparedSet,
    *,
    seed: int,
    device: torch.device,
    extras: Extras,
) -> dict[str, Any]:
    """Train one model with some keys changed, and measure it on the validation images.

    Args:
        config: Configuration of the profile.
        dataset: A key of ``data``.
        variant: Variant to start from.
        changes: Changes as ``KEY=VALUE``.
        data: Prepared set; its test images are not used.
        seed: Seed of the run.
        device: Device of the computation.
        extras: Further measurements.

    Returns:
        A row with the run, its settings, and its validation metrics, in this order.

    Raises:
        UserError: If a change is invalid, or a measurement does not apply to the model.
    """
    params, protocol = changed(config, dataset, variant, changes)
    model, _ = train_model(
        describe(config, dataset, variant, seed, data, params),
        data,
        protocol,
        device=device,
        title=" ".join(["try", dataset, variant, *changes]),
    )
    metrics = metric_table(model, data, config.metrics, seed=seed, device=device, splits=(_SPLIT,))
    precision = resolve_precision(protocol.precision, device)
    settings = {**params.model_dump(mode="json"), **protocol.model_dump(mode="json"), "precision": precision}
    results: dict[str, Any] = dict(zip(metrics["metric"], metrics["value"], strict=True))
    if data.factor_names and isinstance(model, LatentModel):
        table = factor_table(model, data, config.factors, seed=seed, device=device, splits=(_SPLIT,), scores=False)
        results |= factor_summary(table)
    if extras.classifier is not None:
        generator = generative_model(model)
        results |= _fidelity(generator, config, data, extras.classifier, seed=seed, device=device)
        for sigma in extras.sigmas:
            results |= _errors(generator, config, data, sigma, seed=seed, device=device)
    if extras.responses:
        results |= _responses(latent_model(model), config, data, dataset, device=device)
    if extras.aggregate:
        results |= _aggregate(latent_model(model), config, data, seed=seed, device=device)
    return {"dataset": dataset, "variant": variant, "seed": seed, **settings, **results}


def changed(config: Config, dataset: str, variant: str, changes: Sequence[str]) -> tuple[ModelParams, TrainingParams]:
    """Return the parameters of the model and of its training with ``KEY=VALUE`` changes, whose values are YAML.

    Raises:
        UserError: If a change does not have that form, or its key or value is invalid.
    """
    given: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UserError("change", got=repr(change), expected="KEY=VALUE", hint="For example --set class_dims=8.")
        try:
            given[key] = parse_yaml(value)
        except yaml.YAMLError as error:
            raise UserError(
                "change",
                got=f"{change!r} ({error})",
                expected="KEY=VALUE with a value in YAML",
                hint="For example --set class_dims=8.",
            ) from None
    protocol = {key: given.pop(key) for key in list(given) if key in TrainingParams.model_fields}
    return config.model_params(dataset, variant, given), config.training_params(dataset, variant, protocol)


def _fidelity(
    model: GenerativeModel, config: Config, data: PreparedSet, folder: Path, *, seed: int, device: torch.device
) -> dict[str, float]:
    """Return the fidelity of samples at σ = 1."""
    classifier = load_classifier(folder, data, device=device)
    table = fidelity_table(
        model, classifier, data, config.fidelity, sigmas=(1.0,), seed=seed, device=device, splits=(_SPLIT,)
    )
    return {f"samples_{name}": value for name, value in zip(table["metric"], table["value"], strict=True)}


def _errors(
    model: GenerativeModel, config: Config, data: PreparedSet, sigma: float, *, seed: int, device: torch.device
) -> dict[str, float]:
    """Return the validation errors of classifiers trained on samples, alone and mixed with as many real images."""
    found = {}
    for share in _SHARES:
        (errors,) = train_arms(
            model,
            data,
            [Arm(sigma, share)],
            config.classifier_params(data.name),
            config.training_params(data.name, CLASSIFIER),
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
    """Return, per mark, the share of images on which the best and second best dimension of the own block switch it."""
    params = config.responses
    table = response_table(
        model,
        data.split(_SPLIT),
        config.traversals,
        images_per_class=params.images_per_class,
        n_classes=data.n_classes,
        features=params.features.get(dataset, {}),
        device=device,
    )
    own = table[(table["kind"] == "class") & table["metric"].str.endswith("_switched_share")]
    found: dict[str, float] = {}
    for metric, values in own.groupby("metric")["value"]:
        best, second = [*values.nlargest(2), 0.0][:2]  # a block of one dimension has no second best
        found |= {f"{metric}_best": best, f"{metric}_second": second}
    return found


def _aggregate(
    model: LatentModel, config: Config, data: PreparedSet, *, seed: int, device: torch.device
) -> dict[str, float]:
    """Return the metrics of the aggregate posterior over all shared dimensions; probes use the training images."""
    params = config.aggregate
    samples = shared_samples(model, data, splits=("train", _SPLIT), seed=seed, device=device)
    table = aggregate_table(samples, projections=params.projections, probe_penalty=params.probe_penalty, seed=seed)
    whole = table[table["dim"] == ALL]
    return {f"aggregate_{name}": value for name, value in zip(whole["metric"], whole["value"], strict=True)}
