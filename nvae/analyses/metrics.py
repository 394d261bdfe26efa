"""Metrics of a trained model on the validation and the test set."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from nvae.analyses.run import Run
from nvae.config import MetricsParams
from nvae.data.prepared import PreparedSet
from nvae.inference.encoding import encode, shared_columns
from nvae.models.protocol import LatentModel, Trainable
from nvae.rng import torch_generator
from nvae.training.batches import Resident
from nvae.training.loop import mean_terms

SPLITS = ("validation", "test")


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `metric_table`."""
    return metric_table(run.model, run.data, run.config.metrics, seed=run.seed, device=run.device)


def metric_table(
    model: Trainable,
    data: PreparedSet,
    params: MetricsParams,
    *,
    seed: int,
    device: torch.device,
    splits: tuple[str, ...] = SPLITS,
) -> pd.DataFrame:
    """Compute objectives and their terms, label accuracy, and, for a model with latents, probes of known factors.

    Args:
        model: Model that was trained on ``data.train``.
        data: Prepared set; probes are fitted on its training images.
        params: Parameters of the probes.
        seed: Seed of the posterior samples in the bound.
        device: Device on which the model is.
        splits: Names of the splits that are reported.

    Returns:
        Columns ``split``, ``metric``, ``value``. Names of terms end in ``_nats`` (nats per example), that of the
        accuracy in ``_pct``.

    Raises:
        UserError: If a probe needs more neighbours than there are training images.
    """
    rows: list[tuple[str, str, float]] = []
    for split in splits:
        generator = torch_generator(seed, "evaluation", split, device=device.type)
        means = mean_terms(model, Resident.of(data.split(split), device), generator=generator)
        if "accuracy" in means:
            rows.append((split, "accuracy_pct", 100 * means.pop("accuracy")))
        rows += [(split, f"{name}_nats", value) for name, value in means.items()]
    if data.factor_names and isinstance(model, LatentModel):
        rows += _factor_probes(model, data, params, device, splits)
    return pd.DataFrame(rows, columns=["split", "metric", "value"])


def _factor_probes(
    model: LatentModel, data: PreparedSet, params: MetricsParams, device: torch.device, splits: tuple[str, ...]
) -> list[tuple[str, str, float]]:
    """Return the metrics of probes from z_s for the factors that every image has."""
    # Imported here because only data sets with known factors need these modules, which take a second to import.
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score

    from nvae.measures.probes import neighbour_regression

    shared = shared_columns(model)
    used = {name: data.split(name) for name in ("train", *splits)}
    z = {name: encode(model, split, device=device).mu[:, shared] for name, split in used.items()}
    factors = {name: split.factors for name, split in used.items() if split.factors is not None}
    rows: list[tuple[str, str, float]] = []
    for column, name in enumerate(data.factor_names):
        target = {split: values[:, column] for split, values in factors.items()}
        if any(np.isnan(values).any() for values in target.values()):
            continue
        ridge = Ridge(params.ridge_penalty).fit(z["train"], target["train"])
        knn = neighbour_regression(
            z["train"],
            target["train"],
            neighbours=params.neighbours,
            weights=params.neighbour_weights,
            key="metrics.neighbours",
            images=f"training images of {data.name}",
        )
        for probe, regression in (("knn", knn), ("ridge", ridge)):
            rows += [
                (split, f"r2_{probe}_{name}", float(r2_score(target[split], regression.predict(z[split]))))
                for split in splits
            ]
        rows += [(split, f"best_spearman_{name}", best_spearman(z[split], target[split])) for split in splits]
    return rows


def best_spearman(z: npt.NDArray[np.float32], factor: npt.NDArray[np.float64]) -> float:
    """Compute the largest |Spearman ρ| between a single latent dimension and the factor.

    Args:
        z: Codes (n, dims).
        factor: Factor (n,).

    Returns:
        The absolute correlation, between 0 and 1; a constant dimension counts as 0.
    """
    from scipy.stats import spearmanr

    found = [abs(float(spearmanr(column, factor).statistic)) for column in z.T if np.ptp(column) > 0]
    return max(found, default=0.0)
