"""Factor probes and shares of KL, for codes whose content is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from nvae.analyses.factors import factor_summary, factor_table, reliability
from nvae.config import FactorsParams
from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError
from nvae.measures.factor_kinds import block_share, class_specific_share, exclusive_share, known_factors
from nvae.models.protocol import SHARED, LatentAxis, Posterior, shared_axes
from tests.unit.generators import Untrained

CPU = torch.device("cpu")
PARAMS = FactorsParams(neighbours=10, neighbour_weights="distance", bins=5)
CLASSES, OWN = 3, 1


@pytest.fixture(scope="module")
def data() -> PreparedSet:
    """Return a set of three classes whose pixels are the factors: a shared one, and an exclusive one per class."""

    def split(name: str, n: int, seed: int) -> Split:
        rng = np.random.default_rng(seed)
        labels = np.arange(n) % CLASSES
        values = rng.integers(0, 256, (n, 2))
        factors = np.full((n, 1 + CLASSES), np.nan)
        factors[:, 0] = values[:, 0]
        factors[np.arange(n), 1 + labels] = values[:, 1]
        images = np.stack([values[:, 0], values[:, 1], labels], axis=1).reshape(n, 1, 3).astype(np.uint8)
        return Split(images, labels.astype(np.int64), np.array([f"{name}{row}" for row in range(n)]), factors)

    parts = (split("train", 900, 0), split("validation", 150, 1), split("test", 300, 2))
    return PreparedSet("made", ("a", "b", "c"), ("common", "a's", "b's", "c's"), *parts)


@dataclass(frozen=True)
class Code:
    """Latents as functions of the shared and the exclusive factor, each (n,).

    Args:
        own: Posterior mean in the block of the image's class.
        shared: Posterior mean in the shared block.
        std: Posterior standard deviation of these two dimensions.
    """

    own: Callable[[Tensor, Tensor], Tensor]
    shared: Callable[[Tensor, Tensor], Tensor]
    std: float = 0.05


class Planted(Untrained):
    """Model whose posterior is constructed from the two pixels that hold the factors."""

    def __init__(self, code: Code, *, blocks: bool = True) -> None:
        super().__init__()
        self.code, self.blocks = code, blocks

    def axes(self) -> tuple[LatentAxis, ...]:
        own = tuple(LatentAxis(label, 0) for label in range(CLASSES)) if self.blocks else ()
        return (*own, *shared_axes(1 if self.blocks else 1 + CLASSES))

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        common, own = (x[:, 0, place] * 3.4 - 1.7 for place in (0, 1))
        label = (x[:, 0, 2] * 255).round().long()
        mu = torch.zeros(len(x), CLASSES + 1)
        # The means of unused dimensions still follow the factor slightly, as those of an encoder do.
        mu[:, :CLASSES] = 1e-4 * own[:, None]
        log_var = torch.zeros_like(mu)
        rows = torch.arange(len(x))
        mu[rows, label] = self.code.own(common, own)
        mu[:, -1] = self.code.shared(common, own)
        log_var[rows, label] = log_var[:, -1] = 2 * float(np.log(self.code.std))
        return Posterior(mu, log_var)


class Padded(Planted):
    """The same model with seven more shared dimensions and six more per block, all at the prior."""

    def axes(self) -> tuple[LatentAxis, ...]:
        own = tuple(LatentAxis(label, dim) for label in range(CLASSES) for dim in range(7))
        return (*own, *shared_axes(8))

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        used = super().encode(x, y)
        mu, log_var = torch.zeros(len(x), 7 * CLASSES + 8), torch.zeros(len(x), 7 * CLASSES + 8)
        columns = [*(7 * label for label in range(CLASSES)), 7 * CLASSES]
        mu[:, columns], log_var[:, columns] = used.mu, used.log_var
        return Posterior(mu, log_var)


CORRECT = Code(own=lambda common, own: own, shared=lambda common, own: common)
SWAPPED = Code(own=lambda common, own: common, shared=lambda common, own: own)
USELESS = Code(own=lambda common, own: 0 * own, shared=lambda common, own: 0 * own, std=1.0)
ROTATED = Code(own=lambda common, own: (common + own) / 2**0.5, shared=lambda common, own: (common - own) / 2**0.5)
TWICE = Code(own=lambda common, own: own, shared=lambda common, own: own)


def table(code: Code, data: PreparedSet, *, blocks: bool = True) -> pd.DataFrame:
    return factor_table(Planted(code, blocks=blocks), data, PARAMS, seed=0, device=CPU, splits=("test",))


def value(found: pd.DataFrame, factor: str, codes: str, metric: str) -> float:
    rows = found[(found.factor == factor) & (found.codes == codes) & (found.metric == metric)]
    (only,) = rows["value"]
    return float(only)


def test_the_classes_with_values_determine_the_kind_of_a_factor(data: PreparedSet) -> None:
    factors = known_factors(data)
    labels = {factor.name: factor.label for factor in factors}
    assert labels == {"common": SHARED, "a's": 0, "b's": 1, "c's": 2}
    assert exclusive_share(factors, 3) == 0.5


def test_a_set_without_factors_or_with_partly_shared_ones_is_refused(data: PreparedSet) -> None:
    bare = [Split(split.images, split.labels, split.names) for _, split in data.splits()]
    with pytest.raises(UserError, match="factors are unknown"):
        known_factors(PreparedSet(data.name, data.class_names, (), *bare))
    broken = data.train.factors.copy()
    broken[data.train.labels == 1, 1] = 0.0
    train = Split(data.train.images, data.train.labels, data.train.names, broken)
    with pytest.raises(UserError, match="values in 2 of 3 classes"):
        known_factors(PreparedSet(data.name, data.class_names, data.factor_names, train, data.validation, data.test))


def test_a_correct_code_has_each_factor_in_its_block(data: PreparedSet) -> None:
    found = table(CORRECT, data)
    assert value(found, "common", "shared", "r2") > 0.99
    assert value(found, "common", "own", "r2") < 0.1
    assert value(found, "b's", "own", "r2") > 0.97
    assert value(found, "b's", "shared", "r2") < 0.1
    assert value(found, "b's", "own", "mutual_information_nats") > 1
    assert value(found, "b's", "shared", "mutual_information_nats") < 0.1
    assert value(found, "all", "decoded", "mig") > 0.7
    assert value(found, "all", "decoded", "dci_disentanglement") > 0.9
    assert value(found, "all", "decoded", "kl_block_share") == pytest.approx(0.5, abs=0.02)
    assert value(found, "all", "decoded", "exclusive_share") == 0.5
    # All classes have the KL of the shared block, and only one has that of a class block.
    assert value(found, "all", "decoded", "kl_class_specific_share") == pytest.approx(0.5, abs=0.05)


def test_a_swapped_code_is_detected(data: PreparedSet) -> None:
    found = table(SWAPPED, data)
    assert value(found, "common", "shared", "r2") < 0.1
    assert value(found, "common", "own", "r2") > 0.97
    assert value(found, "a's", "shared", "r2") > 0.97
    assert value(found, "a's", "own", "r2") < 0.1


def test_a_useless_code_predicts_nothing(data: PreparedSet) -> None:
    found = table(USELESS, data)
    assert (found[found.metric == "r2"]["value"] < 0.1).all()
    assert value(found, "all", "decoded", "mig") < 0.1


def test_a_dimension_at_the_prior_carries_nothing_even_if_its_mean_follows_a_factor(data: PreparedSet) -> None:
    """The means of the other classes' blocks follow the factor by 1e-4 standard deviations."""
    found = table(CORRECT, data)
    assert value(found, "b's", "others", "r2_of_means") > 0.9
    assert value(found, "b's", "others", "r2") < 0.1


