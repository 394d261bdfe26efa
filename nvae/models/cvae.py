"""Conditional VAE (Sohn, Lee & Yan 2015, NeurIPS, "Learning Structured Output Representation using Deep …").

The class is the condition and the image is the output. The prior is p(z) = N(0, I) for every class (Kingma et al. 2014,
model M2).
"""

import torch
from torch import Tensor
from torch.nn import functional

from nvae.config import CVaeParams
from nvae.models.backbones import Backbone, Decoder, Encoder, PosteriorHead, kaiming_initialise
from nvae.models.likelihoods import kl_to_standard_normal, log_likelihood_of
from nvae.models.protocol import LatentAxis, LatentModel, LossTerms, Posterior, shared_axes


class CVae(LatentModel):
    """VAE whose encoder and decoder both receive the one-hot label.

    Args:
        params: Sizes and likelihood.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: CVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.params = params
        self.n_classes = n_classes
        self.image_shape = image_shape
        backbone = Backbone(params.backbone, params.hidden, params.channels)
        self.encoder = Encoder(image_shape, backbone, n_conditions=n_classes)
        self.posterior_head = PosteriorHead(self.encoder.n_features, params.latent_dims)
        self.decoder = Decoder(params.latent_dims + n_classes, image_shape, backbone)
        self.log_likelihood = log_likelihood_of(params)

    def initialise(self, *, generator: torch.Generator) -> None:
        """Draw Kaiming-normal weights for all layers, smaller ones for the posterior head."""
        kaiming_initialise(self, generator=generator)

    def axes(self) -> tuple[LatentAxis, ...]:
        """Return one axis per dimension; all classes share all of them."""
        return shared_axes(self.params.latent_dims)

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """Return q(z | x, y) with ``mu`` and ``log_var`` (batch, latent_dims)."""
        return Posterior(*self.posterior_head(self.encoder(x, self._one_hot(y, x))))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Return mean images (batch, height, width) of latents (batch, latent_dims) and classes (batch,)."""
        return torch.sigmoid(self.logits(z, y)).reshape(-1, *self.image_shape)

    def logits(self, z: Tensor, y: Tensor) -> Tensor:
        """Return the likelihood's pre-activation (batch, pixels) for the decoder input [z ; ỹ]."""
        logits: Tensor = self.decoder(torch.cat([z, self._one_hot(y, z)], dim=1))
        return logits

    def _one_hot(self, y: Tensor, like: Tensor) -> Tensor:
        return functional.one_hot(y, self.n_classes).to(like.dtype)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return −E_q[log p(x | z, y)] + KL(q(z | x, y) ‖ p(z)), per example.

        ``negative_bound`` is the same sum without warm-up, the negative bound on log p(x | y). N-VAE's bound is on
        log p(x, y) and therefore also contains the label term.

        Source: Sohn et al. 2015, §4, with the prior's dependence on the condition dropped.
        """
        posterior = self.encode(x, y)
        z = posterior.sample(generator=generator)
        reconstruction = -self.log_likelihood(self.logits(z, y), x.flatten(1))
        kl = kl_to_standard_normal(posterior.mu, posterior.log_var).sum(dim=1)
        terms = {"reconstruction": reconstruction, "kl_shared": kl, "negative_bound": reconstruction + kl}
        return LossTerms(reconstruction + kl_weight * kl, terms)

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Return images of the classes ``y`` (batch,), from z ~ N(0, sigma² I)."""
        weight = self.posterior_head.weight
        z = torch.randn(
            (len(y), self.params.latent_dims), generator=generator, device=weight.device, dtype=weight.dtype
        )
        return self.decode(sigma * z, y)


def build(params: CVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> CVae:
    """Build a CVAE with unset weights."""
    return CVae(params, n_classes=n_classes, image_shape=image_shape)
