"""Conditional GAN (Mirza & Osindero 2014, arXiv 1411.1784), whose two networks both receive the one-hot label."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvae.config import CGanParams
from nvae.models.adversarial import AdversarialModel, backbone_of
from nvae.models.backbones import Encoder, Head
from nvae.models.protocol import LossTerms


class Discriminator(nn.Module):
    """Network from images and labels to the log-odds of being real.

    Args:
        params: Sizes of the network.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: CGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.n_classes = n_classes
        self.encoder = Encoder(image_shape, backbone_of(params), n_conditions=n_classes)
        self.source_head = Head(self.encoder.n_features, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return log-odds (batch,) of images (batch, height, width) with labels (batch,)."""
        features = self.encoder(x, functional.one_hot(y, self.n_classes).to(x.dtype))
        logits: Tensor = self.source_head(features)[:, 0]
        return logits


class CGan(AdversarialModel):
    """Conditional GAN.

    Args:
        params: Sizes and weight of the gradient penalty.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: CGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        discriminator = Discriminator(params, n_classes=n_classes, image_shape=image_shape)
        super().__init__(params, n_classes=n_classes, image_shape=image_shape, discriminator=discriminator)

    def discriminator_loss(
        self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0
    ) -> LossTerms:
        """Return −log D(x | y) − log(1 − D(G(z | y) | y)) + γ penalty, per real image.

        Source: Mirza & Osindero 2014, eq. 2.
        """
        terms = self.source_terms(self.discriminator(*self.with_fakes(x, y, generator=generator)))
        penalty = self.penalty(x, lambda some: self.discriminator(some, y[: len(some)]))
        objective = terms["discriminator_real"] + terms["discriminator_fake"] + self.gradient_penalty * penalty
        return LossTerms(objective, {**terms, "penalty": penalty})

    def generator_loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return −log D(G(z | y) | y), the non-saturating form."""
        logits = self.discriminator(self.sample(y, sigma=1.0, generator=generator), y)
        return LossTerms(functional.softplus(-logits), {})


def build(params: CGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> CGan:
    """Build a CGAN with unset weights."""
    return CGan(params, n_classes=n_classes, image_shape=image_shape)
