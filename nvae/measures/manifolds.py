"""Comparison of generated and real images in a feature space.

A set is a tensor (n, features) float32; both sets are on one device. All subtractions and squares are computed in
float64.

Balls are closed: a point at exactly the radius is inside, as Kynkäänniemi et al. define them. Naeem et al. leave this
open, and their code uses open balls, with which a point whose k-th neighbour is its duplicate is not covered even by a
copy of itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nvae.errors import UserError

#: Size of the largest matrix of distances, in bytes.
CHUNK_BYTES = 64 * 2**20

#: Bound on the rounding error of a squared distance, relative to |x|² + r² for points x at distance r: for 512 features
#: twice 512 · 2⁻⁵³ · (2|x| + r)². Points closer than 10⁻⁶ |x| thus count as identical, which is the limit of float32.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Manifolds:
    """Overlap of the generated and the real manifold, each the union of balls around its images.

    Args:
        precision: Share of the generated images that are inside a real ball.
        recall: Share of the real images that are inside a generated ball.
        density: Mean number of real balls around a generated image, divided by k. It may exceed 1; its expectation is 1
            if both sets are samples of one distribution.
        coverage: Share of the real balls that contain a generated image.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Compute the squared Fréchet distance |m − m_w|² + tr(C + C_w − 2 (C C_w)^½) of the Gaussians fitted to two sets.

    Args:
        real: Features of real images (n, features), n ≥ 2.
        generated: Features of generated images (m, features), m ≥ 2.

    Returns:
        Distance in squared units of the features, not below 0.

    Raises:
        ValueError: If a set has fewer than two images or a feature that is not finite.

    Source: Heusel et al. 2017, eq. 6, with unbiased covariances.
    """
    (mean, factor), (generated_mean, generated_factor) = _gaussian(real), _gaussian(generated)
    # With C = RᵀR, tr (C C_w)^½ is the sum of the singular values of R R_wᵀ. The eigenvalues of C^½ C_w C^½ are their
    # squares; taking the root of those that are 0 up to rounding would lose half of the digits.
    cross = torch.linalg.svdvals(factor @ generated_factor.T).sum()
    shift = (mean - generated_mean).square().sum()
    return max(0.0, float(shift + factor.square().sum() + generated_factor.square().sum() - 2 * cross))


def _gaussian(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean (features,) and R (min(n, features), features) of the covariance RᵀR, for features (n, features)."""
    if len(features) < 2 or not torch.isfinite(features).all():
        raise ValueError(f"got {len(features)} images, expected at least two, with finite features")
    features = features.double()
    mean = features.mean(dim=0)
    return mean, torch.linalg.qr((features - mean) / (len(features) - 1) ** 0.5, mode="r").R


def compare(real: Tensor, generated: Tensor, *, neighbours: int) -> Manifolds:
    """Compute precision, recall, density and coverage of the generated images.

    Args:
        real: Features of real images (n, features).
        generated: Features of generated images (m, features).
        neighbours: Number k; the radius of a ball is the distance to the k-th nearest other image of the same set.

    Returns:
        All four metrics at the same k.

    Raises:
        UserError: If a set has no k-th neighbour.

    Source: Kynkäänniemi et al. 2019, eq. 1 and 2; Naeem et al. 2020, §3.2.
    """
    _check_neighbours(neighbours, len(real), "real images")
    _check_neighbours(neighbours, len(generated), "generated images")
    real, generated = real.double(), generated.double()
    real_radii, generated_radii = _squared_radii(real, neighbours), _squared_radii(generated, neighbours)
    precise, balls = 0, 0
    covered = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    recalled = torch.zeros_like(covered)
    for rows, squares in _squared_distances(generated, real):
        inside = squares <= real_radii
        precise += int(inside.any(dim=1).sum())
        balls += int(inside.sum())
        covered |= inside.any(dim=0)
        recalled |= (squares <= generated_radii[rows, None]).any(dim=0)
    return Manifolds(
        precision=precise / len(generated),
        recall=int(recalled.sum()) / len(real),
        density=balls / (neighbours * len(generated)),
        coverage=int(covered.sum()) / len(real),
    )


def coverage_by_class(
    real: Tensor, real_labels: Tensor, generated: Tensor, generated_labels: Tensor, *, n_classes: int, neighbours: int
) -> Tensor:
    """Compute the coverage of each class's real images by the generated images of the same class.

    Args:
        real: Features of real images (n, features).
        real_labels: Labels of real images (n,) int64.
        generated: Features of generated images (m, features).
        generated_labels: Classes for which the images were generated (m,) int64.
        n_classes: Number of classes.
        neighbours: Number k; the radius of a ball is the distance to the k-th nearest other real image of the same
            class.

    Returns:
        Coverage (n_classes,) float64 on the CPU, 0 for a class without generated images.

    Raises:
        UserError: If a class of real images has no k-th neighbour.

    Source: Naeem et al. 2020, §3.2, per class; it shows which class collapsed.
    """
    shares = []
    for label in range(n_classes):
        members = real[real_labels == label].double()
        _check_neighbours(neighbours, len(members), f"real images of class {label}")
        radii = _squared_radii(members, neighbours)
        covered = torch.zeros_like(radii, dtype=torch.bool)
        for _, squares in _squared_distances(generated[generated_labels == label].double(), members):
            covered |= (squares <= radii).any(dim=0)
        shares.append(int(covered.sum()) / len(members))
    return torch.tensor(shares, dtype=torch.float64)


def _check_neighbours(neighbours: int, images: int, name: str) -> None:
    if not 1 <= neighbours < images:
        raise UserError(
            "fidelity.neighbours",
            got=neighbours,
            expected=f"at least 1 and less than the {images} {name}",
            hint="Edit params.yaml.",
        )


def _squared_radii(points: Tensor, neighbours: int) -> Tensor:
    """Return squared distances (n,) from points (n, features) to their k-th nearest other point, rounded up."""
    radii = torch.empty_like(points[:, 0])
    for rows, squares in _squared_distances(points, points):
        squares.diagonal(rows.start).fill_(torch.inf)
        radii[rows] = squares.topk(neighbours, dim=1, largest=False).values.amax(dim=1)
    return radii + ROUNDING * (points.square().sum(dim=1) + radii)


def _squared_distances(points: Tensor, others: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Yield the matrix of squared distances in chunks of rows.

    Args:
        points: Points (n, features) float64.
        others: Other points (m, features) float64.

    Yields:
        Slice of the points, and their distances (points, m) float64, as |x|² + |y|² − 2xy, which may be below 0 by
        rounding.
    """
    lengths, other_lengths = points.square().sum(dim=1), others.square().sum(dim=1)
    step = max(1, CHUNK_BYTES // (others.element_size() * len(others)))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        yield rows, torch.addmm(other_lengths, points[rows], others.T, alpha=-2).add_(lengths[rows, None])
