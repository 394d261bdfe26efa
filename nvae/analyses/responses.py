"""Responses of decoded images to each latent dimension: measurements of what traversals show as pictures."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from nvae.analyses.run import Run
from nvae.config import TraversalsParams
from nvae.data.prepared import Split
from nvae.inference.encoding import encode
from nvae.inference.images import batched, to_uint8
from nvae.measures.strokes import FEATURES
from nvae.models.protocol import SHARED, LatentModel

_SPLIT = "test"


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run: ``split``, and the columns of `response_table`."""
    params = run.config.responses
    table = response_table(
        run.latent_model,
        run.data.split(_SPLIT),
        run.config.traversals,
        images_per_class=params.images_per_class,
        n_classes=run.data.n_classes,
        features=params.features.get(run.dataset, {}),
        device=run.device,
    )
    table.insert(0, "split", _SPLIT)
    return table


def response_table(
    model: LatentModel,
    split: Split,
    traversal: TraversalsParams,
    *,
    images_per_class: int,
    n_classes: int,
    features: Mapping[int, str],
    device: torch.device,
) -> pd.DataFrame:
    """Move one dimension at a time, of the own block and of the shared block, around images of each class.

    Args:
        model: Trained model; if it has no class blocks, all its dimensions are shared.
        split: Images; every class must occur.
        traversal: Range and number of steps, as of the traversals. Its centre is ignored: the centre here is the
            posterior mean of each image.
        images_per_class: Number of images per class, the first ones in the order of the split, or all if it has fewer.
        n_classes: Number of classes K.
        features: Class → the mark of ``nvae.measures.strokes.FEATURES`` that is measured on its images.
        device: Device on which the model is.

    Returns:
        Columns ``image_class``, ``kind`` (``class`` for the image's own block, ``shared``), ``dim`` (within its block),
        ``metric``, ``value``. Metrics: ``mean_squared_change`` of pixels in [0, 1] between the image decoded at a step
        and at the centre, averaged over pixels, steps and images; for a class with a feature also ``{feature}_range``,
        the difference in pixels between the largest and the smallest value along the traversal, averaged over images,
        and ``{feature}_switched_share``, the share of images on which the mark is present at some step and absent at
        another.

    Source: not in the paper, which shows pictures (Figures 1, 2, 8).
    """
    values = np.linspace(traversal.low, traversal.high, traversal.steps)
    first = [np.flatnonzero(split.labels == label)[:images_per_class] for label in range(n_classes)]
    chosen = split.take(np.concatenate(first))
    centers = encode(model, chosen, device=device).mu
    rows: list[tuple[int, str, int, str, float]] = []
    for label in range(n_classes):
        center = centers[chosen.labels == label]
        unmoved = _decode(model, center, label, device)
        for column, axis in enumerate(model.axes()):
            if axis.latent_class not in (label, SHARED):
                continue
            decoded = _decode(model, _moved(center, column, values), label, device)
            change = decoded.reshape(len(center), len(values), *unmoved.shape[1:]) - unmoved[:, None]
            metrics = {"mean_squared_change": float(change.double().square().mean())}
            if label in features:
                metrics |= _marked(features[label], to_uint8(decoded), n_steps=len(values))
            kind = "shared" if axis.latent_class == SHARED else "class"
            rows += [(label, kind, axis.dim, metric, value) for metric, value in metrics.items()]
    return pd.DataFrame(rows, columns=["image_class", "kind", "dim", "metric", "value"])


def _moved(center: npt.NDArray[np.float32], column: int, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return latents (n · steps, latents): each row of ``center`` (n, latents) with one column set to every value."""
    z = center.repeat(len(values), axis=0)
    z[:, column] = np.tile(values, len(center))
    return z


def _decode(model: LatentModel, z: npt.NDArray[np.float32], label: int, device: torch.device) -> Tensor:
    """Return the images (n, height, width) in [0, 1] of latents (n, latents), all of one class."""
    images = []
    with torch.no_grad():
        for part in batched(z):
            classes = torch.full((len(part),), label, device=device)
            images.append(model.decode(torch.from_numpy(part).to(device), classes))
    return torch.cat(images)


def _marked(name: str, images: npt.NDArray[np.uint8], *, n_steps: int) -> dict[str, float]:
    """Return the metrics of a mark on the images (n · steps, height, width) of n traversals."""
    feature = FEATURES[name]
    measured = feature.measure(images).reshape(-1, n_steps)
    present = feature.present(measured)
    return {
        f"{name}_range": float(np.ptp(measured, axis=1).mean()),
        f"{name}_switched_share": float((present.any(axis=1) & ~present.all(axis=1)).mean()),
    }
