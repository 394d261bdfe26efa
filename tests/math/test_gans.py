"""Equations of CGAN and AC-GAN, and known mistakes in public implementations of them."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical

from nvae.config import TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.adam import Adam
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit
from tests.conftest import batch, network

GANS = ["cgan", "ac_gan"]
EVERY = ["n_vae", "beta_vae", "cvae", *GANS, "classifier"]


def fakes(model: Any, y: torch.Tensor) -> torch.Tensor:
    """Return the images generated with the first draw of the stream ``noise``."""
    images: torch.Tensor = model.sample(y, sigma=1.0, generator=torch_generator(0, "noise"))
    return images


def source_logits(model: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    found = model.discriminator(x, y) if type(model).__name__ == "CGan" else model.discriminator(x)[0]
    assert isinstance(found, torch.Tensor)
    return found


@pytest.mark.parametrize("name", GANS)
def test_source_terms_are_bernoulli_likelihoods(name: str) -> None:
    model = network(name)
    x, y = batch()
    terms = model.discriminator_loss(x, y, generator=torch_generator(0, "noise")).terms
    real, fake = source_logits(model, x, y), source_logits(model, fakes(model, y), y)
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    torch.testing.assert_close(terms["discriminator_real"], -Bernoulli(logits=real).log_prob(ones))
    torch.testing.assert_close(terms["discriminator_fake"], -Bernoulli(logits=fake).log_prob(zeros))


def test_cgan_objectives_are_sums_of_their_terms() -> None:
    model = network("cgan")
    x, y = batch()
    result = model.discriminator_loss(x, y, generator=torch_generator(0, "noise"))
    expected = result.terms["discriminator_real"] + result.terms["discriminator_fake"] + 0.5 * result.terms["penalty"]
    torch.testing.assert_close(result.objective, expected)
    generated = model.generator_loss(x, y, generator=torch_generator(0, "noise")).objective
    fake = source_logits(model, fakes(model, y), y)
    # Non-saturating: −log D, not log(1 − D).
    torch.testing.assert_close(generated, -Bernoulli(logits=fake).log_prob(torch.ones_like(fake)))


def test_ac_gan_class_terms_are_categorical_likelihoods_of_unnormalised_logits() -> None:
    """Known mistake: a softmax before the cross-entropy, which normalises a second time."""
    model = network("ac_gan")
    x, y = batch()
    result = model.discriminator_loss(x, y, generator=torch_generator(0, "noise"))
    images = fakes(model, y)
    for term, seen in (("label_real", x), ("label_fake", images)):
        logits = model.discriminator(seen)[1]
        assert (logits.exp().sum(dim=1) - 1).abs().min() > 1e-3  # logits are not yet normalised
        torch.testing.assert_close(result.terms[term], -Categorical(logits=logits).log_prob(y))
    terms = result.terms
    source = terms["discriminator_real"] + terms["discriminator_fake"]
    expected = source + 1.5 * (terms["label_real"] + terms["label_fake"]) + 0.5 * terms["penalty"]
    torch.testing.assert_close(result.objective, expected)
    generated = model.generator_loss(x, y, generator=torch_generator(0, "noise"))
    logits, label_logits = model.discriminator(images)
    source = -Bernoulli(logits=logits).log_prob(torch.ones_like(logits))
    torch.testing.assert_close(generated.objective, source - 1.5 * Categorical(logits=label_logits).log_prob(y))


def test_a_confident_correct_label_has_no_loss() -> None:
    """With a softmax before the cross-entropy the loss could not fall below log(1 + (K − 1)/e)."""
    model = network("ac_gan")
    x, y = batch()
    with torch.no_grad():
        model.discriminator.label_head.weight.zero_()
        model.discriminator.label_head.bias.copy_(torch.tensor([60.0, 0.0, 0.0]))
    zeros = torch.zeros_like(y)
    assert model.discriminator_loss(x, zeros, generator=torch_generator(0, "n")).terms["label_real"].max() < 1e-9


@pytest.mark.parametrize("name", GANS)
@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_penalty_is_half_the_squared_gradient_norm_at_real_images(name: str, backbone: str) -> None:
    model = network(name, backbone=backbone, image_shape=(8, 7))
    x, y = batch(image_shape=(8, 7))
    found = model.discriminator_loss(x, y, generator=torch_generator(0, "n")).terms["penalty"]
    step = 1e-6
    squares = []
    with torch.no_grad():
        for row in range(4):  # penalty_images of conftest.SMALL
            moved = x[row] + step * torch.eye(56, dtype=x.dtype).reshape(56, 8, 7)
            labels = y[row].repeat(56)
            slope = source_logits(model, moved, labels) - source_logits(model, x[row].repeat(56, 1, 1), labels)
            squares.append((slope / step).square().sum())
    # Forward differences of a piecewise linear function are exact up to rounding, 1e-16 / 1e-6.
    torch.testing.assert_close(found, (0.5 * torch.stack(squares).mean()).expand(8), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", GANS)
def test_a_step_computes_gradients_of_its_own_player_only(name: str, small_set: PreparedSet) -> None:
    """Known mistake: the generator's step leaves unwanted gradients in the discriminator."""
    model = network(name, image_shape=small_set.image_shape).float()
    x, y = Resident.of(small_set.train, torch.device("cpu")).batch(slice(0, 16))
    turns = {turn.name: turn for turn in model.optimizer_steps()}
    assert list(turns) == ["discriminator", "generator"]
    players = {player: set(turns[player].player.parameters()) for player in turns}
    assert players["discriminator"].isdisjoint(players["generator"])
    assert players["discriminator"] | players["generator"] == set(model.parameters())
    for player, turn in turns.items():
        model.zero_grad(set_to_none=True)
        weights = list(turn.player.parameters())
        turn.loss(x, y, generator=torch_generator(0, "noise")).objective.mean().backward(inputs=weights)
        for weight in model.parameters():
            assert (weight.grad is not None) == (weight in players[player])


