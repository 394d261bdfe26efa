"""N-VAE: one latent block per class and one block that all classes share (Antorán & Miguel, arXiv 1901.09415).

Latents are ordered z = [z_c^1 … z_c^K ; z_s]: K blocks of d_c dimensions, then d_s shared dimensions.
"""

import torch
from torch import Tensor
from torch.nn import functional

from nvae.config import NVaeParams
from nvae.models.backbones import HEAD_GAIN, Backbone, Decoder, Encoder, Head, PosteriorHead, kaiming_initialise
from nvae.models.likelihoods import kl_dirichlet, kl_to_standard_normal, log_likelihood_of
from nvae.models.protocol import LatentAxis, LatentModel, LossTerms, Posterior, shared_axes

# exp(logit) is a Dirichlet concentration. Beyond this range lgamma and digamma lose precision in float32.
_MAX_LOG_CONCENTRATION = 10.0


class NVae(LatentModel):
    """Model of §II.

    Args:
        params: Sizes and objective.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: NVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.params = params
        self.n_classes = n_classes
        self.image_shape = image_shape
        self.n_class_latents = n_classes * params.class_dims
        self.n_latents = self.n_class_latents + params.shared_dims
        block = params.class_dims + int(params.class_bias)
        backbone = Backbone(params.backbone, params.hidden, params.channels)
        self.encoder = Encoder(image_shape, backbone)
        self.posterior_head = PosteriorHead(self.encoder.n_features, self.n_latents)
        self.label_head = Head(self.encoder.n_features, n_classes)
        self.decoder = Decoder(n_classes * block + params.shared_dims, image_shape, backbone)
        self.log_likelihood = log_likelihood_of(params)

    def initialise(self, *, generator: torch.Generator) -> None:
        """Draw Kaiming-normal weights for all layers, smaller ones for the heads."""
        kaiming_initialise(self, generator=generator)
        with torch.no_grad():
            self.label_head.weight.mul_(HEAD_GAIN)

    def axes(self) -> tuple[LatentAxis, ...]:
        """Return the axes of K blocks of d_c dimensions, then d_s shared axes."""
        blocks = [LatentAxis(c, dim) for c in range(self.n_classes) for dim in range(self.params.class_dims)]
        return (*blocks, *shared_axes(self.params.shared_dims))

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        """Return q(z | x) and log E_q[π], neither of which depends on y.

        Args:
            x: Images (batch, height, width) in [0, 1].
            y: Labels, which are ignored.

        Returns:
            Posterior with ``mu`` and ``log_var`` (batch, K·d_c + d_s) and ``log_prob`` (batch, K).

        Source: §II, inference model. With α = exp(logits), E_q[π] = α / Σα is the softmax.
        """
        return self._posterior(x)[0]

    def _posterior(self, x: Tensor) -> tuple[Posterior, Tensor]:
        features = self.encoder(x)
        mu, log_var = self.posterior_head(features)
        logits = self.label_head(features)
        return Posterior(mu, log_var, functional.log_softmax(logits, dim=1)), logits

    def decoder_input(self, z: Tensor, y: Tensor) -> Tensor:
        """Return z_d = [vec([z_c ; 1] ⊙ ỹ) ; z_s], in which only the block of class y and its appended 1 are kept.

        Args:
            z: Latents (batch, K·d_c + d_s).
            y: Classes (batch,) int64.

        Returns:
            Decoder input (batch, K·(d_c + 1) + d_s), or (batch, K·d_c + d_s) without the class bias.

        Source: §II and appendix B.
        """
        one_hot = functional.one_hot(y, self.n_classes).to(z.dtype)
        blocks = z[:, : self.n_class_latents].reshape(-1, self.n_classes, self.params.class_dims)
        if self.params.class_bias:
            blocks = functional.pad(blocks, (0, 1), value=1.0)
        masked = blocks * one_hot[:, :, None]
        return torch.cat([masked.flatten(1), z[:, self.n_class_latents :]], dim=1)

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """Return mean images (batch, height, width) of latents (batch, K·d_c + d_s) and classes (batch,)."""
        return torch.sigmoid(self.decoder(self.decoder_input(z, y))).reshape(-1, *self.image_shape)

    def label_term(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the label's part of the loss, (batch,) in nats.

        Args:
            logits: Log-concentrations log α (batch, K).
            y: Classes (batch,) int64.

        Source: −log q(y | x) of eq. 5 (``nll``), or KL(Dir(α) ‖ Dir(α₀ + ỹ)) of eq. 3 (``dirichlet_kl``).
        """
        if self.params.label_objective == "nll":
            return functional.cross_entropy(logits, y, reduction="none")
        alpha = logits.clamp(-_MAX_LOG_CONCENTRATION, _MAX_LOG_CONCENTRATION).exp()
        target = self.params.dirichlet_prior + functional.one_hot(y, self.n_classes).to(logits.dtype)
        return kl_dirichlet(alpha, target)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return −E_q[log p(x | z, y)] + KL(z_s) + λ KL(z_c) + label term, per example.

        ``terms`` contains these terms unweighted. KL(z_c) is also split into the true class's block (``kl_own``) and
        the other blocks (``kl_off_class``). ``negative_bound`` is the unweighted sum (λ = 1, no warm-up), which is the
        negative bound on log p(x, y) up to the constant log p(y).

        Source: eq. 6; KL(z_c) runs over all K blocks.
        """
        posterior, logits = self._posterior(x)
        z = posterior.sample(generator=generator)
        reconstruction = -self.log_likelihood(self.decoder(self.decoder_input(z, y)), x.flatten(1))
        kl_per_dim = kl_to_standard_normal(posterior.mu, posterior.log_var)
        kl_blocks = kl_per_dim[:, : self.n_class_latents].reshape(len(x), self.n_classes, -1).sum(dim=2)
        kl_class = kl_blocks.sum(dim=1)
        kl_own = kl_blocks.gather(1, y[:, None])[:, 0]
        kl_shared = kl_per_dim[:, self.n_class_latents :].sum(dim=1)
        label = self.label_term(logits, y)
        objective = reconstruction + kl_weight * (kl_shared + self.params.class_weight * kl_class) + label
        terms = {
            "reconstruction": reconstruction,
            "kl_shared": kl_shared,
            "kl_class": kl_class,
            "kl_own": kl_own,
            "kl_off_class": kl_class - kl_own,
            "label": label,
            "negative_bound": reconstruction + kl_shared + kl_class + label,
            "accuracy": (logits.argmax(dim=1) == y).to(x.dtype),
        }
        return LossTerms(objective, terms)

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        """Return images of the classes ``y`` (batch,), from z ~ N(0, sigma² I). Source: appendix C."""
        dtype = self.label_head.weight.dtype
        z = sigma * torch.randn((len(y), self.n_latents), generator=generator, device=y.device, dtype=dtype)
        return self.decode(z, y)


def build(params: NVaeParams, *, n_classes: int, image_shape: tuple[int, int]) -> NVae:
    """Build an N-VAE with unset weights."""
    return NVae(params, n_classes=n_classes, image_shape=image_shape)
