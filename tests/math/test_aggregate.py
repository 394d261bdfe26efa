"""Statistics of q(z) against closed forms, quadrature, Monte Carlo, and codes with a known result."""

import math
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm, ortho_group

from nvae.analyses.aggregate import aggregate_table
from nvae.measures.aggregate_posterior import (
    between_class_share,
    gaussian_total_correlation,
    linear_probe_accuracy_pct,
    mmd,
    sliced_wasserstein,
    squared_wasserstein,
)
from nvae.rng import numpy_generator

Array = npt.NDArray[np.float64]

# Standard errors that a test with random draws allows: 6e-7 of correct results are outside, or up to 1e-3 if the error
# is itself estimated from ten values. The seeds are fixed.
ERRORS = 5


def random(*shape: int, name: str) -> Array:
    return numpy_generator(0, name).normal(size=shape)


def rotation(dims: int) -> Array:
    return np.asarray(ortho_group.rvs(dims, random_state=numpy_generator(0, "rotation")))


def quantiles(n: int) -> Array:
    """Return the N(0, 1) quantiles of the midpoints of n intervals."""
    return np.asarray(norm.ppf((np.arange(n) + 0.5) / n))


def sliced(z: Array, *, projections: int = 200, stream: int = 0) -> float:
    return sliced_wasserstein(z, projections=projections, generator=numpy_generator(0, "sliced", stream))


def clusters(n: int, *, gap: float, name: str, classes: int = 3) -> tuple[Array, npt.NDArray[np.int64]]:
    """Return a code (n, classes), with each class's mean ``gap`` from 0 on its own axis, and classes (n,) in turn."""
    labels = np.arange(n) % classes
    return gap * np.eye(classes)[labels] + random(n, classes, name=name), labels


def test_share_between_classes_by_hand() -> None:
    """Means 2 and 6 around 4: between 4 · 2² = 16, total 9 + 1 + 1 + 9 = 20. The values of the labels do not matter."""
    z = np.array([[1.0, 5.0], [7.0, 5.0], [3.0, 5.0], [5.0, 5.0]])
    np.testing.assert_allclose(between_class_share(z, np.array([3, 7, 3, 7])), [0.8, 0], rtol=1e-12)


def test_share_of_a_constant_whose_mean_is_inexact() -> None:
    z = np.full((6, 1), 0.1)
    assert z.mean() != 0.1
    assert between_class_share(z, np.arange(6) % 2) == 0


def test_share_of_perfect_useless_and_duplicated_dimensions() -> None:
    """The share of a useless dimension is Beta((K − 1)/2, (n − K)/2), with mean (K − 1)/(n − 1)."""
    n, classes, dims = 120, 4, 500
    labels = np.arange(n) % classes
    useless = random(n, dims, name="useless")
    share = between_class_share(np.column_stack([labels, useless, useless[:, 0]]), labels)
    assert share[0] == pytest.approx(1, rel=1e-12)
    assert share[-1] == pytest.approx(share[1], rel=1e-12)
    found = share[1:-1]
    assert abs(found.mean() - (classes - 1) / (n - 1)) < ERRORS * found.std() / math.sqrt(dims)


def test_share_of_unequal_classes_weights_images_equally() -> None:
    """Law of total variance, with classes of 10, 30 and 60 images."""
    labels = np.repeat([0, 1, 2], [10, 30, 60])
    z = random(100, 3, name="unequal") + labels[:, None] + 100
    within = sum((labels == label).mean() * z[labels == label].var(axis=0) for label in range(3))
    np.testing.assert_allclose(between_class_share(z, labels), 1 - within / z.var(axis=0), rtol=1e-10)


