"""Scores of codes with a known result, from closed forms or from public implementations."""

import math
from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import pytest

from nvae.measures.disentanglement import DCI, completeness, dci, disentanglement, mig, modularity, sap
from nvae.measures.disentanglement import mutual_information_nats as information
from nvae.rng import numpy_generator

Array = npt.NDArray[np.float64]
Score = Callable[[Array, Array], float]

# Standard errors that a test with random draws allows, as in test_aggregate.py. The seeds are fixed.
ERRORS = 5
SCORES: dict[str, Score] = {
    "mig": lambda codes, factors: mig(codes, factors, bins=10),
    "sap": sap,
    "modularity": lambda codes, factors: modularity(codes, factors, bins=10),
}


def grid(*levels: int) -> Array:
    """Return every combination of the levels 0, 1, ... once, (product of levels, columns): independent columns."""
    return np.asarray(np.argwhere(np.ones(levels)), dtype=np.float64)


def uniform(n: int, columns: int, name: str) -> Array:
    return numpy_generator(0, name).uniform(-1, 1, size=(n, columns))


def turned(factors: Array, degrees: float) -> Array:
    """Rotate the first two columns."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray(factors @ np.array([[cos, sin], [-sin, cos]]))


def mixed(seed: int, n: int) -> tuple[Array, Array]:
    """Return codes (n, 5) of three factors, where one code is noise and one follows another, and the factors."""
    generator = np.random.default_rng(seed)
    factors, noise = generator.uniform(-1, 1, size=(n, 3)), generator.normal(size=(n, 5))
    mix = np.array([[1, 0, 0, 0.3, 0], [0, 0.8, 0.5, 0, 0], [0.2, 0, 0.7, 0, 0]])
    return factors @ mix + 0.2 * noise, factors


def dci_of(code: Callable[[Array], Array], factors: int, seed: int = 0) -> DCI:
    """Compute DCI of ``code``, a function from factors to codes, on 300 training and 300 test images."""
    train, test = uniform(300, factors, "train"), uniform(300, factors, "test")
    return dci(code(train), train, code(test), test, seed=seed)


def with_dead(codes: Array) -> Array:
    """Insert a constant column whose floating-point mean is inexact."""
    return np.insert(codes, 1, 0.1, axis=1)


def test_mutual_information_by_hand() -> None:
    """Of eight images, three each are low-low and high-high, and one each is low-high and high-low."""
    codes = np.array([[0, 5], [1, 5], [2, 5], [9, 5], [1, 5], [9, 5], [8, 5], [9, 5]])
    factors = np.array([[-3], [-3], [-3], [-2.9], [3], [3], [3], [2]])
    expected = [[3 / 4 * math.log(3 / 2) + 1 / 4 * math.log(1 / 2)], [0.0]]
    np.testing.assert_allclose(information(codes, factors, bins=2), np.array(expected), rtol=1e-12)


def test_mutual_information_of_a_grid_whose_levels_are_edges() -> None:
    """Eleven angles, occurring 1, 2, ... 11 times, in ten bins of the same width: the last bin has the highest two."""
    angles = np.repeat(np.arange(-130.0, 131, 26), np.arange(1, 12))[:, None]
    shares = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 21]) / 66
    for factor in (angles, np.radians(angles), angles * 7 + 0.1):
        assert information(angles, factor, bins=10)[0, 0] == pytest.approx(-shares @ np.log(shares), rel=1e-12)


def test_mutual_information_of_independent_columns() -> None:
    """2n times it is χ² with (bins − 1)² degrees of freedom if n is large; otherwise the values of the docstring."""
    for n, bins, bias, rounding in ((2000, 5, 0.004, 0), (600, 10, 0.07, 0.005), (600, 20, 0.35, 0.005)):
        found = information(uniform(n, 20, "codes"), uniform(n, 10, "factors"), bins=bins)
        assert abs(found.mean() - bias) < rounding + ERRORS * found.std() / math.sqrt(found.size)


def test_scores_of_perfect_codes() -> None:
    """Codes in another order and unit, and non-linear for scores of mutual information. A dead dimension lowers
    modularity, by its share of the mean, and no other score."""
    factors = grid(4, 3, 5)
    codes = factors[:, [2, 0, 1]] * [-3, 0.01, 100] + [7, 0, -2]
    for name, score in SCORES.items():
        assert score(codes, factors) == pytest.approx(1, rel=1e-12)
        expected = 3 / 4 if name == "modularity" else 1
        assert score(with_dead(codes), factors) == pytest.approx(expected, rel=1e-12)
    assert mig(factors**2, factors, bins=30) == pytest.approx(1, rel=1e-12)
    assert sap(factors**2, factors) < 0.95


def test_scores_of_useless_codes() -> None:
    """With one dimension, SAP is the squared correlation, 1/(n − 1) on average."""
    codes, factors = uniform(2000, 6, "useless"), uniform(2000, 4, "unknown")
    assert 0 <= mig(codes, factors, bins=10) < 0.01
    assert 0 <= sap(codes, factors) < 0.01
    assert 0 <= modularity(codes, factors, bins=10) < 0.4
    found = np.array([sap(uniform(50, 1, f"code {i}"), uniform(50, 1, f"factor {i}")) for i in range(400)])
    assert abs(found.mean() - 1 / 49) < ERRORS * found.std() / math.sqrt(400)


def test_gaps_of_duplicated_codes() -> None:
    """A factor with two equal dimensions has no gap; each of the two is still informative about that factor only."""
    factors = grid(4, 3)
    codes = np.column_stack([factors, 5 - 2 * factors[:, 0]])
    for name, score in SCORES.items():
        assert score(codes, factors) == pytest.approx(1 if name == "modularity" else 1 / 2, rel=1e-12)


def test_mig_and_modularity_by_hand() -> None:
    """For a factor with four levels, log 4 nats, a dimension that separates halves has log 2: gaps 1/2 and 1. One with
    log 4 and log 2 nats about two of three factors has modularity 1 − (1/2)²/2, the other has 1."""
    factors = grid(4, 2, 3)
    coarse = np.column_stack([factors[:, 0] // 2, factors[:, :2]])
    assert mig(coarse, factors[:, :2], bins=8) == pytest.approx(3 / 4, rel=1e-12)
    both = np.column_stack([2 * factors[:, 0] + factors[:, 1], factors[:, 2]])
    assert modularity(both, factors, bins=8) == pytest.approx((7 / 8 + 1) / 2, rel=1e-12)


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 60, 90])
def test_sap_of_a_rotation(degrees: float) -> None:
    """|cos² − sin²|, exact for a grid, whose factors have equal variance and no correlation."""
    factors = grid(7, 7)
    assert sap(turned(factors, degrees), factors) == pytest.approx(abs(math.cos(math.radians(2 * degrees))), abs=1e-12)


def test_scores_fall_with_rotation() -> None:
    factors = uniform(2000, 2, "rotated")
    for score in SCORES.values():
        found = [score(turned(factors, degrees), factors) for degrees in (0, 15, 30, 45)]
        assert found == sorted(found, reverse=True)
        assert found[0] > 0.95 > 0.1 > found[-1]


@pytest.mark.parametrize("name", SCORES)
def test_scores_are_invariant_to_order_scale_and_sign(name: str) -> None:
    codes, factors = mixed(2, 300)
    other = codes[:, [3, 0, 4, 1, 2]] * [1e-9, -1, 1e9, 3, 1] + [0, 5, 0, -1, 0]
    assert SCORES[name](other, -2 * factors[:, ::-1]) == pytest.approx(SCORES[name](codes, factors), rel=1e-9)


@pytest.mark.parametrize(
    ("seed", "n", "bins", "expected"),
    [
        (0, 400, 10, (0.2351590751112490, 0.5366970691522553, 0.7863852952474639)),
        (1, 150, 5, (0.2841191109709751, 0.5741258115872537, 0.7783418595511853)),
    ],
)
def test_scores_against_public_implementations(seed: int, n: int, bins: int, expected: tuple[float, ...]) -> None:
    """Reference: disentanglement-lib 1.5 (PyPI) with NumPy 2.4 and scikit-learn 1.9. Functions in evaluation.metrics:
    mig._compute_mig, sap_score._compute_sap(continuous_factors=True), modularity_explicitness.modularity of
    utils.discrete_mutual_info. Its arrays are (dims, n) and its factors discrete: they were binned like codes, by
    utils._histogram_discretize. Its information is in nats too. For SAP, latte-metrics 0.0.1a6 (PyPI),
    functional.disentanglement.sap.sap, gives the same value, as the mean over factors."""
    codes, factors = mixed(seed, n)
    found = mig(codes, factors, bins=bins), sap(codes, factors), modularity(codes, factors, bins=bins)
    assert found == pytest.approx(expected, rel=1e-9)


def test_disentanglement_and_completeness_by_hand() -> None:
    """Rows have weights 6, 3, 1; a dimension that matters equally for two of three factors scores 1 − log 2 / log 3."""
    importance = np.array([[6, 0, 0], [0, 1.5, 1.5], [0, 0, 1], [0, 0, 0]])
    two_of_three = 1 - math.log(2) / math.log(3)
    assert disentanglement(importance) == pytest.approx((6 + 3 * two_of_three + 1) / 10, rel=1e-12)
    column = 1 + (0.6 * math.log(0.6) + 0.4 * math.log(0.4)) / math.log(4)
    assert completeness(importance) == pytest.approx((6 + 1.5 + 2.5 * column) / 10, rel=1e-12)
    # disentanglement-lib 1.5: dci.disentanglement and dci.completeness, which add 1e-11 to each importance.
    importance = np.array([[5, 1, 0], [0, 3, 3], [2, 0, 2], [0, 0, 0]]) / 16
    assert disentanglement(importance) == pytest.approx(0.4518744709713673, abs=1e-8)
    assert completeness(importance) == pytest.approx(0.5580715786133792, abs=1e-8)
    # A single factor, and a single dimension.
    assert disentanglement(np.array([[0.7], [0.3], [0]])) == completeness(np.array([[0.7, 0.3, 0]])) == 1


@pytest.mark.parametrize("score", [disentanglement, completeness])
def test_extreme_importances(score: Callable[[Array], float]) -> None:
    assert score(np.eye(3)[[2, 0, 1]]) == 1
    assert all(0 <= score(np.full((size, size), 0.1)) < 1e-12 for size in range(2, 9))
    assert score(np.zeros((3, 4))) == 0
    assert [score(np.full((1, 1), value)) for value in (2.0, 0.0)] == [1, 0]
    for wrong in (np.ones(3), np.ones((0, 2)), np.array([[1.0, math.nan]]), np.array([[1.0, -0.1]])):
        with pytest.raises(ValueError, match="importances"):
            score(wrong)


def test_dci_against_a_public_implementation() -> None:
    """Reference: dci._compute_dci of disentanglement-lib 1.5, with scikit-learn's GradientBoostingRegressor (1.9,
    defaults) in place of its classifier for discrete factors, and r2_score of the same trees in place of its accuracy.
    The tolerance covers ties in small leaves, which the seed breaks."""
    found = dci(*mixed(0, 400), *mixed(1, 300), seed=0)
    assert astuple(found) == pytest.approx((0.6429418049558036, 0.675682417343554, 0.813105852779759), abs=0.005)


def test_dci_of_perfect_and_useless_codes() -> None:
    """A dead dimension has no effect. Noise scores below the mean prediction, because trees overfit."""
    assert min(astuple(dci_of(lambda f: with_dead(-(f[:, [2, 0, 1]] ** 3)), 3))) > 0.98
    useless = dci(*(uniform(300, columns, f"noise {i}") for i, columns in enumerate((4, 3, 4, 3))), seed=0)
    assert max(useless.disentanglement, useless.completeness) < 0.05
    assert -1 < useless.informativeness < 0


def test_dci_of_duplicated_codes() -> None:
    """Each copy is informative about one factor; the seed alone breaks ties, about evenly, 1 − log 2 / log 4."""
    first, again, other = (dci_of(lambda f: np.column_stack([f, f]), 2, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert first.completeness == pytest.approx(0.5, abs=0.05)
    assert min(first.disentanglement, first.informativeness) > 0.98


def test_dci_of_a_rotation() -> None:
    """At 45 degrees, both dimensions matter equally for both factors, which scores 0; R² stays high."""
    found = np.array([astuple(dci_of(lambda f, by=by: turned(f, by), 2)) for by in (0, 15, 30, 45)])  # type: ignore[misc]
    assert (np.diff(found[:, :2], axis=0) < 0).all()
    assert found[0].min() > 0.98
    assert found[-1, :2].max() < 0.03
    assert found[:, 2].min() > 0.95


def test_dci_is_invariant_to_order_scale_and_sign() -> None:
    """Equal up to ties in small leaves. Without scaling, scikit-learn's trees would ignore differences of 1e-9."""
    (train_codes, train), (codes, test) = mixed(3, 200), mixed(4, 200)
    order, scale = [3, 0, 4, 1, 2], np.array([1e-9, -1, 1e9, 3, 1])
    plain = dci(train_codes, train, codes, test, seed=0)
    other = dci(train_codes[:, order] * scale + 1, -1e-9 * train, codes[:, order] * scale + 1, -1e-9 * test, seed=0)
    assert astuple(other) == pytest.approx(astuple(plain), abs=0.01)


