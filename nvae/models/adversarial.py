"""Code that CGAN and AC-GAN share: the conditional generator, and the alternating steps of the two players.

Losses are computed from logits, in nats. The generator's loss is the non-saturating one (Goodfellow et al. 2014, §3).
"""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvae.config import CGanParams
from nvae.models.backbones import Backbone, Decoder, kaiming_initialise
from nvae.models.protocol import GenerativeModel, LossTerms, OptimizerStep


class AdversarialModel(GenerativeModel):
    """Generator of images from [z ; ỹ], trained against a discriminator.

    Args:
        params: Sizes and weight of the gradient penalty.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
        discriminator: Discriminator with its heads.
    """

    def __init__(
        self, params: CGanParams, *, n_classes: int, image_shape: tuple[int, int], discriminator: nn.Module
    ) -> None:
        super().__init__()
        self.latent_dims = params.latent_dims
        self.gradient_penalty = params.gradient_penalty
        self.penalty_images = params.penalty_images
        self.n_classes = n_classes
        self.image_shape = image_shape
        self.discriminator = discriminator
        self.generator = Decoder(params.latent_dims + n_classes, image_shape, backbone_of(params))

    def initialise(self, *, generator: torch.Generator) -> None:
        """Draw Kaiming-normal weights for all layers."""
        kaiming_initialise(self, generator=generator)

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """Return the steps on each batch: one of the discriminator, then one of the generator."""
        return (
            OptimizerStep("discriminator", self.discriminator, self.discriminator_loss),
            OptimizerStep("generator", self.generator, self.generator_loss),
        )

    @abstractmethod
    def discriminator_loss(
        self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0
    ) -> LossTerms:
        """Return the discriminator's loss on real images and on as many generated ones of the same classes."""

    @abstractmethod
    def generator_loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return the generator's loss on newly generated images of the classes ``y``; ``x`` is ignored."""

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Return images of the classes ``y`` (batch,), generated from z ~ N(0, sigma² I)."""
        one_hot = functional.one_hot(y, self.n_classes).to(next(self.generator.parameters()).dtype)
        z = torch.randn((len(y), self.latent_dims), generator=generator, device=y.device, dtype=one_hot.dtype)
        logits: Tensor = self.generator(torch.cat([sigma * z, one_hot], dim=1))
        return torch.sigmoid(logits).reshape(-1, *self.image_shape)

    def with_fakes(self, x: Tensor, y: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return real images and generated ones of the same classes, for one pass of the discriminator.

        No gradient flows to the generator.

        Returns:
            Images (2 · batch, height, width), real ones first, and their classes (2 · batch,).
        """
        with torch.no_grad():
            fakes = self.sample(y, sigma=1.0, generator=generator)
        return torch.cat([x, fakes]), torch.cat([y, y])

    def source_terms(self, logits: Tensor) -> dict[str, Tensor]:
        """Return the discriminator's negative log-likelihoods of the source (real or generated), (batch,) each.

        Args:
            logits: Log-odds of being real, (2 · batch,); the first half belongs to real images.

        Source: Goodfellow et al. 2014, eq. 1.
        """
        real, fake = logits.chunk(2)
        return {"discriminator_real": functional.softplus(-real), "discriminator_fake": functional.softplus(fake)}

    def penalty(self, x: Tensor, source: Callable[[Tensor], Tensor]) -> Tensor:
        """Return half the squared gradient norm of the discriminator's log-odds at real images, unweighted.

        The penalty keeps the discriminator from becoming much stronger than the generator; docs/choices.md reports its
        effect.

        Args:
            x: Real images (batch, height, width); the mean over the first ``penalty_images`` estimates the expectation.
            source: Function from images to log-odds.

        Returns:
            Penalty (batch,), the same value for each example.

        Source: R1 of Mescheder, Geiger & Nowozin 2018, eq. 9, where γ is ``gradient_penalty``.
        """
        with torch.enable_grad():
            some = x[: self.penalty_images].detach().requires_grad_()
            (slope,) = torch.autograd.grad(source(some).sum(), some, create_graph=True)
            value = 0.5 * slope.square().flatten(1).sum(dim=1).mean()
        return value.expand(len(x))


def backbone_of(params: CGanParams) -> Backbone:
    """Return the sizes of the networks."""
    return Backbone(params.backbone, params.hidden, params.channels)
