"""The ladder: N-VAE trained with many sizes of z_s, weights λ and likelihoods, to see what a reading depends on.

The objective charges a factor its KL once, whether it is in z_s or in the block of a class (docs/method.md). What the
KL of the blocks says about a data set therefore depends on the room in z_s and on λ.
"""

import pandas as pd
import torch

from nvae.analyses.kl import kl_table
from nvae.analyses.run import Run
from nvae.analyses.transfer import ALL, SPLITS, transfer_table
from nvae.config import TrainingParams, TransferParams
from nvae.data.prepared import PreparedSet
from nvae.data.split import hold_out_total
from nvae.inference.kinds import latent_model
from nvae.models import build
from nvae.models.protocol import LatentModel
from nvae.rng import torch_generator
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit, mean_terms

_COLUMNS = ["split", "image_class", "metric", "value"]


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run: ``shared_dims``, ``class_weight``, ``likelihood``, and the columns of `rung_table`.

    Raises:
        UserError: If the variant's model has no blocks, or the data set has too few images.
    """
    config, dataset = run.config, run.dataset
    data = limited(run.data, config.ladder.train_images)
    protocol = config.training_params(dataset, run.variant)
    parts = []
    rungs = config.rungs(dataset, run.variant)
    for number, params in enumerate(rungs, start=1):
        model = latent_model(build("n_vae", params, n_classes=data.n_classes, image_shape=data.image_shape))
        title = f"ladder {dataset} seed {run.seed}, {number} of {len(rungs)}"
        train(model, data, protocol, seed=run.seed, device=run.device, title=title)
        part = rung_table(model, data, config.transfer, seed=run.seed, device=run.device)
        for place, name in enumerate(("shared_dims", "class_weight", "likelihood")):
            part.insert(place, name, getattr(params, name))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def limited(data: PreparedSet, train_images: int | None) -> PreparedSet:
    """Return a set with a stratified part of its training images, or the set itself if it has no more.

    Args:
        data: Prepared set.
        train_images: Number of training images; None for all.

    Raises:
        UserError: If the number is too small to have every class.
    """
    if train_images is None or train_images >= len(data.train):
        return data
    _, rows = hold_out_total(
        data.train.labels,
        train_images,
        n_classes=data.n_classes,
        seed=0,
        stream="ladder",
        what="ladder.train_images",
    )
    return PreparedSet(
        data.name, data.class_names, data.factor_names, data.train.take(rows), data.validation, data.test
    )


def train(
    model: LatentModel, data: PreparedSet, protocol: TrainingParams, *, seed: int, device: torch.device, title: str
) -> None:
    """Train a model on a data set in place, without checkpoints."""
    fit(
        model,
        Shuffled(Resident.of(data.train, device), protocol.batch_size, seed),
        Resident.of(data.validation, device),
        protocol,
        seed=seed,
        device=device,
        title=title,
    )


def rung_table(
    model: LatentModel, data: PreparedSet, params: TransferParams, *, seed: int, device: torch.device
) -> pd.DataFrame:
    """Compute the readings of one trained N-VAE.

    Args:
        model: N-VAE that was trained on ``data``.
        data: Prepared set.
        params: Parameters of the readers of the transfer.
        seed: Seed of the posterior samples, and of the choice of images that readers are fitted on.
        device: Device on which the model is.

    Returns:
        Columns ``split`` (validation, test), ``image_class`` (−1: all), ``metric``, ``value``. For all images
        ``negative_bound_nats``, ``kl_own_nats``, ``kl_shared_nats``, ``kl_off_class_nats``, ``accuracy_pct`` and
        ``least_shared_kl_nats``, the KL of the shared dimension that has the least; per class ``kl_own_nats`` and
        ``kl_shared_nats``; and the rows of `nvae.analyses.transfer.transfer_table`.

    Source: the KL terms and the bound are those of eq. 6 and 3; transfer is not in the paper.
    """
    parts = [transfer_table(model, data, params, seed=seed, device=device)]
    for name in SPLITS:
        split = data.split(name)
        terms = mean_terms(
            model,
            Resident.of(split, device),
            generator=torch_generator(seed, "ladder", name, device=device.type),
        )
        whole = {f"{term}_nats": terms[term] for term in ("negative_bound", "kl_own", "kl_shared", "kl_off_class")}
        whole["accuracy_pct"] = 100 * terms["accuracy"]
        kl = kl_table(model, split, data.class_names, device=device)
        shared = kl[kl["kind"] == "shared"]
        by_dim = (shared["kl_nats"] * shared["n_images"]).groupby(shared["dim"]).sum() / len(split)
        whole["least_shared_kl_nats"] = float(by_dim.min())
        rows = [(name, ALL, metric, value) for metric, value in whole.items()]
        own = kl[kl["latent_class"] == kl["image_class"]]
        for metric, chosen in (("kl_own_nats", own), ("kl_shared_nats", shared)):
            sums = chosen.groupby("image_class")["kl_nats"].sum()
            rows += [(name, label, metric, float(sums[label])) for label in range(data.n_classes)]
        parts.append(pd.DataFrame(rows, columns=_COLUMNS))
    return pd.concat(parts, ignore_index=True)
