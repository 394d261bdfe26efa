"""Fréchet distance and nearest-neighbour metrics against closed forms and loops over their definitions."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
import torch
from torch import Tensor

from nvae.errors import UserError
from nvae.measures import manifolds
from nvae.measures.manifolds import Manifolds, compare, coverage_by_class, frechet_distance
from nvae.rng import torch_generator

# Tolerance for closed forms on the same samples: the rounding of float64, relative to tr C.
RELATIVE = 1e-11


def random(*shape: int, name: str) -> Tensor:
    return torch.randn(*shape, generator=torch_generator(0, name), dtype=torch.float64)


def rotation(features: int) -> Tensor:
    return torch.linalg.qr(random(features, features, name="rotation")).Q


def line(*points: float) -> Tensor:
    return torch.tensor(points)[:, None]


def spread(features: Tensor) -> float:
    return float(features.double().var(dim=0).sum())


def test_frechet_of_known_gaussians() -> None:
    """Covariances that commute: |m − m_w|² + Σ (σ − σ_w)² over the axes."""
    n, axes = 100_000, rotation(4)
    mean, std, other_std = torch.tensor([[1.0, -2.0, 0.0, 0.5], [1.0, 2.0, 0.3, 3.0], [2.0, 0.5, 0.3, 1.0]]).double()
    real = random(n, 4, name="real") * std @ axes
    generated = (random(n, 4, name="generated") * other_std + mean) @ axes
    expected = mean.square().sum() + (std - other_std).square().sum()
    # Delta method: var m̂ = σ²/n and var σ̂ = σ²/2n on each axis.
    variance = (4 * mean.square() + 2 * (std - other_std).square()) @ (std.square() + other_std.square()) / n
    assert frechet_distance(real, generated) == pytest.approx(float(expected), abs=5 * math.sqrt(variance))
    assert 5 * math.sqrt(variance) < 0.02 * expected


def test_frechet_of_a_set_shifted_or_scaled() -> None:
    real = random(300, 20, name="real") @ random(20, 20, name="mix") + 3
    shift = random(20, name="shift")
    tiny = RELATIVE * spread(real)
    assert frechet_distance(real, real) == pytest.approx(0, abs=tiny)
    assert frechet_distance(real, real + shift) == pytest.approx(float(shift.square().sum()), abs=tiny)
    scaled = 2**2 * (spread(real) + float(real.mean(dim=0).square().sum()))
    assert frechet_distance(real, 3 * real) == pytest.approx(scaled, rel=RELATIVE)


def test_frechet_agrees_with_the_matrix_square_root() -> None:
    """Covariances that do not commute."""
    real = (random(60, 8, name="real") @ random(8, 8, name="mix")).float()
    generated = (random(40, 8, name="generated") @ random(8, 8, name="other mix") + 1).float()
    a, b = real.double().numpy(), generated.double().numpy()
    cov, other_cov = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(cov @ other_cov).real
    expected = np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + np.trace(cov + other_cov - 2 * root)
    assert frechet_distance(real, generated) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(generated, real) == pytest.approx(expected, rel=1e-9)


def test_rotated_features_change_nothing() -> None:
    real, generated = random(50, 6, name="real"), 2 * random(70, 6, name="generated") + 1
    turned, generated_turned = real @ rotation(6), generated @ rotation(6)
    found = frechet_distance(turned, generated_turned)
    assert found == pytest.approx(frechet_distance(real, generated), rel=RELATIVE)
    assert compare(turned, generated_turned, neighbours=3) == compare(real, generated, neighbours=3)


def test_frechet_with_fewer_images_than_features() -> None:
    """ReLU features, some constant: 0 for identical sets, and all of tr C for sets that vary along different axes."""
    real = random(20, 64, name="real").relu()
    real[:, :10] = 0
    for seed in range(20):
        shuffled = real[torch.randperm(20, generator=torch_generator(seed, "order"))]
        assert 0 <= frechet_distance(real, shuffled) < RELATIVE * spread(real)
        scaled = 2**2 * (spread(real) + float(real.mean(dim=0).square().sum()))
        assert frechet_distance(real, 3 * shuffled) == pytest.approx(scaled, rel=RELATIVE)
    generated = real.roll(32, dims=1)
    real[:, 32:] = 1
    generated[:, :32] = 0
    means = float((real.mean(dim=0) - generated.mean(dim=0)).square().sum())
    expected = means + spread(real) + spread(generated)
    assert frechet_distance(real @ rotation(64), generated @ rotation(64)) == pytest.approx(expected, rel=RELATIVE)
    assert frechet_distance(torch.zeros(5, 3), torch.ones(5, 3)) == 3


@pytest.mark.parametrize("bad", [torch.zeros(1, 3), torch.full((4, 3), math.nan), torch.full((4, 3), math.inf)])
def test_frechet_refuses_sets_without_a_gaussian(bad: Tensor) -> None:
    with pytest.raises(ValueError, match="expected at least two, with finite features"):
        frechet_distance(bad, torch.zeros(4, 3))
    with pytest.raises(ValueError, match="expected at least two, with finite features"):
        frechet_distance(torch.zeros(4, 3), bad)


# Real balls for k = 1: [-18, 0], [-1, 1], [0, 2], [1, 5], [3, 11]; generated ones: [0, 4], [3, 5], [4, 6], [5, 35].
# For k = 2: [-19, 1], [-3, 3], [-1, 3], [0, 6], [1, 13]; [-1, 5], [2, 6], [2, 8], [4, 36].
@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [(1, Manifolds(3 / 4, 4 / 5, 6 / 4, 3 / 5)), (2, Manifolds(3 / 4, 4 / 5, 8 / 8, 4 / 5))],
)
def test_points_on_a_line(neighbours: int, expected: Manifolds) -> None:
    real, generated = line(-9, 0, 1, 3, 7), line(2, 4, 5, 20)
    assert compare(real, generated, neighbours=neighbours) == expected


@pytest.mark.parametrize("neighbours", [1, 5])
def test_a_set_against_itself(neighbours: int) -> None:
    """Each ball contains its centre and k more images, the last one on its surface."""
    real = random(300, 512, name="real").relu().float() + 10
    found = compare(real, real.flip(0), neighbours=neighbours)
    assert found == Manifolds(1, 1, (neighbours + 1) / neighbours, 1)


def test_sets_far_apart() -> None:
    real = random(50, 8, name="real")
    assert compare(real, real + 100, neighbours=3) == Manifolds(0, 0, 0, 0)


def test_a_ball_of_radius_zero_contains_only_copies() -> None:
    """This includes the point whose features are all 0."""
    real = (random(40, 512, name="real") + 10).float()
    real[0] = 0
    twice = torch.cat([real, real])
    assert compare(twice, twice, neighbours=1) == Manifolds(1, 1, 2, 1)
    assert compare(twice, twice * (1 + 1e-5) + 1e-5, neighbours=1) == Manifolds(0, 0, 0, 0)


def test_radii_allow_for_the_rounding_of_distances() -> None:
    """Between duplicates the distance is 0; the factor 2 is because radius and distance may each have the error."""
    real = random(40, 512, name="real") + 10
    twice = torch.cat([real, real])
    exact = torch.cdist(twice, twice, compute_mode="donot_use_mm_for_euclid_dist").square()
    found = torch.cat([squares for _, squares in manifolds._squared_distances(twice, twice)])
    error = (found - exact).abs().max()
    assert error > 0
    assert manifolds._squared_radii(twice, 1).min() > 2 * error


def test_a_dropped_mode_lowers_recall_and_coverage() -> None:
    modes = random(200, 8, name="real") + torch.tensor([[0.0], [100.0]]).repeat_interleave(100, dim=0)
    found = compare(modes, modes[:100], neighbours=3)
    assert (found.precision, found.recall, found.coverage) == (1, 0.5, 0.5)
    fresh = compare(modes, random(100, 8, name="generated") / 2, neighbours=3)
    assert fresh.precision == 1
    assert fresh.recall < 0.5
    assert 0.2 < fresh.coverage < 0.5


def test_junk_lowers_precision_and_density() -> None:
    """The junk is a tight cluster far away, so that its balls contain no real image."""
    real = random(150, 8, name="real")
    found = compare(real, torch.cat([real, random(50, 8, name="junk") + 100]), neighbours=3)
    assert found == Manifolds(precision=0.75, recall=1, density=0.75 * 4 / 3, coverage=1)


def test_two_samples_of_one_distribution() -> None:
    """The density is 1, and a ball is empty if the k images of both sets nearest to its centre are real."""
    n, m, k, repeats = 30, 20, 3, 400
    real, generated = random(repeats, n, 4, name="real"), random(repeats, m, 4, name="generated")
    found = [compare(a, b, neighbours=k) for a, b in zip(real, generated, strict=True)]
    empty = math.prod((n - i) / (n + m - i) for i in range(1, k + 1))
    for values, expected in (([f.density for f in found], 1), ([f.coverage for f in found], 1 - empty)):
        error = np.std(values) / math.sqrt(repeats)
        assert np.mean(values) == pytest.approx(expected, abs=4 * error)
        assert 4 * error < 0.05


def by_loops(
    real: npt.NDArray[np.float64], generated: npt.NDArray[np.float64], k: int
) -> tuple[float, float, float, float]:
    def radius(points: npt.NDArray[np.float64], i: int) -> float:
        return sorted(math.dist(points[i], points[j]) for j in range(len(points)) if j != i)[k - 1]

    real_radii = [radius(real, i) for i in range(len(real))]
    generated_radii = [radius(generated, j) for j in range(len(generated))]
    near = [[math.dist(x, y) <= r for y in generated] for x, r in zip(real, real_radii, strict=True)]
    back = [[math.dist(x, y) <= r for y, r in zip(generated, generated_radii, strict=True)] for x in real]
    precision = sum(any(row[j] for row in near) for j in range(len(generated))) / len(generated)
    recall = sum(any(row) for row in back) / len(real)
    density = sum(sum(row) for row in near) / (k * len(generated))
    return precision, recall, density, sum(any(row) for row in near) / len(real)


def with_ties() -> tuple[Tensor, Tensor]:
    """Return random sets with duplicates within each set and between both."""
    real = random(60, 5, name="real")
    generated = 0.8 * random(45, 5, name="generated") + 0.3
    return torch.cat([real, real[:6], real[:3]]), torch.cat([generated, generated[:4], real[10:14]])


@pytest.mark.parametrize("neighbours", [1, 2, 5, 48])
def test_agrees_with_loops_over_the_definitions(neighbours: int) -> None:
    real, generated = with_ties()
    found = compare(real, generated, neighbours=neighbours)
    expected = by_loops(real.numpy(), generated.numpy(), neighbours)
    assert (found.precision, found.recall, found.density, found.coverage) == expected


@pytest.mark.parametrize("chunk_bytes", [1, 8 * 69 * 7, 8 * 69 * 52])
def test_chunks_change_nothing(chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real, generated = with_ties()
    labels, generated_labels = torch.arange(69) % 2, torch.arange(53) % 2

    def by_class() -> list[float]:
        found = coverage_by_class(real, labels, generated, generated_labels, n_classes=2, neighbours=3)
        return found.tolist()

    whole, whole_by_class = compare(real, generated, neighbours=3), by_class()
    monkeypatch.setattr(manifolds, "CHUNK_BYTES", chunk_bytes)
    assert compare(real, generated, neighbours=3) == whole
    assert by_class() == whole_by_class
    sizes = {squares.nbytes for _, squares in manifolds._squared_distances(generated, real)}
    assert max(sizes) == max(chunk_bytes, 8 * 69)


def test_coverage_by_class_identifies_missing_and_collapsed_classes() -> None:
    """Complete; missing; collapsed to the point 2, which is in [1, 3] and [2, 4], not in [-2, 0], [-1, 1], [3, 11]."""
    real, real_labels = line(0, 0, 2, 5, 0, 0, 2, 5, -1, 0, 2, 3, 7), torch.tensor([0] * 4 + [1] * 4 + [2] * 5)
    generated, labels = line(0, 2, 5, 2, 2, 2), torch.tensor([0] * 3 + [2] * 3)
    found = coverage_by_class(real, real_labels, generated, labels, n_classes=3, neighbours=1)
    assert found.tolist() == [1, 0, 2 / 5]
    order = torch.randperm(13, generator=torch_generator(0, "order"))
    mixed = coverage_by_class(real[order], real_labels[order], generated, labels, n_classes=3, neighbours=1)
    assert mixed.tolist() == found.tolist()
    nothing = coverage_by_class(real, real_labels, generated[:0], labels[:0], n_classes=3, neighbours=1)
    assert nothing.tolist() == [0, 0, 0]


def test_too_few_images_for_the_neighbours_are_refused() -> None:
    few, many = torch.arange(6.0).view(3, 2), torch.arange(20.0).view(10, 2)
    labels = torch.tensor([0] * 8 + [1] * 2)
    compare(few, many, neighbours=2)
    with pytest.raises(UserError, match=r"fidelity\.neighbours: got 3, .* less than the 3 real images\. Edit params"):
        compare(few, many, neighbours=3)
    with pytest.raises(UserError, match=r"fidelity\.neighbours: got 3, .* less than the 3 generated images\. Edit"):
        compare(many, few, neighbours=3)
    with pytest.raises(UserError, match=r"fidelity\.neighbours: got 0, expected at least 1"):
        compare(many, many, neighbours=0)
    with pytest.raises(UserError, match=r"fidelity\.neighbours: got 2, .* less than the 2 real images of class 1\."):
        coverage_by_class(many, labels, many, labels, n_classes=2, neighbours=2)
