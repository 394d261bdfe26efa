"""Bounds of the β-VAE and the CVAE, and the inputs of their networks."""

import math
from typing import Any

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from nvae.rng import torch_generator
from tests.conftest import batch, n_vae, network


def terms_by_hand(model: Any, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute reconstruction and KL with torch.distributions, from the same noise as ``loss``."""
    posterior = model.encode(x, y)
    q = Independent(Normal(posterior.mu, (posterior.log_var / 2).exp()), 1)
    noise = torch.randn(posterior.mu.shape, generator=torch_generator(0, "noise"), dtype=x.dtype)
    means = model.decode(posterior.mu + q.stddev * noise, y)
    prior = Independent(Normal(torch.zeros_like(posterior.mu), 1.0), 1)
    return -Independent(Bernoulli(means), 2).log_prob(x), kl_divergence(q, prior)


@pytest.mark.parametrize(("name", "weight"), [("beta_vae", 4.0), ("cvae", 1.0)])
@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_loss_is_the_weighted_bound(name: str, weight: float, backbone: str) -> None:
    model = network(name, backbone=backbone, image_shape=(8, 7))
    x, y = batch(image_shape=(8, 7))
    result = model.loss(x, y, generator=torch_generator(0, "noise"), kl_weight=0.5)
    reconstruction, kl = terms_by_hand(model, x, y)
    torch.testing.assert_close(result.terms["reconstruction"], reconstruction)
    torch.testing.assert_close(result.terms["kl_shared"], kl)
    torch.testing.assert_close(result.objective, reconstruction + 0.5 * weight * kl)
    torch.testing.assert_close(result.terms["negative_bound"], reconstruction + kl)


@pytest.mark.parametrize("name", ["beta_vae", "cvae"])
def test_bound_is_below_importance_sampling(name: str) -> None:
    """The negative bound is above −log p(x) (or −log p(x | y)), estimated from many importance samples."""
    model = network(name)
    x, y = batch(6)
    n = 4000
    with torch.no_grad():
        posterior = model.encode(x, y)
        q = Normal(posterior.mu, (posterior.log_var / 2).exp())
        noise = torch.randn((n, *posterior.mu.shape), generator=torch_generator(0, "importance"), dtype=x.dtype)
        z = q.mean + q.stddev * noise
        means = model.decode(z.flatten(0, 1), y.repeat(n)).reshape(n, *x.shape)
        log_weights = Independent(Bernoulli(means), 2).log_prob(x)
        log_weights = log_weights + (Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(dim=2)
        log_marginal = torch.logsumexp(log_weights, dim=0) - math.log(n)
        # The bound is the expectation of the log-weights; the tolerance is 5 standard errors of their mean.
        generators = [torch_generator(0, "noise", index) for index in range(400)]
        bounds = torch.stack([-model.loss(x, y, generator=g).terms["negative_bound"] for g in generators])
    error = log_weights.std(dim=0) / n**0.5 + bounds.std(dim=0) / len(bounds) ** 0.5
    assert ((bounds.mean(dim=0) - log_weights.mean(dim=0)).abs() <= 5 * error).all()
    assert (bounds.mean(dim=0) <= log_marginal + 5 * error).all()
    assert (log_marginal - bounds.mean(dim=0) > 0.01).any()


def test_beta_vae_does_not_depend_on_the_label() -> None:
    model = network("beta_vae")
    x, y = batch()
    first, other = (model.loss(x, labels, generator=torch_generator(0, "n")) for labels in (y, (y + 1) % 3))
    assert torch.equal(first.objective, other.objective)
    samples = [model.sample(labels, sigma=1.0, generator=torch_generator(0, "s")) for labels in (y, (y + 1) % 3)]
    assert torch.equal(*samples)


@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_cvae_depends_on_the_label_in_encoder_and_decoder(backbone: str) -> None:
    model = network("cvae", backbone=backbone, image_shape=(8, 7))
    x, y = batch(image_shape=(8, 7))
    other = (y + 1) % 3
    assert (model.encode(x, y).mu != model.encode(x, other).mu).any(dim=1).all()
    z = torch.randn((len(y), 4), generator=torch_generator(0, "z"), dtype=x.dtype)
    assert (model.decode(z, y) != model.decode(z, other)).flatten(1).any(dim=1).all()


def test_every_vae_has_the_same_likelihood() -> None:
    """The same logits and images give the same likelihood in all three models, for both likelihoods."""
    x, _ = batch()
    logits = torch.randn((8, 30), generator=torch_generator(0, "logits"), dtype=x.dtype)
    for likelihood in ("bernoulli", "gaussian"):
        models = [
            n_vae(likelihood=likelihood),
            *(network(name, likelihood=likelihood) for name in ("beta_vae", "cvae")),
        ]
        first, *others = (model.log_likelihood(logits, x.flatten(1)) for model in models)
        assert all(torch.equal(first, other) for other in others)
    bernoulli, gaussian = (network("cvae", likelihood=name) for name in ("bernoulli", "gaussian"))
    assert (bernoulli.log_likelihood(logits, x.flatten(1)) != gaussian.log_likelihood(logits, x.flatten(1))).all()


@pytest.mark.parametrize("name", ["beta_vae", "cvae"])
def test_all_axes_are_shared(name: str) -> None:
    axes = network(name).axes()
    assert [(axis.latent_class, axis.dim) for axis in axes] == [(-1, dim) for dim in range(4)]
