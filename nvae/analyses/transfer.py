"""Transfer of the readers of z_s between classes, as a table: what they cannot tell of a class is the class's own."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from nvae.analyses.run import Run
from nvae.config import TransferParams
from nvae.data.prepared import PreparedSet, Split
from nvae.inference.encoding import posteriors
from nvae.measures.transfer import Readable, Readers
from nvae.models.protocol import SHARED, LatentModel

SPLITS = ("validation", "test")
#: Value of ``image_class`` in the rows of all classes.
ALL = -1
_WHITE = 255


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `transfer_table`."""
    return transfer_table(run.latent_model, run.data, run.config.transfer, seed=run.seed, device=run.device)


def transfer_table(
    model: LatentModel,
    data: PreparedSet,
    params: TransferParams,
    *,
    seed: int,
    device: torch.device,
    splits: tuple[str, ...] = SPLITS,
) -> pd.DataFrame:
    """Compute what the readers of other classes cannot tell of each class.

    Args:
        model: Model with an encoder; one without class blocks has only z_s.
        data: Prepared set with at least two classes, whose training images the readers are fitted on.
        params: Parameters of the readers.
        seed: Seed of the choice of training images.
        device: Device on which the model is.
        splits: Names of the splits that are read.

    Returns:
        Columns ``split``, ``image_class`` (−1: all), ``metric``, ``value``. For each class ``total_nats``,
        ``specific_nats`` and ``unread_nats`` (see `nvae.measures.transfer.ClassTransfer`); for all classes their means
        and ``specific_share``, the mean of ``specific_nats`` divided by that of ``total_nats``.

    Raises:
        UserError: As `nvae.measures.transfer.Readers`.

    Source: not in the paper.
    """
    readers = Readers(readable(model, data.train, device=device), params, n_classes=data.n_classes, seed=seed)
    rows: list[tuple[str, int, str, float]] = []
    for name in splits:
        found = readers.transfer(readable(model, data.split(name), device=device))
        values = {f"{key}_nats": [float(getattr(one, key)) for one in found] for key in ("total", "specific", "unread")}
        means = {metric: float(np.mean(of_classes)) for metric, of_classes in values.items()}
        means["specific_share"] = means["specific_nats"] / means["total_nats"] if means["total_nats"] else float("nan")
        rows += [(name, ALL, metric, value) for metric, value in means.items()]
        for metric, of_classes in values.items():
            rows += [(name, label, metric, value) for label, value in enumerate(of_classes)]
    return pd.DataFrame(rows, columns=["split", "image_class", "metric", "value"])


def readable(model: LatentModel, split: Split, *, device: torch.device) -> Readable:
    """Return the images of a split, and the posterior over the latents that the decoder sees of each."""
    means, variances = [], []
    with torch.no_grad():
        for posterior in posteriors(model, split, device=device):
            means.append(posterior.mu.cpu().numpy())
            variances.append(posterior.log_var.exp().cpu().numpy())
    mu, variance = np.concatenate(means).astype(np.float64), np.concatenate(variances).astype(np.float64)
    owners = np.array([axis.latent_class for axis in model.axes()])
    shared = np.flatnonzero(owners == SHARED)
    own = _own_columns(owners, split.labels)
    return Readable(
        np.divide(split.images.reshape(len(split), -1), _WHITE, dtype=np.float32),
        split.labels,
        mu[:, shared],
        np.take_along_axis(mu, own, axis=1),
        np.hstack([variance[:, shared], np.take_along_axis(variance, own, axis=1)]),
    )


def _own_columns(owners: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the columns of the block of each image's class, (n, d_c); d_c is 0 for a model without blocks."""
    blocks = [np.flatnonzero(owners == label) for label in range(int(labels.max()) + 1)]
    return np.stack(blocks)[labels]
