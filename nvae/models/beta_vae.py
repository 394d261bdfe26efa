"""β-VAE (Higgins et al. 2017, ICLR, "β-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework").

The model is unsupervised: neither encoder nor decoder receives the class. The paper's Figure 3 shows its aggregate
posterior.
"""

import torch
from torch import Tensor

from nvae.config import BetaVaeParams
from nvae.models.backbones import Backbone, Decoder, Encoder, PosteriorHead, kaiming_initialise
from nvae.models.likelihoods import kl_to_standard_normal, log_likelihood_of
from nvae.models.protocol import LatentAxis, LatentModel, LossTerms, Posterior, shared_axes


class BetaVae(LatentModel):
    """VAE whose KL term has the weight β.

    Args:
        params: Sizes, likelihood and β.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: BetaVaeParams, *, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.params = params
        self.image_shape = image_shape
        backbone = Backbone(params.backbone, params.hidden, params.channels)
        self.encoder = Encoder(image_shape, backbone)
        self.posterior_head = PosteriorHead(self.encoder.n_features, params.latent_dims)
        self.decoder = Decoder(params.latent_dims, image_shape, backbone)
        self.log_likelihood = log_likelihood_of(params)

    def initialise(self, *, generator: torch.Generator) -> None:
        """Draw Kaiming-normal weights for all layers, smaller ones for the posterior head."""
        kaiming_initialise(self, generator=generator)

    def axes(self) -> tuple[LatentAxis, ...]:
        """Return one axis per dimension; all classes share all of them."""
        return shared_axes(self.params.latent_dims)

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """Return q(z | x) with ``mu`` and ``log_var`` (batch, latent_dims); ``y`` is ignored."""
        return Posterior(*self.posterior_head(self.encoder(x)))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Return mean images (batch, height, width) of latents (batch, latent_dims); ``y`` is ignored."""
        return torch.sigmoid(self.decoder(z)).reshape(-1, *self.image_shape)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return −E_q[log p(x | z)] + β KL(q(z | x) ‖ p(z)), per example.

        ``negative_bound`` is the unweighted sum (β = 1, no warm-up), the negative bound on log p(x). It must not be
        compared with bounds on log p(x, y) or log p(x | y).

        Source: Higgins et al. 2017, eq. 4.
        """
        posterior = self.encode(x, y)
        z = posterior.sample(generator=generator)
        reconstruction = -self.log_likelihood(self.decoder(z), x.flatten(1))
        kl = kl_to_standard_normal(posterior.mu, posterior.log_var).sum(dim=1)
        terms = {"reconstruction": reconstruction, "kl_shared": kl, "negative_bound": reconstruction + kl}
        return LossTerms(reconstruction + kl_weight * self.params.beta * kl, terms)

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Return one image per label, from z ~ N(0, sigma² I); the labels themselves are ignored."""
        weight = self.posterior_head.weight
        z = torch.randn(
            (len(y), self.params.latent_dims), generator=generator, device=weight.device, dtype=weight.dtype
        )
        return self.decode(sigma * z, y)


def build(params: BetaVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> BetaVae:
    """Build a β-VAE with unset weights; ``n_classes`` is ignored."""
    del n_classes
    return BetaVae(params, image_shape=image_shape)
