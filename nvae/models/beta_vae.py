"""β-VAE (Higgins et al. 2017, ICLR, "β-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework").

Unsupervised: neither encoder nor decoder sees the class. The paper's Figure 3 shows its aggregate posterior.
"""

import torch
from torch import Tensor

from nvae.config import BetaVaeParams
from nvae.models.backbones import Backbone, Decoder, Encoder, PosteriorHead, kaiming_initialise
from nvae.models.likelihoods import kl_to_standard_normal, log_likelihood_of
from nvae.models.protocol import LatentAxis, LatentModel, LossTerms, Posterior, shared_axes


class BetaVae(LatentModel):
    """A VAE whose KL is weighed with β.

    Args:
        params: sizes, likelihood and β.
        image_shape: (height, width).
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
        """Kaiming weights everywhere, a small posterior head."""
        kaiming_initialise(self, generator=generator)

    def axes(self) -> tuple[LatentAxis, ...]:
        """All dimensions are shared by all classes."""
        return shared_axes(self.params.latent_dims)

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """q(z | x); y is not looked at. ``mu`` and ``log_var`` (batch, latent_dims)."""
        return Posterior(*self.posterior_head(self.encoder(x)))

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Mean images (batch, height, width) of latents (batch, latent_dims); y is not looked at."""
        return torch.sigmoid(self.decoder(z)).reshape(-1, *self.image_shape)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """−E_q[log p(x | z)] + β KL(q(z | x) ‖ p(z)), per example.

        ``negative_bound`` is the plain sum (β = 1, no warm-up), the negative bound on log p(x): not to be compared
        with bounds on log p(x, y) or log p(x | y).

        Source: Higgins et al. 2017, eq. 4.
        """
        posterior = self.encode(x, y)
        z = posterior.sample(generator=generator)
        reconstruction = -self.log_likelihood(self.decoder(z), x.flatten(1))
        kl = kl_to_standard_normal(posterior.mu, posterior.log_var).sum(dim=1)
        terms = {"reconstruction": reconstruction, "kl_shared": kl, "negative_bound": reconstruction + kl}
        return LossTerms(reconstruction + kl_weight * self.params.beta * kl, terms)

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """As many images as there are labels, z from N(0, sigma² I); the labels are not looked at."""
        weight = self.posterior_head.weight
        z = torch.randn(
            (len(y), self.params.latent_dims), generator=generator, device=weight.device, dtype=weight.dtype
        )
        return self.decode(sigma * z, y)


def build(params: BetaVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> BetaVae:
    """A β-VAE with unset weights; it does not ask for the number of classes."""
    del n_classes
    return BetaVae(params, image_shape=image_shape)