def test_informativeness_is_evaluated_on_held_out_images() -> None:
    """Trees without an informative dimension predict the training mean. With negated factors, a perfect code has R²
    1 − Σ (2y)² / Σ y² = −3."""
    train, test = uniform(50, 2, "fitted"), uniform(40, 2, "judged") + 0.3
    expected = 1 - np.mean(((test - train.mean(axis=0)) ** 2).mean(axis=0) / test.var(axis=0))
    assert astuple(dci(np.zeros((50, 3)), train, np.ones((40, 3)), test, seed=0)) == pytest.approx((0, 0, expected))
    assert dci(train, train, train, -train, seed=0).informativeness < -2.8


def test_one_factor_or_one_dimension() -> None:
    """A single dimension is compared with a dead one; a single factor gives modularity 1."""
    factor = uniform(100, 1, "one")
    noisy = factor + 0.3 * uniform(100, 1, "noise of one")
    for name, score in SCORES.items():
        assert score(factor, factor) == pytest.approx(1, rel=1e-12)
        one, two = score(noisy, factor), score(with_dead(noisy), factor)
        assert two == pytest.approx(one / 2 if name == "modularity" else one, rel=1e-12)
        assert 0.3 < one < 0.95 or name == "modularity"
    train, test = np.split(np.column_stack([factor, noisy]), 2)
    found = dci(train[:, :1], train[:, 1:], test[:, :1], test[:, 1:], seed=0)
    assert found.disentanglement == found.completeness == 1


