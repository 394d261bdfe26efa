"""Closed forms against torch.distributions."""

import torch
from torch.distributions import Bernoulli, Dirichlet, Normal, kl_divergence

from nvae.models.likelihoods import (
    bernoulli_log_likelihood,
    gaussian_log_likelihood,
    kl_dirichlet,
    kl_to_standard_normal,
)
from nvae.rng import torch_generator

# All values are float64, so only rounding remains.
RELATIVE = 1e-10


def random(*shape: int, name: str) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_generator(0, name), dtype=torch.float64)


def test_gaussian_kl() -> None:
    mu, log_var = random(7, 5, name="mu"), random(7, 5, name="log_var")
    expected = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(torch.zeros(()), torch.ones(())))
    torch.testing.assert_close(kl_to_standard_normal(mu, log_var), expected, rtol=RELATIVE, atol=1e-12)


def test_gaussian_kl_is_zero_at_the_prior_only() -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    assert kl_to_standard_normal(zero, zero).abs().max() == 0
    assert (kl_to_standard_normal(zero + 0.1, zero) > 0).all()
    assert (kl_to_standard_normal(zero, zero + 0.1) > 0).all()


def test_dirichlet_kl() -> None:
    alpha, beta = random(6, 4, name="alpha").exp(), random(6, 4, name="beta").exp()
    expected = kl_divergence(Dirichlet(alpha), Dirichlet(beta))
    torch.testing.assert_close(kl_dirichlet(alpha, beta), expected, rtol=1e-8, atol=1e-10)


def test_bernoulli_log_likelihood_of_binary_images() -> None:
    logits = random(4, 9, name="logits")
    x = (random(4, 9, name="x") > 0).double()
    expected = Bernoulli(logits=logits).log_prob(x).sum(dim=1)
    torch.testing.assert_close(bernoulli_log_likelihood(logits, x), expected, rtol=RELATIVE, atol=1e-12)


def test_gaussian_log_likelihood_is_a_normalised_density() -> None:
    logits, x = random(4, 9, name="logits"), random(4, 9, name="x").sigmoid()
    expected = Normal(logits.sigmoid(), 0.15).log_prob(x).sum(dim=1)
    got = gaussian_log_likelihood(logits, x, pixel_std=0.15)
    torch.testing.assert_close(got, expected, rtol=RELATIVE, atol=1e-10)