def test_squared_wasserstein_against_quadrature() -> None:
    """Integral ∫ (F⁻¹(u) − Φ⁻¹(u))² du, with F⁻¹ constant on each n-th of the unit interval."""
    x = random(7, name="few") + 0.3
    parts = [
        quad(lambda u, level=level: (level - norm.ppf(u)) ** 2, i / 7, (i + 1) / 7)[0]
        for i, level in enumerate(np.sort(x))
    ]
    assert squared_wasserstein(x) == pytest.approx(sum(parts), rel=1e-7)


def test_squared_wasserstein_against_large_normal_samples() -> None:
    """Matching in sorted order is the optimal plan between samples; the error is that of the mean over ten samples."""
    x = random(10, name="ten") * 1.5
    samples = np.sort(random(10, 200_000, name="brute force"), axis=1)
    found = ((np.repeat(np.sort(x), 20_000) - samples) ** 2).mean(axis=1)
    assert abs(squared_wasserstein(x) - found.mean()) < ERRORS * found.std(ddof=1) / math.sqrt(10)


def test_sliced_wasserstein_of_normal_quantiles_is_small() -> None:
    """The remaining distance, from 1/n-th cells of N(0, 1) to one point each, is below 2/n."""
    z = quantiles(10_000)[:, None]
    assert 0 < sliced(z) < math.sqrt(2 / len(z))


def test_sliced_wasserstein_of_a_shift() -> None:
    """For z with mean 0, W₂² grows by (θ·m)² along θ: exactly m² in one dimension, |m|²/dims on average in three."""
    line = quantiles(1000)[:, None]
    assert sliced(line + 0.7) ** 2 - sliced(line) ** 2 == pytest.approx(0.49, rel=1e-9)

    half = random(500, 3, name="half")
    z, m, projections = np.concatenate([half, -half]), np.array([1.0, -2.0, 0.5]), 4000
    found = sliced(z + m, projections=projections) ** 2 - sliced(z, projections=projections) ** 2
    expected = m @ m / 3
    # (θ·m)² / |m|² is Beta(1/2, 1), with standard deviation √(4/45).
    assert abs(found - expected) < ERRORS * m @ m * math.sqrt(4 / 45 / projections)


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0])
def test_sliced_wasserstein_of_a_scale(scale: float) -> None:
    """|s − 1|, W₂ between N(0, s²) and N(0, 1), up to s times W₂ of the unscaled code, by the triangle inequality."""
    for z in (quantiles(2000)[:, None], random(2000, 3, name="scaled")):
        assert abs(sliced(scale * z) - abs(scale - 1)) <= scale * sliced(z) + 1e-9


def test_sliced_wasserstein_of_normal_samples_does_not_grow_with_dims() -> None:
    """Values stated in the docstring; single draws vary by a tenth."""
    for dims in (2, 16):
        assert sliced(random(1000, dims, name="few normal")) == pytest.approx(0.056, rel=0.3)
        assert sliced(random(10_000, dims, name="many normal")) == pytest.approx(0.019, rel=0.3)


def test_sliced_wasserstein_is_invariant_to_rotation() -> None:
    """Squares over ten sets of directions, whose means agree within their standard errors."""
    z = random(500, 3, name="stretched") * [3, 1, 1]
    plain, rotated = (
        np.array([sliced(code, projections=1000, stream=start + stream) ** 2 for stream in range(10)])
        for code, start in ((z, 0), (z @ rotation(3), 10))
    )
    error = math.sqrt((plain.var(ddof=1) + rotated.var(ddof=1)) / 10)
    assert abs(plain.mean() - rotated.mean()) < ERRORS * error
    assert error < 0.03 * plain.mean()


def test_mmd_is_unbiased_at_the_prior_and_detects_two_modes() -> None:
    """The modes have the prior's mean and variance. A biased estimate would be 1/n = 0.001 too high."""
    null = np.array([mmd(random(1000, 2, name=f"null {seed}")) for seed in range(20)])
    assert abs(null.mean()) < ERRORS * null.std(ddof=1) / math.sqrt(20)
    assert null.std(ddof=1) < 0.0005

    signs = np.where(np.arange(1000) % 2, 0.9, -0.9)
    z = random(1000, 2, name="modes")
    z[:, 0] = signs + math.sqrt(1 - 0.9**2) * z[:, 0]
    assert mmd(z) > 20 * null.std(ddof=1)


