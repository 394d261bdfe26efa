"""Latent traversals: images decoded while one dimension changes and the others stay fixed (Figures 1, 2, 6, 7, 8)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nvae.analyses.run import Block, Run
from nvae.config import TraversalsParams
from nvae.data.prepared import Split
from nvae.errors import UserError
from nvae.inference.encoding import Encoded, encode
from nvae.inference.images import to_uint8
from nvae.models.protocol import SHARED, LatentModel


@dataclass(frozen=True)
class Traversal:
    """Decoded images along single dimensions, for every class.

    Args:
        images: Decoded images (classes, dims, steps, height, width), uint8.
        values: Values (steps,) of the moved dimension, float64.
        dims: Indices (classes, dims) of the moved dimensions in their block, in descending order of KL, int64.
        kl_nats: Mean KL (classes, dims) over the images of the class, or over all images for shared latents, float64.
        kept: Whether the encoder still predicts the class, (classes, dims, steps) bool; True if it predicts no class.
        seed_images: Images (classes, height, width) whose encodings are the centres, uint8.
    """

    images: npt.NDArray[np.uint8]
    values: npt.NDArray[np.float64]
    dims: npt.NDArray[np.int64]
    kl_nats: npt.NDArray[np.float64]
    kept: npt.NDArray[np.bool_]
    seed_images: npt.NDArray[np.uint8]


def compute(run: Run) -> dict[str, object]:
    """Return the arrays of the traversals of one run: those of `Traversal`, ``kind`` and ``center``."""
    params = run.config.traversals
    if run.images is None or run.block is None:
        raise ValueError("a traversal needs images and the kind of latents that move")
    traversal = traverse(
        run.latent_model, run.images.split, run.block, params, n_classes=run.n_classes, device=run.device
    )
    center = run.images.name if params.center == "seed_image" else params.center
    return {**vars(traversal), "kind": run.block, "center": center}


def traverse(
    model: LatentModel, split: Split, kind: Block, params: TraversalsParams, *, n_classes: int, device: torch.device
) -> Traversal:
    """Move one dimension at a time, either of each class's own block or of the shared block.

    Args:
        model: Trained model.
        split: Images from which the seed images are chosen, and over which KL is averaged.
        kind: Kind of latents that are moved.
        params: Range, number of steps, and centre.
        n_classes: Number of classes K.
        device: Device on which the model is.

    Returns:
        The traversal; shared dimensions are in the same order for every class.

    Raises:
        UserError: If the model has no latents of this kind, or a class has no image.

    Source: §V.
    """
    _check(model, split, kind, n_classes)
    encoded = encode(model, split, device=device)
    values = np.linspace(params.low, params.high, params.steps)
    images, dims, kls, kept, seeds = [], [], [], [], []
    for label in range(n_classes):
        seed = typical_image(encoded, split.labels, label)
        center = encoded.mu[seed] if params.center == "seed_image" else np.zeros_like(encoded.mu[seed])
        columns = _columns(model, kind, label)
        kl = encoded.kl_nats[split.labels == label if kind == "class" else slice(None)]
        kl = kl[:, columns].mean(axis=0, dtype=np.float64)
        order = np.argsort(-kl, kind="stable")
        decoded, predicted = _decode(model, _latents(center, columns[order], values), label, device)
        images.append(decoded)
        kept.append(np.ones(decoded.shape[:2], bool) if predicted is None else predicted == label)
        dims.append(order)
        kls.append(kl[order])
        seeds.append(split.images[seed])
    return Traversal(np.stack(images), values, np.stack(dims), np.stack(kls), np.stack(kept), np.stack(seeds))


def typical_image(encoded: Encoded, labels: npt.NDArray[np.int64], label: int) -> int:
    """Return the row of the image of class ``label`` whose posterior mean is nearest to the average of its class.

    Only images whose label is predicted correctly are candidates, if there are any.
    """
    rows = np.flatnonzero(labels == label)
    right = rows if encoded.predicted is None else rows[encoded.predicted[rows] == label]
    candidates = right if len(right) else rows
    distance = np.square(encoded.mu[candidates] - encoded.mu[rows].mean(axis=0)).sum(axis=1)
    return int(candidates[distance.argmin()])


def _check(model: LatentModel, split: Split, kind: Block, n_classes: int) -> None:
    if not len(_columns(model, kind, 0)):
        raise UserError(
            f"--kind {kind}",
            got="a model without such latents",
            expected="a model that has them",
            hint=f"Pass --kind {'shared' if kind == 'class' else 'class'}.",
        )
    if absent := sorted(set(range(n_classes)) - set(split.labels.tolist())):
        raise UserError(
            "images",
            got=f"none of class number {absent[0]}",
            expected="at least one image per class, from which its traversals start",
            hint="Add one, or use samples from the model with --generated 100.",
        )


def _columns(model: LatentModel, kind: Block, label: int) -> npt.NDArray[np.int64]:
    wanted = label if kind == "class" else SHARED
    return np.array([column for column, axis in enumerate(model.axes()) if axis.latent_class == wanted])


def _latents(
    center: npt.NDArray[np.float32], columns: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Return latents (dims, steps, latents): ``center`` with one of the columns set to each value."""
    z = np.tile(center, (len(columns), len(values), 1))
    for row, column in enumerate(columns):
        z[row, :, column] = values
    return z


def _decode(
    model: LatentModel, z: npt.NDArray[np.float32], label: int, device: torch.device
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64] | None]:
    """Return images (dims, steps, height, width) and the encoder's predictions (dims, steps); None if it has none."""
    flat: Tensor = torch.from_numpy(z.reshape(-1, z.shape[-1])).to(device)
    with torch.no_grad():
        images = to_uint8(model.decode(flat, torch.full((len(flat),), label, device=device)))
    decoded = Split(images, np.full(len(images), label, dtype=np.int64), np.full(len(images), "decoded"))
    predicted = encode(model, decoded, device=device).predicted
    shape = z.shape[:2]
    return images.reshape(*shape, *images.shape[1:]), None if predicted is None else predicted.reshape(shape)