@pytest.mark.parametrize("name", GANS)
def test_the_loop_leaves_the_gradients_of_the_other_player_unchanged(
    name: str, small_set: PreparedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network(name, image_shape=small_set.image_shape).float()
    discriminator = set(model.discriminator.parameters())
    update = Adam.update
    seen = []

    def monitored(self: Adam, learning_rate: float) -> None:
        own = {weight for group in self.param_groups for weight in group["params"]}
        seen.append("discriminator" if own == discriminator else "generator")
        if seen[-1] == "discriminator":
            # The backward pass of this step computed them; the generator's step must not add to them.
            self.kept = [weight.grad.clone() for weight in own]  # type: ignore[attr-defined]
            kept.update({weight: weight.grad.clone() for weight in own})
        else:
            assert all(torch.equal(weight.grad, grad) for weight, grad in kept.items())
        update(self, learning_rate)

    kept: dict[torch.Tensor, torch.Tensor] = {}
    monkeypatch.setattr(Adam, "update", monitored)
    train(model, small_set, epochs=1)
    assert seen == ["discriminator", "generator"] * (len(seen) // 2)
    assert len(seen) == 2 * 8


@pytest.mark.parametrize("name", GANS)
def test_the_discriminators_step_gives_the_generator_no_gradient(name: str) -> None:
    model = network(name)
    x, y = batch()
    objective = model.discriminator_loss(x, y, generator=torch_generator(0, "n")).objective.mean()
    found = torch.autograd.grad(objective, list(model.generator.parameters()), allow_unused=True)
    assert found == (None,) * len(found)


def test_only_cgans_discriminator_depends_on_the_label() -> None:
    x, y = batch()
    cgan = network("cgan")
    assert (cgan.discriminator(x, y) != cgan.discriminator(x, (y + 1) % 3)).all()
    ac_gan = network("ac_gan")
    first, other = (
        ac_gan.discriminator_loss(x, labels, generator=torch_generator(0, "n")).terms for labels in (y, y * 0)
    )
    assert torch.equal(first["discriminator_real"], other["discriminator_real"])


@pytest.mark.parametrize("name", EVERY)
def test_no_model_normalises_over_a_batch_or_drops_units(name: str) -> None:
    """Known mistakes: ``BatchNorm1d(n, 0.8)``, which sets eps; sampling in training mode. Neither is possible here."""
    model = network(name)
    kinds = {type(module) for module in model.modules()}
    assert not {
        kind for kind in kinds if issubclass(kind, nn.modules.batchnorm._NormBase | nn.modules.dropout._DropoutNd)
    }


@pytest.mark.parametrize("name", [name for name in EVERY if name != "classifier"])
@pytest.mark.parametrize("backbone", ["mlp", "conv"])
def test_samples_do_not_depend_on_the_mode_or_the_batch(name: str, backbone: str) -> None:
    model = network(name, backbone=backbone, image_shape=(8, 7))
    y = torch.tensor([2, 0, 1, 1])
    model.train()
    training = model.sample(y, sigma=1.5, generator=torch_generator(0, "s"))
    model.eval()
    evaluation = model.sample(y, sigma=1.5, generator=torch_generator(0, "s"))
    assert torch.equal(training, evaluation)
    assert training.shape == (4, 8, 7)
    assert ((training >= 0) & (training <= 1)).all()
    # The last row is independent of the rows before it, whose classes alone differ.
    other = model.sample(torch.tensor([0, 0, 0, 1]), sigma=1.5, generator=torch_generator(0, "s"))
    torch.testing.assert_close(other[3], training[3])
    assert (model.sample(y, sigma=3.0, generator=torch_generator(0, "s")) != training).any()


@pytest.mark.parametrize("name", ["n_vae", "cvae", *GANS])
def test_samples_follow_the_class(name: str) -> None:
    model = network(name)
    zero, one = (model.sample(torch.tensor([label]), sigma=1.0, generator=torch_generator(0, "s")) for label in (0, 1))
    assert not torch.equal(zero, one)


def train(model: Trainable, data: PreparedSet, *, epochs: int) -> list[dict[str, Any]]:
    params = TrainingParams(
        epochs=epochs,
        batch_size=16,
        learning_rate=0.002,
        learning_rate_schedule="cosine",
        adam_beta1=0.5,
        kl_warmup_epochs=0,
        precision="fp32",
    )
    device = torch.device("cpu")
    source = Shuffled(Resident.of(data.train, device), 16, 0)
    validation = Resident.of(data.validation, device)
    return fit(model, source, validation, params, seed=0, device=device, title="test").history


@pytest.mark.parametrize("name", GANS)
def test_a_gan_learns_the_classes(name: str, small_set: PreparedSet) -> None:
    """Each class of the small set is a bright column, so the brightest column of a sample identifies its class."""
    model = network(name, image_shape=small_set.image_shape, hidden=(64,), gradient_penalty=0.1).float()
    history = train(model, small_set, epochs=100)
    y = torch.arange(3).repeat(30)
    with torch.no_grad():
        images = model.sample(y, sigma=1.0, generator=torch_generator(1, "s"))
    assert (images.mean(dim=1).argmax(dim=1) == 2 * y).double().mean() > 0.95
    assert {"discriminator", "generator", "discriminator_real", "discriminator_fake"} <= set(history[-1])
