"""What the objective cannot tell: at λ = 1, a factor in z_s costs the same as one in the blocks of the classes."""

import pytest
import torch
from torch import Tensor

from nvae.models.n_vae import NVae
from nvae.models.protocol import Posterior
from nvae.rng import torch_generator
from tests.conftest import batch, n_vae

CLASSES, BLOCK = 3, 2  # classes, dimensions per block
SHARED = CLASSES * BLOCK  # column of the shared dimension that is moved
FIRST = torch.arange(CLASSES) * BLOCK  # column of the first dimension of each block


class Moved(NVae):
    """A model in which the first dimension of each class's block does what the first shared one does in another model.

    Its encoder knows the class of an image, as one whose labels are perfect does.
    """

    def __init__(self, original: NVae) -> None:
        super().__init__(original.params, n_classes=original.n_classes, image_shape=original.image_shape)
        self.double().load_state_dict(original.state_dict())
        self.labels = torch.empty(0, dtype=torch.int64)
        with torch.no_grad():
            columns = self.decoder.layers[0].weight  # columns: the blocks with their 1 appended, then z_s
            shared = columns[:, CLASSES * (BLOCK + 1)].clone()
            for label in range(CLASSES):
                columns[:, label * (BLOCK + 1)] = shared
            columns[:, CLASSES * (BLOCK + 1)] = 0

    def _posterior(self, x: Tensor) -> tuple[Posterior, Tensor]:
        posterior, logits = super()._posterior(x)
        mu, log_var, own = posterior.mu.clone(), posterior.log_var.clone(), FIRST[self.labels]
        for values in (mu, log_var):
            factor = values[:, SHARED].clone()
            values[:, FIRST] = 0  # the prior: mean 0, variance 1
            values[torch.arange(len(x)), own] = factor
            values[:, SHARED] = 0
        return Posterior(mu, log_var, posterior.log_prob), logits


def with_free_first_dims(model: NVae) -> NVae:
    """Make the posterior of the first dimension of each block the prior, so that it is free."""
    with torch.no_grad():
        for column in FIRST.tolist():
            for row in (column, model.n_latents + column):
                model.posterior_head.weight[row] = 0
                model.posterior_head.bias[row] = 0
            model.decoder.layers[0].weight[:, column // BLOCK * (BLOCK + 1)] = 0
    return model


def objectives(weight: float, monkeypatch: pytest.MonkeyPatch) -> tuple[Tensor, Tensor]:
    """Return the objective of each image before and after the move."""

    def sample(posterior: Posterior, *, generator: torch.Generator) -> Tensor:
        # One draw per image for all dimensions, so that the factor has the same noise before and after the move.
        noise = torch.randn((len(posterior.mu), 1), generator=generator, dtype=posterior.mu.dtype)
        return posterior.mu + (0.5 * posterior.log_var).exp() * noise

    monkeypatch.setattr(Posterior, "sample", sample)
    original = with_free_first_dims(n_vae(class_weight=weight))
    moved = Moved(original)
    x, moved.labels = batch(12)
    with torch.no_grad():
        before, after = (
            model.loss(x, moved.labels, generator=torch_generator(0, "noise")) for model in (original, moved)
        )
    torch.testing.assert_close(before.terms["reconstruction"], after.terms["reconstruction"], rtol=1e-12, atol=0)
    assert (before.terms["kl_own"] < after.terms["kl_own"]).all()
    return before.objective, after.objective


def test_at_equal_weights_the_place_of_a_factor_does_not_change_the_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = objectives(1.0, monkeypatch)
    torch.testing.assert_close(before, after, rtol=1e-12, atol=0)


@pytest.mark.parametrize(("weight", "sign"), [(1.5, 1), (4.0, 1), (0.5, -1)])
def test_another_weight_prefers_one_place_for_every_factor(
    weight: float, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = objectives(weight, monkeypatch)
    assert (torch.sign(after - before) == sign).all()
