"""Images through an encoder, in batches: what every analysis starts from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nvae.data.prepared import Split
from nvae.errors import UserError
from nvae.models.likelihoods import kl_to_standard_normal
from nvae.models.protocol import SHARED, GenerativeModel, LatentModel, Posterior, Trainable

BATCH = 1000
_OTHER_VARIANT = "Choose another variant."


@dataclass(frozen=True)
class Encoded:
    """A split's posteriors.

    Args:
        mu: (n, latents) float32, posterior means.
        kl_nats: (n, latents) float32, KL to the prior of every dimension.
        predicted: (n,) int64, argmax of E_q[π]; None for a model without a label head.
    """

    mu: npt.NDArray[np.float32]
    kl_nats: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.int64] | None

    def labels(self) -> npt.NDArray[np.int64]:
        """The predicted labels.

        Raises:
            UserError: the model predicts none.
        """
        if self.predicted is None:
            raise UserError(
                "model", got="one without a label head", expected="one that predicts labels", mend=_OTHER_VARIANT
            )
        return self.predicted


def latent_model(model: Trainable) -> LatentModel:
    """``model``, known to have an encoder and a decoder.

    Raises:
        UserError: it has none.
    """
    if not isinstance(model, LatentModel):
        raise _wrong_model(model, "a model with an encoder and a decoder")
    return model


def generative_model(model: Trainable) -> GenerativeModel:
    """``model``, known to generate images.

    Raises:
        UserError: it does not.
    """
    if not isinstance(model, GenerativeModel):
        raise _wrong_model(model, "a model that generates images")
    return model


def _wrong_model(model: Trainable, expected: str) -> UserError:
    return UserError("model", got=type(model).__name__, expected=expected, mend=_OTHER_VARIANT)


def encode(model: LatentModel, split: Split, *, device: torch.device) -> Encoded:
    """Posterior means, KL and predicted labels of all images of ``split``."""
    means, kls, labels = [], [], []
    with torch.no_grad():
        for posterior in posteriors(model, split, device=device):
            means.append(posterior.mu.cpu().numpy())
            kls.append(kl_to_standard_normal(posterior.mu, posterior.log_var).cpu().numpy())
            if posterior.log_prob is not None:
                labels.append(posterior.log_prob.argmax(dim=1).cpu().numpy())
    return Encoded(np.concatenate(means), np.concatenate(kls), np.concatenate(labels) if labels else None)


def posteriors(model: LatentModel, split: Split, *, device: torch.device) -> Iterator[Posterior]:
    """The posterior of each batch of ``split``, in order."""
    for x, labels in zip(image_batches(split.images, device), _batched(split.labels), strict=True):
        yield model.encode(x, torch.from_numpy(labels).to(device))


def posterior_samples(
    model: LatentModel, split: Split, *, generator: torch.Generator, device: torch.device
) -> npt.NDArray[np.float32]:
    """One z ~ q(z | x) of every image: a sample of the aggregate posterior.

    Args:
        model: trained.
        split: the images.
        generator: of the draws, on ``device``.
        device: where the model is.

    Returns:
        (n, latents) float32.
    """
    with torch.no_grad():
        drawn = [found.sample(generator=generator).cpu() for found in posteriors(model, split, device=device)]
    return np.asarray(torch.cat(drawn).numpy())


def shared_columns(model: LatentModel) -> npt.NDArray[np.int64]:
    """The columns of the latents that all classes share."""
    return np.array([column for column, axis in enumerate(model.axes()) if axis.latent_class == SHARED], dtype=np.int64)


def _batched(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, len(array), BATCH):
        yield array[start : start + BATCH]


def image_batches(images: npt.NDArray[np.uint8], device: torch.device) -> Iterator[Tensor]:
    """Batches (batch, height, width) float32 in [0, 1] of images (n, height, width) uint8, in order."""
    for batch in _batched(images):
        yield torch.from_numpy(batch).to(device).float().div_(255)


def to_uint8(images: Tensor) -> npt.NDArray[np.uint8]:
    """Images in [0, 1] as grey levels 0 to 255, rounded."""
    levels: npt.NDArray[np.uint8] = images.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return levels
