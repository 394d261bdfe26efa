"""Likelihood p(x | z) of the decoder's output, and KL divergences of the posterior.

Log-likelihoods are sums over the pixels; the KL divergence of the latents is per dimension. All values are in nats
per example.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from nvae.config import VaeParams

#: (decoder output (batch, pixels), images (batch, pixels)) → log-likelihood (batch,)
LogLikelihood = Callable[[Tensor, Tensor], Tensor]


def bernoulli_log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    """Return Σ over pixels of x log p + (1 − x) log(1 − p), with p = sigmoid(logits).

    For grey x in [0, 1] this is the usual cross-entropy, which is not a normalised density.

    Args:
        logits: Decoder output (batch, pixels).
        x: Images (batch, pixels) in [0, 1].

    Returns:
        Log-likelihood (batch,) in nats.
    """
    return -functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)


def gaussian_log_likelihood(logits: Tensor, x: Tensor, *, pixel_std: float) -> Tensor:
    """Return Σ over pixels of log N(x; sigmoid(logits), pixel_std²).

    The mean passes through a sigmoid, so that decoded images are in [0, 1] under both likelihoods.

    Args:
        logits: Decoder output (batch, pixels).
        x: Images (batch, pixels) in [0, 1].
        pixel_std: Standard deviation σ_x of a pixel, in units of the grey scale.

    Returns:
        Log-density (batch,) in nats, which may be positive.
    """
    squares = (x - torch.sigmoid(logits)).square().sum(dim=1)
    constant = x.shape[1] * (math.log(pixel_std) + 0.5 * math.log(2 * math.pi))
    return -0.5 * squares / pixel_std**2 - constant


def log_likelihood_of(params: VaeParams) -> LogLikelihood:
    """Return the likelihood that the parameters select."""
    if params.likelihood == "bernoulli":
        return bernoulli_log_likelihood
    return partial(gaussian_log_likelihood, pixel_std=params.pixel_std)


def kl_to_standard_normal(mu: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(μ, σ²) ‖ N(0, 1)) of every dimension, in closed form.

    Args:
        mu: Means, of any shape.
        log_var: Logarithms of the variances, of the same shape.

    Returns:
        Divergences of the same shape in nats, not below 0 (up to rounding).

    Source: Kingma & Welling 2014, appendix B; the KL terms of the paper's eq. 5 and 6.
    """
    return 0.5 * (mu.square() + log_var.exp() - log_var - 1)


def kl_dirichlet(alpha: Tensor, beta: Tensor) -> Tensor:
    """Return KL(Dir(α) ‖ Dir(β)).

    Args:
        alpha: Concentrations α (batch, classes), positive.
        beta: Concentrations β (batch, classes), positive.

    Returns:
        Divergence (batch,) in nats.

    Source: closed form of the Dirichlet term of the paper's eq. 3.
    """
    total_alpha, total_beta = alpha.sum(dim=1), beta.sum(dim=1)
    return (
        torch.lgamma(total_alpha)
        - torch.lgamma(total_beta)
        - (torch.lgamma(alpha) - torch.lgamma(beta)).sum(dim=1)
        + ((alpha - beta) * (torch.digamma(alpha) - torch.digamma(total_alpha)[:, None])).sum(dim=1)
    )
