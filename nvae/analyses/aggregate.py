"""The aggregate posterior of the shared latents: its distance from the prior, and its dependence on the class."""

from collections.abc import Collection, Mapping

import pandas as pd
import torch

from nvae.analyses.run import Run
from nvae.data.prepared import PreparedSet
from nvae.inference.encoding import posterior_samples, shared_columns
from nvae.measures.aggregate_posterior import (
    Codes,
    Labels,
    between_class_share,
    gaussian_total_correlation,
    linear_probe_accuracy_pct,
    mmd,
    sliced_wasserstein,
)
from nvae.models.protocol import LatentModel
from nvae.rng import numpy_generator, torch_generator

#: Value of ``dim`` in the rows of a metric of all dimensions.
ALL = -1


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `aggregate_table`."""
    params = run.config.aggregate
    splits = [name for name, _ in run.data.splits()]
    samples = shared_samples(run.latent_model, run.data, splits=splits, seed=run.seed, device=run.device)
    return aggregate_table(samples, projections=params.projections, probe_penalty=params.probe_penalty, seed=run.seed)


def shared_samples(
    model: LatentModel, data: PreparedSet, *, splits: Collection[str], seed: int, device: torch.device
) -> dict[str, tuple[Codes, Labels]]:
    """Draw one posterior sample per image of the shared latents, as the input of `aggregate_table`.

    Args:
        model: Trained model; if it has no class blocks, all its latents are shared.
        data: Prepared set.
        splits: Names of the splits to sample for.
        seed: Seed of the samples.
        device: Device on which the model is.

    Returns:
        Split → the samples (n, shared latents) and the labels (n,).
    """
    shared = shared_columns(model)
    samples: dict[str, tuple[Codes, Labels]] = {}
    for name, split in data.splits():
        if name in splits:
            generator = torch_generator(seed, "posterior", name, device=device.type)
            z = posterior_samples(model, split, generator=generator, device=device)
            samples[name] = (z[:, shared], split.labels)
    return samples


def aggregate_table(
    samples: Mapping[str, tuple[Codes, Labels]], *, projections: int, probe_penalty: float, seed: int
) -> pd.DataFrame:
    """Compute all metrics of the aggregate posterior.

    Args:
        samples: Split → one sample per image (n, dims), and the labels (n,). Probes are fitted on ``train``; the other
            splits are reported.
        projections: Number of directions of ``sliced_wasserstein``.
        probe_penalty: Penalty of ``linear_probe_accuracy_pct``.
        seed: Seed of the directions of ``sliced_wasserstein``.

    Returns:
        Columns ``split``, ``metric``, ``dim`` (−1 for a metric of all dimensions), ``value``; ``mmd`` is squared.
    """
    train_z, train_labels = samples["train"]
    rows: list[tuple[str, str, int, float]] = []
    for split, (z, labels) in samples.items():
        if split == "train":
            continue
        shares = between_class_share(z, labels)
        rows += [(split, "between_class_share", dim, float(share)) for dim, share in enumerate(shares)]
        generator = numpy_generator(seed, "aggregate", split, "projections")
        whole = {
            "mean_between_class_share": float(shares.mean()),
            "sliced_wasserstein": sliced_wasserstein(z, projections=projections, generator=generator),
            "mmd": mmd(z),
            "gaussian_total_correlation_nats": gaussian_total_correlation(z),
            "probe_accuracy_pct": linear_probe_accuracy_pct(train_z, train_labels, z, labels, penalty=probe_penalty),
        }
        rows += [(split, metric, ALL, value) for metric, value in whole.items()]
    return pd.DataFrame(rows, columns=["split", "metric", "dim", "value"])
