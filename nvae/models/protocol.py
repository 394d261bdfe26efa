"""What the training loop and the analyses ask of a model.

Images are (batch, height, width) float32 in [0, 1], labels (batch,) int64.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LossTerms:
    """A batch's objective and its named terms.

    Args:
        objective: (batch,), what is minimised, in nats per example.
        terms: name → (batch,), each unweighted, in nats per example; ``accuracy``, if there is one, is 1 where the
            predicted label is right, else 0.
    """

    objective: Tensor
    terms: dict[str, Tensor]


class Loss(Protocol):
    """A training objective on a batch."""

    def __call__(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """The objective and its terms.

        Args:
            x: (batch, height, width) float32 in [0, 1].
            y: (batch,) int64.
            generator: of every random draw.
            kl_weight: warm-up factor on every KL of latents, 0 to 1; a model without one ignores it.
        """


@dataclass(frozen=True)
class OptimizerStep:
    """One player's part of a training step: most models have one, a GAN's players take turns.

    Args:
        name: of the objective, in the history.
        player: whose weights it changes; all others get no gradient.
        loss: what the player minimises.
    """

    name: str
    player: nn.Module
    loss: Loss


class Trainable(nn.Module, ABC):
    """Anything that the training loop can train."""

    @abstractmethod
    def initialise(self, *, generator: torch.Generator) -> None:
        """Set every weight from ``generator``."""

    @abstractmethod
    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """What a training step does on a batch, in order."""


class GenerativeModel(Trainable):
    """A generator of images."""

    @abstractmethod
    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Images of the classes ``y``, latents from N(0, sigma² I).

        Args:
            y: (batch,) int64.
            sigma: standard deviation of the latents.
            generator: of the latents.

        Returns:
            (batch, height, width) float32 in [0, 1]: a likelihood's means, or a GAN's output.
        """


@dataclass(frozen=True)
class Posterior:
    """q(z | x), and the class probabilities that a model predicts, if it does.

    Args:
        mu: (batch, latent dimensions).
        log_var: (batch, latent dimensions), logarithm of the variance.
        log_prob: (batch, classes), log E_q[π]; None for a model without a label head.
    """

    mu: Tensor
    log_var: Tensor
    log_prob: Tensor | None = None

    def sample(self, *, generator: torch.Generator) -> Tensor:
        """One z (batch, latent dimensions) by the reparameterisation μ + σ ε."""
        noise = torch.randn(self.mu.shape, generator=generator, device=self.mu.device, dtype=self.mu.dtype)
        return self.mu + (0.5 * self.log_var).exp() * noise


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


def shared_axes(n: int) -> tuple[LatentAxis, ...]:
    """The axes of ``n`` dimensions that all classes share."""
    return tuple(LatentAxis(SHARED, dim) for dim in range(n))


class LatentModel(GenerativeModel):
    """A variational autoencoder: a model with an encoder and a decoder, trained by one bound."""

    @abstractmethod
    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """The negative bound, reweighed, and its terms; see :class:`Loss`."""

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """One: all weights, one objective."""
        return (OptimizerStep("objective", self, self.loss),)

    @abstractmethod
    def axes(self) -> tuple[LatentAxis, ...]:
        """What each latent dimension stands for, in the order of ``Posterior.mu``."""

    @abstractmethod
    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """The approximate posterior of images (batch, height, width) in [0, 1].

        The classes ``y`` (batch,) are for models whose posterior is conditioned on them; others do not look.
        """

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean images (batch, height, width) in [0, 1] of latents (batch, dims) and classes (batch,)."""