def test_dead_codes_and_few_images_give_finite_scores() -> None:
    """Two images are on a line, so every dimension determines every factor."""
    factors = np.array([[0.0, 3.0], [1.0, 2.0]])
    for score in SCORES.values():
        assert score(np.full((2, 3), 0.1), factors) == score(np.full((2, 1), 0.1), factors[:, :1]) == 0
        assert score(factors, factors) == pytest.approx(0, abs=1e-12)
    assert astuple(dci(factors * 0, factors, factors, factors, seed=0)) == (0, 0, 0)
    assert np.isfinite(astuple(dci(factors, factors, factors, factors, seed=0))).all()
    tiny = np.array([[0, 1e16], [5e-324, 1e16 + 2]])
    assert all(np.isfinite(score(tiny, tiny)) for score in SCORES.values())


REFUSED: list[tuple[Array, Array, str]] = [
    (np.ones(3), np.eye(3), "expected"),
    (np.eye(3), np.ones(3), "expected"),
    (np.eye(3), np.eye(4), "expected"),
    (np.ones((3, 0)), np.eye(3), "expected"),
    (np.eye(3), np.ones((3, 0)), "expected"),
    (np.eye(3), np.array([[1.0, 2], [2, 2], [3, 2]]), "factor 1 is constant"),
    (np.array([[1.0, math.nan], [2, 3]]), np.eye(2), "finite"),
    (np.eye(2), np.array([[1.0], [math.inf]]), "finite"),
    (np.array([[1e308], [-1e308]]), np.eye(2), "finite"),
]


@pytest.mark.parametrize(("codes", "factors", "message"), REFUSED)
def test_wrong_input_is_refused(codes: Array, factors: Array, message: str) -> None:
    good = np.eye(3)
    for score in SCORES.values():
        with pytest.raises(ValueError, match=message):
            score(codes, factors)
    for sets in ((codes, factors, good, good), (good, good, codes, factors)):
        with pytest.raises(ValueError, match=message):
            dci(*sets, seed=0)


def test_wrong_bins_and_other_dimensions_are_refused() -> None:
    good, other = np.eye(3), np.eye(3)[:, :2]
    for score in (mig, modularity, information):
        with pytest.raises(ValueError, match="got 1 bins"):
            score(good, good, bins=1)
    with pytest.raises(ValueError, match="2 dimensions and 3 factors, expected 3 and 3"):
        dci(good, good, other, good, seed=0)
    with pytest.raises(ValueError, match="3 dimensions and 2 factors, expected 3 and 3"):
        dci(good, good, good, other, seed=0)
