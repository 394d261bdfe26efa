"""What the training loop and the analyses ask of a model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LossTerms:
    """A batch's objective and its named terms.

    Args:
        objective: (batch,), what is minimised, in nats per example.
        terms: name → (batch,), each unweighted, in nats per example.
        kl_per_dim: (batch, latent dimensions), unweighted, in nats.
        correct: (batch,), 1 where the predicted label is right, else 0.
    """

    objective: Tensor
    terms: dict[str, Tensor]
    kl_per_dim: Tensor
    correct: Tensor


class GenerativeModel(nn.Module, ABC):
    """A class-conditional generator trained by minimising one loss.

    Images are (batch, height, width) float32 in [0, 1], labels (batch,) int64.
    """

    @abstractmethod
    def initialise(self, *, generator: torch.Generator) -> None:
        """Set every weight from ``generator``."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """The training objective on a batch.

        Args:
            x: (batch, height, width) float32 in [0, 1].
            y: (batch,) int64.
            generator: of the reparameterisation noise.
            kl_weight: warm-up factor on every KL of latents, 0 to 1.
        """

    @abstractmethod
    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Images of the classes ``y``, latents from N(0, sigma² I).

        Args:
            y: (batch,) int64.
            sigma: standard deviation of the latents.
            generator: of the latents.

        Returns:
            (batch, height, width) float32 in [0, 1], the likelihood's means.
        """


@dataclass(frozen=True)
class Posterior:
    """q(z | x) and the predicted class probabilities.

    Args:
        mu: (batch, latent dimensions).
        log_var: (batch, latent dimensions), logarithm of the variance.
        log_prob: (batch, classes), log E_q[π].
    """

    mu: Tensor
    log_var: Tensor
    log_prob: Tensor


SHARED = -1


@dataclass(frozen=True)
class LatentAxis:
    """What one latent dimension stands for.

    Args:
        latent_class: the class whose block it belongs to, or ``SHARED``.
        dim: its index within its block, from 0.
    """

    latent_class: int
    dim: int


class LatentModel(GenerativeModel):
    """A model with an encoder and a decoder."""

    @abstractmethod
    def axes(self) -> tuple[LatentAxis, ...]:
        """What each latent dimension stands for, in the order of ``Posterior.mu``."""

    @abstractmethod
    def encode(self, x: Tensor) -> Posterior:
        """The approximate posterior of images (batch, height, width) in [0, 1]."""

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean images (batch, height, width) in [0, 1] of latents (batch, dims) and classes (batch,)."""
