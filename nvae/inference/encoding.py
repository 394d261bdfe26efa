"""Encoding of images in batches, from which every analysis starts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from nvae.data.prepared import Split
from nvae.inference.images import batched, image_batches
from nvae.models.likelihoods import kl_to_standard_normal
from nvae.models.protocol import SHARED, LatentModel, Posterior


@dataclass(frozen=True)
class Encoded:
    """Posteriors of a split.

    Args:
        mu: Posterior means (n, latents) float32.
        kl_nats: KL to the prior of every dimension (n, latents) float32, in nats.
        predicted: Predicted labels argmax E_q[π], (n,) int64; None for a model without a label head.
    """

    mu: npt.NDArray[np.float32]
    kl_nats: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.int64] | None


def encode(model: LatentModel, split: Split, *, device: torch.device) -> Encoded:
    """Return posterior means, KL and predicted labels of all images of ``split``."""
    means, kls, labels = [], [], []
    with torch.no_grad():
        for posterior in posteriors(model, split, device=device):
            means.append(posterior.mu.cpu().numpy())
            kls.append(kl_to_standard_normal(posterior.mu, posterior.log_var).cpu().numpy())
            if posterior.log_prob is not None:
                labels.append(posterior.log_prob.argmax(dim=1).cpu().numpy())
    return Encoded(np.concatenate(means), np.concatenate(kls), np.concatenate(labels) if labels else None)


def posteriors(model: LatentModel, split: Split, *, device: torch.device) -> Iterator[Posterior]:
    """Yield the posterior of each batch of ``split``, in order."""
    for x, labels in zip(image_batches(split.images, device), batched(split.labels), strict=True):
        yield model.encode(x, torch.from_numpy(labels).to(device))


def posterior_samples(
    model: LatentModel, split: Split, *, generator: torch.Generator, device: torch.device
) -> npt.NDArray[np.float32]:
    """Draw one z ~ q(z | x) for every image, which gives a sample of the aggregate posterior.

    Args:
        model: Trained model.
        split: Split with the images.
        generator: Random generator of the draws, on ``device``.
        device: Device of the model.

    Returns:
        Latents (n, latents) float32.
    """
    with torch.no_grad():
        drawn = [found.sample(generator=generator).cpu() for found in posteriors(model, split, device=device)]
    return np.asarray(torch.cat(drawn).numpy())


def shared_columns(model: LatentModel) -> npt.NDArray[np.int64]:
    """Return the columns of the latents that all classes share."""
    return np.array([column for column, axis in enumerate(model.axes()) if axis.latent_class == SHARED], dtype=np.int64)