def test_a_rotated_code_has_low_scores_of_disentanglement(data: PreparedSet) -> None:
    correct, rotated = table(CORRECT, data), table(ROTATED, data)
    for metric in ("mig", "sap", "dci_disentanglement"):
        assert value(rotated, "all", "decoded", metric) < 0.5 * value(correct, "all", "decoded", metric)
    assert 0.2 < value(rotated, "a's", "own", "r2") < 0.7


def test_a_factor_in_both_blocks_is_predicted_from_both_and_has_no_gap(data: PreparedSet) -> None:
    found = table(TWICE, data)
    assert value(found, "c's", "own", "r2") > 0.97
    assert value(found, "c's", "shared", "r2") > 0.97
    assert value(found, "all", "decoded", "mig") < 0.1


def test_a_model_without_blocks_has_only_shared_and_decoded_codes(data: PreparedSet) -> None:
    found = table(CORRECT, data, blocks=False)
    assert set(found.codes) == {"shared", "decoded"}
    assert "kl_block_share" not in set(found.metric)
    assert value(found, "b's", "shared", "r2") > 0.9


def test_too_many_neighbours_are_refused(data: PreparedSet) -> None:
    params = FactorsParams(neighbours=301, neighbour_weights="uniform", bins=5)
    with pytest.raises(UserError, match="300 training images of class 0"):
        factor_table(Planted(CORRECT), data, params, seed=0, device=CPU)


def test_the_block_share_is_a_ratio_of_sums() -> None:
    owners = np.array([0, 1, SHARED])
    kl = np.array([[3.0, 9.0, 1.0], [9.0, 5.0, 3.0]], dtype=np.float32)
    assert block_share(kl, np.array([0, 1]), owners) == pytest.approx((3 + 5) / (3 + 5 + 1 + 3))
    assert np.isnan(block_share(np.zeros((2, 3), np.float32), np.array([0, 1]), owners))


def test_the_class_specific_share_excludes_kl_that_every_class_has() -> None:
    labels = np.array([0, 0, 1, 1])
    kl = np.array([[2.0, 4.0], [2.0, 4.0], [0.0, 2.0], [0.0, 2.0]], dtype=np.float32)
    assert class_specific_share(kl, labels) == pytest.approx(1 - (0 + 2) / (1 + 3))
    assert class_specific_share(np.ones((4, 2), np.float32), labels) == 0


def test_the_summary_has_means_and_minima(data: PreparedSet) -> None:
    found = factor_summary(table(CORRECT, data))
    assert found["r2_exclusive_from_own"] > 0.97
    assert found["lowest_r2_exclusive_from_own"] <= found["r2_exclusive_from_own"]
    assert found["r2_exclusive_from_shared"] < 0.1
    assert found["kl_block_share"] == pytest.approx(0.5, abs=0.02)


def test_dimensions_at_the_prior_do_not_hide_others(data: PreparedSet) -> None:
    """Seven shared dimensions of pure noise accompany the one that carries the factor."""
    found = factor_table(Padded(CORRECT), data, PARAMS, seed=0, device=CPU, splits=("test",), scores=False)
    assert value(found, "common", "shared", "r2") > 0.97
    assert value(found, "b's", "own", "r2") > 0.95


def test_reliability_is_the_share_of_signal_in_the_variance() -> None:
    rng = np.random.default_rng(0)
    mu = rng.normal(0, [2.0, 1.0, 1e-4, 0.0], (20_000, 4))
    z = mu + rng.normal(0, [1.0, 1.0, 1.0, 0.0], mu.shape)
    assert reliability(z, mu) == pytest.approx([0.8, 0.5, 0.0, 0.0], abs=0.01)