@pytest.mark.parametrize("bandwidths", [(0.25,), (2.0,), (0.125, 0.25, 0.5)])
def test_mmd_against_a_sampled_prior(bandwidths: tuple[float, ...]) -> None:
    """All three terms of Gretton et al.'s eq. 3, from 400,000 draws of the prior."""
    z, prior = random(12, 3, name="code") + 0.5, random(2, 200_000, 3, name="prior")

    def kernel(a: Array, b: Array) -> Array:
        distances = ((a - b) ** 2).sum(axis=-1)
        return np.asarray(np.mean([np.exp(-distances / (2 * 3 * width)) for width in bandwidths], axis=0))

    pairs = [kernel(z[i], z[j]) for i in range(12) for j in range(12) if i != j]
    draws = kernel(prior[0], prior[1]) - 2 * np.mean([kernel(point, prior[0]) for point in z], axis=0)
    error = draws.std() / math.sqrt(draws.size)
    assert error < 0.001
    assert abs(mmd(z, bandwidths=bandwidths) - np.mean(pairs) - draws.mean()) < ERRORS * error


def test_mmd_is_invariant_to_rotation_and_chunk_size() -> None:
    """Both hold up to the rounding of terms of order 1."""
    z = random(100, 3, name="rotated") * [2, 1, 1]
    whole = mmd(z, chunk=100)
    assert whole > 0.01
    for found in (mmd(z, chunk=1), mmd(z, chunk=7), mmd(z, chunk=1000), mmd(z @ rotation(3))):
        assert found == pytest.approx(whole, abs=1e-12)


def test_mmd_of_ten_thousand_samples_fits_in_memory() -> None:
    z = random(10_000, 2, name="many")
    tracemalloc.start()
    mmd(z)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_total_correlation_of_independent_dimensions() -> None:
    """2n times it is χ² with dims (dims − 1)/2 degrees of freedom, rotated or not; the bounds exclude 2e-6."""
    n, dims = 5000, 5
    z = random(n, dims, name="independent")
    for code in (z, z @ rotation(dims), z * [1, 2, 3, 4, 5] + 7):
        scaled = 2 * n * gaussian_total_correlation(code)
        assert chi2.ppf(1e-6, dims * (dims - 1) / 2) < scaled < chi2.isf(1e-6, dims * (dims - 1) / 2)


def test_total_correlation_of_a_dimension_and_its_noisy_copy() -> None:
    """−½ log(1 − ρ²), whose estimate has standard deviation ρ/√n; a constant dimension changes nothing."""
    n, rho = 10_000, 0.8
    first, noise = random(2, n, name="copy")
    z = np.column_stack([first, np.full(n, 0.1), rho * first + math.sqrt(1 - rho**2) * noise])
    found = gaussian_total_correlation(z)
    sample_rho = np.corrcoef(z[:, 0], z[:, 2])[0, 1]
    assert found == pytest.approx(-0.5 * math.log(1 - sample_rho**2), rel=1e-9)
    assert abs(found + 0.5 * math.log(1 - rho**2)) < ERRORS * rho / math.sqrt(n)


def test_total_correlation_of_degenerate_codes() -> None:
    z = random(50, 2, name="degenerate")
    assert gaussian_total_correlation(np.column_stack([z, z.sum(axis=1)])) == math.inf
    assert gaussian_total_correlation(z[:, :1]) == 0
    assert gaussian_total_correlation(np.zeros((50, 3))) == 0


