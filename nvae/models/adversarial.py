"""What CGAN and AC-GAN share: the conditional generator, and two players that take turns.

Losses come from logits, in nats; the generator's is the non-saturating one (Goodfellow et al. 2014, §3).
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
    """A generator of images from [z ; ỹ] against a discriminator.

    Args:
        params: sizes, and the penalty on the discriminator's slope.
        n_classes: K.
        image_shape: (height, width).
        discriminator: with its heads.
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
        """Kaiming weights everywhere."""
        kaiming_initialise(self, generator=generator)

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """On every batch one step of the discriminator, then one of the generator."""
        return (
            OptimizerStep("discriminator", self.discriminator, self.discriminator_loss),
            OptimizerStep("generator", self.generator, self.generator_loss),
        )

    @abstractmethod
    def discriminator_loss(
        self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0
    ) -> LossTerms:
        """The discriminator's, on real images and as many generated ones of the same classes."""

    @abstractmethod
    def generator_loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """The generator's, on fresh images of the classes ``y``; ``x`` is not looked at."""

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Images of the classes ``y`` (batch,), z from N(0, sigma² I)."""
        one_hot = functional.one_hot(y, self.n_classes).to(next(self.generator.parameters()).dtype)
        z = torch.randn((len(y), self.latent_dims), generator=generator, device=y.device, dtype=one_hot.dtype)
        logits: Tensor = self.generator(torch.cat([sigma * z, one_hot], dim=1))
        return torch.sigmoid(logits).reshape(-1, *self.image_shape)

    def with_fakes(self, x: Tensor, y: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Real images and generated ones of the same classes, without gradient, for one pass of the discriminator.

        Returns:
            Images (2 · batch, height, width), real ones first, and their classes (2 · batch,).
        """
        with torch.no_grad():
            fakes = self.sample(y, sigma=1.0, generator=generator)
        return torch.cat([x, fakes]), torch.cat([y, y])

    def source_terms(self, logits: Tensor) -> dict[str, Tensor]:
        """The discriminator's negative log-likelihoods of the source, (batch,) each.

        Args:
            logits: (2 · batch,), log-odds of being real; the first half is of real images.

        Source: Goodfellow et al. 2014, eq. 1.
        """
        real, fake = logits.chunk(2)
        return {"discriminator_real": functional.softplus(-real), "discriminator_fake": functional.softplus(fake)}

    def penalty(self, x: Tensor, source: Callable[[Tensor], Tensor]) -> Tensor:
        """Half the squared slope of the discriminator's log-odds at real images, unweighted.

        It keeps the discriminator from running ahead of the generator; docs/choices.md has what it changes.

        Args:
            x: (batch, height, width) real images; the mean over the first ``penalty_images`` estimates the expectation.
            source: images to log-odds.

        Returns:
            (batch,), the same value for each example.

        Source: R1 of Mescheder, Geiger & Nowozin 2018, eq. 9, where γ is ``gradient_penalty``.
        """
        with torch.enable_grad():
            some = x[: self.penalty_images].detach().requires_grad_()
            (slope,) = torch.autograd.grad(source(some).sum(), some, create_graph=True)
            value = 0.5 * slope.square().flatten(1).sum(dim=1).mean()
        return value.expand(len(x))


def backbone_of(params: CGanParams) -> Backbone:
    """The networks' sizes."""
    return Backbone(params.backbone, params.hidden, params.channels)
