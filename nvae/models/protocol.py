"""Interface of a model to the training loop and to the analyses.

Images are (batch, height, width) float32 in [0, 1], labels are (batch,) int64.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LossTerms:
    """Objective of a batch and its named terms.

    Args:
        objective: Minimised quantity (batch,), in nats per example.
        terms: Unweighted terms by name, (batch,) each, in nats per example. ``accuracy``, if present, is 1 where the
            predicted label is correct and 0 elsewhere.
    """

    objective: Tensor
    terms: dict[str, Tensor]


class Loss(Protocol):
    """Training objective on a batch."""

    def __call__(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return the objective and its terms.

        Args:
            x: Images (batch, height, width) float32 in [0, 1].
            y: Labels (batch,) int64.
            generator: Random generator of all draws.
            kl_weight: Warm-up factor, from 0 to 1, on every KL of latents; a model without such a term ignores it.
        """


@dataclass(frozen=True)
class OptimizerStep:
    """One player's part of a training step. Most models have one player; the players of a GAN alternate.

    Args:
        name: Name of the objective in the history.
        player: Module whose weights the step updates; all other weights get no gradient.
        loss: Objective that the player minimises.
    """

    name: str
    player: nn.Module
    loss: Loss


class Trainable(nn.Module, ABC):
    """Model that the training loop can train."""

    @abstractmethod
    def initialise(self, *, generator: torch.Generator) -> None:
        """Set every weight from ``generator``."""

    @abstractmethod
    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """Return the optimizer steps that the training loop takes on each batch, in order."""


class GenerativeModel(Trainable):
    """Model that generates images."""

    @abstractmethod
    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Return images of the classes ``y``, generated from latents z ~ N(0, sigma² I).

        Args:
            y: Classes (batch,) int64.
            sigma: Standard deviation of the latents.
            generator: Random generator of the latents.

        Returns:
            Images (batch, height, width) float32 in [0, 1], which are the likelihood's means or a GAN's output.
        """


@dataclass(frozen=True)
class Posterior:
    """Posterior q(z | x), and the predicted class probabilities of a model with a label head.

    Args:
        mu: Means (batch, latent dimensions).
        log_var: Logarithms of the variances (batch, latent dimensions).
        log_prob: Class log-probabilities log E_q[π] (batch, classes); None for a model without a label head.
    """

    mu: Tensor
    log_var: Tensor
    log_prob: Tensor | None = None

    def sample(self, *, generator: torch.Generator) -> Tensor:
        """Draw one z (batch, latent dimensions) by the reparameterisation μ + σ ε."""
        noise = torch.randn(self.mu.shape, generator=generator, device=self.mu.device, dtype=self.mu.dtype)
        return self.mu + (0.5 * self.log_var).exp() * noise


SHARED = -1


@dataclass(frozen=True)
class LatentAxis:
    """Meaning of one latent dimension.

    Args:
        latent_class: Class whose block the dimension belongs to, or ``SHARED``.
        dim: Index of the dimension within its block, from 0.
    """

    latent_class: int
    dim: int


def shared_axes(n: int) -> tuple[LatentAxis, ...]:
    """Return the axes of ``n`` dimensions that all classes share."""
    return tuple(LatentAxis(SHARED, dim) for dim in range(n))


class LatentModel(GenerativeModel):
    """Variational autoencoder, that is, a model with an encoder and a decoder that is trained on one bound."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return the negative bound with weighted terms, and its unweighted terms; see :class:`Loss`."""

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """Return the only step, in which all weights minimise one objective."""
        return (OptimizerStep("objective", self, self.loss),)

    @abstractmethod
    def axes(self) -> tuple[LatentAxis, ...]:
        """Return the meaning of each latent dimension, in the order of ``Posterior.mu``."""

    @abstractmethod
    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """Return the approximate posterior of images (batch, height, width) in [0, 1].

        The classes ``y`` (batch,) are for models whose posterior is conditioned on them; other models ignore them.
        """

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Return mean images (batch, height, width) in [0, 1] of latents (batch, dims) and classes (batch,)."""
