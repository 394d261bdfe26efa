"""Tables of models whose results are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from nvae.analyses.kl import kl_table
from nvae.analyses.metrics import best_spearman, metric_table
from nvae.analyses.samples import sample_grid
from nvae.analyses.traversals import traverse
from nvae.config import MetricsParams, SamplesParams, TraversalsParams
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.encoding import encode
from nvae.models.n_vae import NVae
from tests.conftest import n_vae

CPU = torch.device("cpu")
TRAVERSAL = TraversalsParams(low=-2.0, high=2.0, steps=5, center="seed_image")


@pytest.fixture
def model(small_set: PreparedSet) -> NVae:
    return n_vae(image_shape=small_set.image_shape).float()


def test_the_kl_table_has_the_means_per_class(model: NVae, small_set: PreparedSet) -> None:
    table = kl_table(model, small_set.test, small_set.class_names, device=CPU)
    assert len(table) == 3 * (3 * 2 + 2)
    kl = encode(model, small_set.test, device=CPU).kl_nats
    row = table[(table.image_class == 1) & (table.latent_class == 2) & (table.dim == 1)].iloc[0]
    assert row.kl_nats == pytest.approx(kl[small_set.test.labels == 1, 2 * 2 + 1].mean(), rel=1e-6)
    assert row.kind == "class"
    assert (table[table.kind == "shared"].latent_class == -1).all()
    total = (table.kl_nats * table.n_images).sum() / len(small_set.test)
    assert total == pytest.approx(kl.sum(axis=1).mean(), rel=1e-5)


def test_metrics_agree_with_the_kl_table(model: NVae, small_set: PreparedSet) -> None:
    params = MetricsParams(neighbours=3, neighbour_weights="uniform", ridge_penalty=1.0)
    found = metric_table(model, small_set, params, seed=0, device=CPU)
    test = found[found.split == "test"].set_index("metric")["value"]
    table = kl_table(model, small_set.test, small_set.class_names, device=CPU)
    own = table[(table.kind == "class") & (table.latent_class == table.image_class)]
    assert test["kl_own_nats"] == pytest.approx(own.groupby("image_class").kl_nats.sum().mean(), rel=1e-5)
    assert 0 <= test["accuracy_pct"] <= 100
    assert {"r2_knn_level", "r2_ridge_level", "best_spearman_level"} <= set(test.index)


def test_a_probe_predicts_a_factor_that_a_latent_carries(
    small_set: PreparedSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A perfect code gives an R² near 1, a useless one of about 0 or less."""
    model = n_vae(image_shape=small_set.image_shape).float()
    params = MetricsParams(neighbours=3, neighbour_weights="uniform", ridge_penalty=1e-6)
    by_images = {len(split): split.factors for _, split in small_set.splits()}

    def planted(useless: bool) -> pd.Series:
        real = encode

        def fake(network: NVae, split: object, *, device: torch.device) -> object:
            result = real(network, split, device=device)  # type: ignore[arg-type]
            factor = by_images[len(result.mu)][:, 0]
            shared = np.random.default_rng(len(factor)).normal(size=(len(factor), 2)) if useless else factor[:, None]
            result.mu[:, 6:] = shared
            return result

        monkeypatch.setattr("nvae.analyses.metrics.encode", fake)
        found = metric_table(model, small_set, params, seed=0, device=CPU)
        return found[found.split == "test"].set_index("metric")["value"]

    perfect, useless = planted(useless=False), planted(useless=True)
    assert perfect["r2_ridge_level"] > 0.999
    assert perfect["r2_knn_level"] > 0.95
    assert perfect["best_spearman_level"] == pytest.approx(1)
    assert useless["r2_ridge_level"] < 0.3
    assert useless["r2_knn_level"] < 0.3


def test_more_neighbours_than_images_are_refused(model: NVae, small_set: PreparedSet) -> None:
    params = MetricsParams(neighbours=121, neighbour_weights="uniform", ridge_penalty=1.0)
    with pytest.raises(UserError, match=r"metrics\.neighbours: got 121, expected at most the 120"):
        metric_table(model, small_set, params, seed=0, device=CPU)


def test_best_spearman_ignores_constant_dimensions() -> None:
    factor = np.arange(10.0)
    z = np.stack([np.zeros(10), -(factor**3)], axis=1).astype(np.float32)
    assert best_spearman(z, factor) == pytest.approx(1)
    assert best_spearman(z[:, :1], factor) == 0


@pytest.mark.parametrize("kind", ["class", "shared"])
def test_a_traversal_changes_only_one_latent(kind: str, model: NVae, small_set: PreparedSet) -> None:
    found = traverse(model, small_set.test, kind, TRAVERSAL, n_classes=3, device=CPU)  # type: ignore[arg-type]
    assert found.images.shape == (3, 2, 5, *small_set.image_shape)
    assert (np.diff(found.kl_nats, axis=1) <= 0).all()
    assert sorted(found.dims[0]) == [0, 1]
    label, row, step = 1, 0, 4
    seed = next(
        index
        for index, image in enumerate(small_set.test.images)
        if small_set.test.labels[index] == label and (image == found.seed_images[label]).all()
    )
    z = torch.from_numpy(encode(model, small_set.test, device=CPU).mu[seed : seed + 1])
    column = (label * 2 if kind == "class" else 6) + found.dims[label, row]
    z[0, column] = 2.0
    expected = model.decode(z, torch.tensor([label]))[0].detach().numpy() * 255
    np.testing.assert_allclose(found.images[label, row, step], expected, atol=0.51)


def test_a_traversal_around_the_prior_starts_from_zero(model: NVae, small_set: PreparedSet) -> None:
    params = TRAVERSAL.model_copy(update={"center": "prior"})
    found = traverse(model, small_set.test, "class", params, n_classes=3, device=CPU)
    at_zero = model.decode(torch.zeros(1, 8), torch.tensor([2]))[0].detach().numpy() * 255
    np.testing.assert_allclose(found.images[2, 1, 2], at_zero, atol=0.51)


def test_samples_depend_on_sigma(model: NVae) -> None:
    params = SamplesParams(sigmas=(1e-6, 2.0), images_per_class=3)
    images = sample_grid(model, params, n_classes=3, seed=0, device=CPU)
    assert images.shape[:3] == (2, 3, 3)
    assert np.ptp(images[0].astype(int), axis=1).max() <= 1  # for σ → 0 all images of a class are equal
    assert np.ptp(images[1].astype(int), axis=1).max() > 1
    assert (images == sample_grid(model, params, n_classes=3, seed=0, device=CPU)).all()
    assert (images != sample_grid(model, params, n_classes=3, seed=1, device=CPU)).any()
