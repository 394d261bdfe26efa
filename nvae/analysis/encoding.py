"""Images through an encoder, in batches: what every analysis starts from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nvae.data.prepared import Split
from nvae.errors import UserError
from nvae.models.likelihoods import kl_to_standard_normal
from nvae.models.protocol import GenerativeModel, LatentModel

BATCH = 1000


@dataclass(frozen=True)
class Encoded:
    """A split's posteriors.

    Args:
        mu: (n, latents) float32, posterior means.
        kl_nats: (n, latents) float32, KL to the prior of every dimension.
        predicted: (n,) int64, argmax of E_q[π].
    """

    mu: npt.NDArray[np.float32]
    kl_nats: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.int64]


def latent_model(model: GenerativeModel) -> LatentModel:
    """``model``, known to have an encoder and a decoder.

    Raises:
        UserError: it has none.
    """
    if not isinstance(model, LatentModel):
        raise UserError(
            "model",
            got=type(model).__name__,
            expected="a model with an encoder and a decoder",
            mend="Choose another variant.",
        )
    return model


def encode(model: LatentModel, split: Split, *, device: torch.device) -> Encoded:
    """Posterior means, KL and predicted labels of all images of ``split``."""
    means, kls, labels = [], [], []
    with torch.no_grad():
        for x in image_batches(split.images, device):
            posterior = model.encode(x)
            means.append(posterior.mu.cpu().numpy())
            kls.append(kl_to_standard_normal(posterior.mu, posterior.log_var).cpu().numpy())
            labels.append(posterior.log_prob.argmax(dim=1).cpu().numpy())
    return Encoded(np.concatenate(means), np.concatenate(kls), np.concatenate(labels))


def image_batches(images: npt.NDArray[np.uint8], device: torch.device) -> Iterator[Tensor]:
    """Batches (batch, height, width) float32 in [0, 1] of images (n, height, width) uint8, in order."""
    for start in range(0, len(images), BATCH):
        yield torch.from_numpy(images[start : start + BATCH]).to(device).float().div_(255)


def to_uint8(images: Tensor) -> npt.NDArray[np.uint8]:
    """Images in [0, 1] as grey levels 0 to 255, rounded."""
    levels: npt.NDArray[np.uint8] = images.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return levels
