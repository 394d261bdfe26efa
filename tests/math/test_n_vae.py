"""Equations of N-VAE: the bound, the mask, the latent blocks."""

import math

import pytest
import torch
from torch.distributions import Dirichlet, Normal, kl_divergence

from nvae.models.likelihoods import kl_to_standard_normal
from nvae.models.n_vae import NVae
from nvae.rng import torch_generator
from tests.conftest import batch, n_vae


def kl_per_dim(model: NVae, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    posterior = model.encode(x, y)
    return kl_to_standard_normal(posterior.mu, posterior.log_var)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_bound_is_below_importance_sampling(likelihood: str) -> None:
    """E_q[log p(x|z,y)] − KL(z) ≤ log p(x|y), estimated from many importance samples, and not far below it."""
    model = n_vae(likelihood=likelihood)
    x, y = batch(6)
    n_samples = 4000
    with torch.no_grad():
        posterior = model.encode(x, y)
        q = Normal(posterior.mu, (posterior.log_var / 2).exp())
        noise = torch.randn((n_samples, *posterior.mu.shape), generator=torch_generator(0, "importance")).double()
        z = q.mean + q.stddev * noise
        flat = z.reshape(-1, model.n_latents)
        labels = y.repeat(n_samples)
        log_p_x = model.log_likelihood(
            model.decoder(model.decoder_input(flat, labels)), x.repeat(n_samples, 1, 1).flatten(1)
        ).reshape(n_samples, -1)
        log_ratio = (Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(dim=2)
        log_weights = log_p_x + log_ratio
        log_marginal = torch.logsumexp(log_weights, dim=0) - math.log(n_samples)
        bound = log_p_x.mean(dim=0) - kl_to_standard_normal(posterior.mu, posterior.log_var).sum(dim=1)
        # The bound is the mean of the same log-weights, except for the closed-form KL: at most 5 standard errors apart.
        error = log_weights.std(dim=0) / math.sqrt(n_samples)
    assert (bound <= log_marginal + 5 * error).all()
    assert ((bound - log_weights.mean(dim=0)).abs() <= 5 * error).all()
    assert (log_marginal - bound > 0.01).any()  # an untrained posterior is not exact, so the two differ


def test_loss_is_equation_6() -> None:
    model = n_vae(class_weight=3.0)
    x, y = batch()
    result = model.loss(x, y, generator=torch_generator(0, "noise"), kl_weight=0.5)
    terms = result.terms
    expected = terms["reconstruction"] + 0.5 * (terms["kl_shared"] + 3 * terms["kl_class"]) + terms["label"]
    torch.testing.assert_close(result.objective, expected)
    torch.testing.assert_close(terms["kl_class"], terms["kl_own"] + terms["kl_off_class"])
    torch.testing.assert_close(kl_per_dim(model, x, y).sum(dim=1), terms["kl_class"] + terms["kl_shared"])
    plain = terms["reconstruction"] + terms["kl_shared"] + terms["kl_class"] + terms["label"]
    torch.testing.assert_close(terms["negative_bound"], plain)


def test_own_block_belongs_to_the_label() -> None:
    model = n_vae()
    x, y = batch()
    result = model.loss(x, y, generator=torch_generator(0, "noise"))
    kl = kl_per_dim(model, x, y)
    own = [axis.latent_class for axis in model.axes()]
    for row, label in enumerate(y.tolist()):
        expected = sum(kl[row, column] for column, owner in enumerate(own) if owner == label)
        torch.testing.assert_close(result.terms["kl_own"][row], expected)


def test_decoder_input_keeps_and_identifies_one_block() -> None:
    model = n_vae()
    z = torch.arange(1.0, 9.0, dtype=torch.float64)[None]
    got = model.decoder_input(z, torch.tensor([1]))
    assert got.tolist() == [[0, 0, 0, 3, 4, 1, 0, 0, 0, 7, 8]]
    without = n_vae(class_bias=False).decoder_input(z, torch.tensor([1]))
    assert without.tolist() == [[0, 0, 3, 4, 0, 0, 7, 8]]


def test_masked_latents_get_a_kl_gradient_but_no_reconstruction_gradient() -> None:
    model = n_vae()
    x, _ = batch(4)
    y = torch.full((4,), 1)
    posterior = model.encode(x, y)
    mu = posterior.mu.detach().requires_grad_()
    model.log_likelihood(model.decoder(model.decoder_input(mu, y)), x.flatten(1)).sum().backward()
    assert mu.grad is not None
    own = torch.tensor([axis.latent_class in (1, -1) for axis in model.axes()])
    assert (mu.grad[:, ~own] == 0).all()
    assert (mu.grad[:, own] != 0).all()
    mu.grad = None
    kl_to_standard_normal(mu, posterior.log_var.detach()).sum().backward()
    assert mu.grad is not None
    assert (mu.grad[:, ~own] != 0).all()


def test_permuting_classes_permutes_blocks() -> None:
    """If the classes are renamed everywhere (heads, decoder input, labels), nothing else changes."""
    model, renamed = n_vae(), n_vae()
    renamed.load_state_dict(model.state_dict())
    order = torch.tensor([2, 0, 1])  # new class c is old class order[c]
    new_of_old = torch.argsort(order)
    latents = (order[:, None] * 2 + torch.arange(2)).flatten()
    rows = torch.cat([latents, torch.tensor([6, 7])])
    heads = torch.cat([rows, rows + model.n_latents])
    inputs = torch.cat([(order[:, None] * 3 + torch.arange(3)).flatten(), torch.tensor([9, 10])])
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(renamed.posterior_head, name).copy_(getattr(model.posterior_head, name)[heads])
            getattr(renamed.label_head, name).copy_(getattr(model.label_head, name)[order])
        renamed.decoder.layers[0].weight.copy_(model.decoder.layers[0].weight[:, inputs])
    x, y = batch()
    before, after = model.encode(x, y), renamed.encode(x, y)
    torch.testing.assert_close(after.mu, before.mu[:, rows])
    torch.testing.assert_close(after.log_prob, before.log_prob[:, order])
    torch.testing.assert_close(renamed.decode(after.mu, new_of_old[y]), model.decode(before.mu, y))


def test_encoder_does_not_depend_on_the_label() -> None:
    model = n_vae()
    x, y = batch()
    first = model.loss(x, y, generator=torch_generator(0, "noise"))
    second = model.loss(x, (y + 1) % 3, generator=torch_generator(0, "noise"))
    for term in ("kl_shared", "kl_class"):
        torch.testing.assert_close(first.terms[term], second.terms[term], rtol=0, atol=0)
    torch.testing.assert_close(model.encode(x, y).log_prob, model.encode(x, (y + 1) % 3).log_prob, rtol=0, atol=0)
    assert not torch.equal(first.terms["reconstruction"], second.terms["reconstruction"])


def test_dirichlet_objective_is_the_kl_to_the_labels_posterior() -> None:
    model = n_vae(label_objective="dirichlet_kl", dirichlet_prior=0.7)
    logits = torch.randn((5, 3), generator=torch_generator(0, "logits")).double()
    y = torch.tensor([0, 1, 2, 0, 1])
    target = 0.7 + torch.nn.functional.one_hot(y, 3).double()
    expected = kl_divergence(Dirichlet(logits.exp()), Dirichlet(target))
    torch.testing.assert_close(model.label_term(logits, y), expected, rtol=1e-8, atol=1e-8)


def test_nll_objective_is_the_label_probability_of_the_mean_of_pi() -> None:
    model = n_vae()
    logits = torch.randn((5, 3), generator=torch_generator(0, "logits")).double()
    y = torch.tensor([0, 1, 2, 0, 1])
    mean_pi = Dirichlet(logits.exp()).mean
    torch.testing.assert_close(model.label_term(logits, y), -mean_pi[torch.arange(5), y].log())


@pytest.mark.parametrize("image_shape", [(28, 28), (48, 42), (9, 7)])
@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_backbones_give_images_of_the_right_shape(backbone: str, image_shape: tuple[int, int]) -> None:
    model = n_vae(backbone=backbone, image_shape=image_shape)
    x, y = batch(3, image_shape=image_shape)
    assert model.decode(model.encode(x, y).mu, y).shape == (3, *image_shape)


@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_kaiming_keeps_the_scale_through_the_layers(backbone: str) -> None:
    """He et al.: the second moment of the pre-activations is kept; PyTorch's default loses a factor 3 per layer."""
    model = n_vae(backbone=backbone, image_shape=(32, 32), hidden=(512, 512), channels=(32, 64))
    x = torch.randn((64, 32, 32), generator=torch_generator(0, "x")).double()
    moments = []
    with torch.no_grad():
        for layer in [*model.encoder.convolutions, *model.encoder.dense]:
            x = layer(x)
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
                moments.append(x.square().mean().item())
    # This is exact for infinite width; the borders of convolutions lose a little.
    assert all(1.0 < moment < 3.0 for moment in moments), moments


def test_sampling_scales_the_same_draw() -> None:
    model = n_vae()
    y = torch.tensor([0, 1, 2])
    first, again = (model.sample(y, sigma=1.0, generator=torch_generator(0, "s")) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, model.sample(y, sigma=2.0, generator=torch_generator(0, "s")))
    assert ((first >= 0) & (first <= 1)).all()