def test_probe_of_perfect_and_useless_codes() -> None:
    """Means 20 standard deviations from 0 give 100 %; equal means give chance, 1/3, within its binomial error."""
    for gap, expected, error in ((20.0, 100.0, 0.0), (0.0, 100 / 3, 100 * math.sqrt(2 / 9 / 3000))):
        train, test = clusters(3000, gap=gap, name="probe train"), clusters(3000, gap=gap, name="probe test")
        found = linear_probe_accuracy_pct(*train, *test, penalty=1.0)
        assert abs(found - expected) <= ERRORS * error


def test_probe_is_fitted_on_train_and_evaluated_on_test() -> None:
    """With permuted classes in the test set, all predictions are wrong."""
    (z, labels), test = clusters(300, gap=20, name="judged"), clusters(300, gap=20, name="judged too")
    assert linear_probe_accuracy_pct(z, labels, test[0], (test[1] + 1) % 3, penalty=1.0) == 0


def test_probe_is_invariant_to_scale_and_rotation() -> None:
    """Overlapping classes. Without standardisation, the penalty would suppress a code that is a thousand times smaller.
    The rotation changes what is standardised, hence the tolerance of half a percent."""
    train, test = clusters(3000, gap=1, name="overlap train"), clusters(3000, gap=1, name="overlap test")

    def accuracy(matrix: Array) -> float:
        return linear_probe_accuracy_pct(train[0] @ matrix + 5, train[1], test[0] @ matrix + 5, test[1], penalty=10.0)

    plain = accuracy(np.eye(3))
    assert 55 < plain < 75  # the optimum for two such classes is Φ(1/√2) = 76 %
    assert accuracy(np.diag([1e-3, 1, 1e3])) == pytest.approx(plain, abs=0.1)
    assert accuracy(rotation(3)) == pytest.approx(plain, abs=0.5)


def test_probe_penalty_shrinks() -> None:
    """Classes in a ratio of 2 to 1: with an overwhelming penalty, the intercept predicts the larger class."""
    z, classes = clusters(300, gap=5, name="penalised")
    labels = np.minimum(classes, 1)
    assert linear_probe_accuracy_pct(z, labels, z, labels, penalty=1e-6) > 98
    assert linear_probe_accuracy_pct(z, labels, z, labels, penalty=1e6) == pytest.approx(100 * 2 / 3)


def test_table_has_every_metric_of_every_reported_split() -> None:
    samples = {name: clusters(n, gap=2, name=name) for name, n in (("train", 300), ("validation", 90), ("test", 120))}
    table = aggregate_table(samples, projections=10, probe_penalty=1.0, seed=3)
    assert list(table.columns) == ["split", "metric", "dim", "value"]
    assert not table.duplicated(["split", "metric", "dim"]).any()
    assert set(table.split) == {"validation", "test"}
    for split, rows in table.groupby("split"):
        z, labels = samples[str(split)]
        by_name = rows.set_index(["metric", "dim"]).value
        generator = numpy_generator(3, "aggregate", str(split), "projections")
        shares = between_class_share(z, labels)
        expected = {("between_class_share", dim): share for dim, share in enumerate(shares)} | {
            ("mean_between_class_share", -1): shares.mean(),
            ("sliced_wasserstein", -1): sliced_wasserstein(z, projections=10, generator=generator),
            ("mmd", -1): mmd(z),
            ("gaussian_total_correlation_nats", -1): gaussian_total_correlation(z),
            ("probe_accuracy_pct", -1): linear_probe_accuracy_pct(*samples["train"], z, labels, penalty=1.0),
        }
        assert by_name.to_dict() == expected


def test_only_the_directions_in_the_table_depend_on_the_seed() -> None:
    samples = {name: clusters(90, gap=1, name=name) for name in ("train", "test")}
    first, again, other = (aggregate_table(samples, projections=5, probe_penalty=1.0, seed=seed) for seed in (0, 0, 1))
    assert first.equals(again)
    assert set(first.metric[first.value != other.value]) == {"sliced_wasserstein"}
