"""How a set of generated images lies among real ones, in a feature space.

A set is a tensor (n, features) float32, both sets on one device. All that is subtracted or squared is float64.

Balls are closed: a point at exactly the radius is inside. So Kynkäänniemi et al. define them. Naeem et al. leave it
open, and their code takes open balls: there a point whose k-th neighbour is its duplicate isn't covered even by a copy
of itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nvae.errors import UserError

#: Of the largest matrix of distances.
CHUNK_BYTES = 64 * 2**20

#: Bounds the rounding error of a squared distance, relative to |x|² + r² for points x at distance r: for 512 features
#: twice 512 · 2⁻⁵³ · (2|x| + r)². So points closer than 10⁻⁶ |x| are the same, which is what float32 features can tell.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Manifolds:
    """The overlap of the generated and the real manifold, each the union of balls around its images.

    Args:
        precision: share of the generated images inside any real ball.
        recall: share of the real images inside any generated ball.
        density: real balls around a generated image on average, over k. Not bounded by 1, but expected to be 1 if both
            sets are samples of one distribution.
        coverage: share of the real balls that hold any generated image.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Squared Fréchet distance |m − m_w|² + tr(C + C_w − 2 (C C_w)^½) of the Gaussians fitted to two sets.

    Args:
        real: (n, features), n ≥ 2.
        generated: (m, features), m ≥ 2.

    Returns:
        In squared units of the features, not below 0.

    Raises:
        ValueError: a set has fewer than two images or a feature that is not finite.

    Source: Heusel et al. 2017, eq. 6, with unbiased covariances.
    """
    (mean, factor), (generated_mean, generated_factor) = _gaussian(real), _gaussian(generated)
    # With C = RᵀR, tr (C C_w)^½ is the sum of the singular values of R R_wᵀ. The eigenvalues of C^½ C_w C^½ are their
    # squares: to take the root of those that are 0 but for rounding costs half of the digits.
    cross = torch.linalg.svdvals(factor @ generated_factor.T).sum()
    shift = (mean - generated_mean).square().sum()
    return max(0.0, float(shift + factor.square().sum() + generated_factor.square().sum() - 2 * cross))


def _gaussian(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (features,) and R (min(n, features), features) of covariance RᵀR, for features (n, features)."""
    if len(features) < 2 or not torch.isfinite(features).all():
        raise ValueError(f"got {len(features)} images, expected at least two, with finite features")
    features = features.double()
    mean = features.mean(dim=0)
    return mean, torch.linalg.qr((features - mean) / (len(features) - 1) ** 0.5, mode="r").R


def compare(real: Tensor, generated: Tensor, *, neighbours: int) -> Manifolds:
    """Precision, recall, density and coverage of the generated images.

    Args:
        real: (n, features).
        generated: (m, features).
        neighbours: k; a ball reaches to the k-th nearest other image of the same set.

    Returns:
        All four at the same k.

    Raises:
        UserError: a set has no k-th neighbour.

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
    """Coverage of each class's real images by the generated images of the same class.

    Args:
        real: (n, features).
        real_labels: (n,) int64.
        generated: (m, features).
        generated_labels: (m,) int64, the classes that were asked for.
        n_classes: how many there are.
        neighbours: k; a ball reaches to the k-th nearest other real image of the same class.

    Returns:
        (n_classes,) float64 on the CPU, 0 for a class without generated images.

    Raises:
        UserError: a class of real images has no k-th neighbour.

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
    """Squared distances (n,) from points (n, features) to their k-th nearest other point, rounded up."""
    radii = torch.empty_like(points[:, 0])
    for rows, squares in _squared_distances(points, points):
        squares.diagonal(rows.start).fill_(torch.inf)
        radii[rows] = squares.topk(neighbours, dim=1, largest=False).values.amax(dim=1)
    return radii + ROUNDING * (points.square().sum(dim=1) + radii)


def _squared_distances(points: Tensor, others: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Rows of the matrix of squared distances, a chunk at a time.

    Args:
        points: (n, features) float64.
        others: (m, features) float64.

    Yields:
        Which points, and (points, m) float64: |x|² + |y|² − 2xy, which is below 0 where rounding makes it so.
    """
    lengths, other_lengths = points.square().sum(dim=1), others.square().sum(dim=1)
    step = max(1, CHUNK_BYTES // (others.element_size() * len(others)))
    for start in range(0, len(points), step):
        rows = slice(start, start + step)
        yield rows, torch.addmm(other_lengths, points[rows], others.T, alpha=-2).add_(lengths[rows, None])
