"""Scores of a representation whose factors of variation are known.

Does each dimension of the code tell of one factor (``modularity``, ``disentanglement``), does one dimension tell all of
a factor (``mig``, ``sap``, ``completeness``), do all dimensions together (``DCI.informativeness``)? The paper reports
none of these.

Codes are (n, dims), factors (n, n_factors), row by row of the same image; factors are continuous, such as angles, and
a score can't know that an angle closes. Scores are blind to order, scale, shift and sign of dimensions and factors, but
for values on the edge of a bin, and ties between splits in ``dci``. So a collapsed dimension that still varies by 1e-6
is judged by the shape of what is left. Give samples of q(z | x) rather than means where it should count as noise. A
dead dimension, one that is exactly constant, tells of nothing.

Where a score has no meaning by its formula, because there is one factor or one dimension alone, the docstring says what
stands for it. Nothing here returns nan.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import entropy
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mutual_info_score, r2_score

from nvae.rng import derive_seed

Array = npt.NDArray[np.floating[Any]]

#: A value this near to the edge of a bin, in units of the range, is on it: so levels of a factor that fall on edges,
#: such as angles, are in the same bins in degrees and in radians.
ROUNDING = 1e-12


@dataclass(frozen=True)
class DCI:
    """The three scores of Eastwood & Williams.

    Args:
        disentanglement: 1 where each dimension matters for one factor, 0 where each matters alike for all.
        completeness: 1 where one dimension matters for each factor, 0 where all dimensions matter alike.
        informativeness: mean over factors of the held-out R², at most 1; 0 is what the held-out mean would score.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_nats(codes: Array, factors: Array, *, bins: int) -> npt.NDArray[np.float64]:
    """Mutual information of each dimension and each factor, both cut into bins of equal width over their range.

    It is that of the histogram, which is too high: of independent columns by (b − 1)(c − 1) / 2n nats on average, b and
    c the numbers of bins that aren't empty, and by somewhat more where n isn't well above bins². For n = 600 that is
    0.07 nats with 10 bins but 0.35 with 20, a ninth of log(bins). So compare at the same n and bins.

    Args:
        codes: (n, dims).
        factors: (n, n_factors).
        bins: of each column, at least 2.

    Returns:
        (dims, n_factors), between 0 and log(bins); 0 for a dead dimension.

    Raises:
        ValueError: the shapes are wrong, a value isn't finite, a factor is constant, or there are fewer than two bins.

    Source: Locatello et al. 2019, whose equal-width bins stand for the density of q(z | x) in Chen et al. 2018.
    """
    codes, factors = _checked(codes, factors)
    cut_codes, cut_factors = _cut(codes, bins), _cut(factors, bins)
    return np.array([[mutual_info_score(code, factor) for factor in cut_factors.T] for code in cut_codes.T])


def mig(codes: Array, factors: Array, *, bins: int) -> float:
    """Mutual information gap: what the most informative dimension tells of a factor beyond the second, as a share.

    The bias of ``mutual_information_nats`` is about the same in both terms of the gap, so useless codes are near 0.

    Args:
        codes: (n, dims). With one dimension the second is taken to tell nothing, as if there were a dead one.
        factors: (n, n_factors).
        bins: of each column, at least 2.

    Returns:
        Mean over factors of the gap over the entropy of the (binned) factor, between 0 and 1.

    Raises:
        ValueError: as ``mutual_information_nats``.

    Source: Chen et al. 2018 (arXiv 1802.04942), §4.
    """
    information = mutual_information_nats(codes, factors, bins=bins)
    entropies = [entropy(np.bincount(factor)) for factor in _cut(factors, bins).T]
    return _gap(information / entropies)


def sap(codes: Array, factors: Array) -> float:
    """Separated attribute predictability: the gap between the two best linear predictors of a factor.

    A dimension's score is its squared correlation with the factor, so what isn't monotone may score 0. Of independent
    columns it is 1 / (n − 1) on average.

    Args:
        codes: (n, dims). With one dimension the second is taken to tell nothing, as if there were a dead one.
        factors: (n, n_factors).

    Returns:
        Mean over factors, between 0 and 1. A dead dimension scores 0.

    Raises:
        ValueError: the shapes are wrong, a value isn't finite, or a factor is constant.

    Source: Kumar et al. 2018 (arXiv 1711.00848), §3, for continuous factors.
    """
    codes, factors = _checked(codes, factors)
    varying = _unit(codes)[:, np.ptp(codes, axis=0) > 0]
    # Rows are variables: the first are dimensions, the rest factors.
    correlation = np.atleast_2d(np.corrcoef(np.column_stack([varying, _unit(factors)]), rowvar=False))
    return _gap(correlation[: varying.shape[1], varying.shape[1] :] ** 2)


def modularity(codes: Array, factors: Array, *, bins: int) -> float:
    """How far each dimension is from telling of one factor alone.

    Of one dimension it is 1 − Σ I² / (max I² (n_factors − 1)), the sum over all factors but the one that it tells most
    of. It doesn't ask how much a dimension tells: one that tells nearly nothing has the modularity of its noise, and
    weighs as much as any other in the mean.

    Args:
        codes: (n, dims).
        factors: (n, n_factors). With one factor alone every dimension that tells of it has modularity 1, which says
            nothing.
        bins: of each column, at least 2.

    Returns:
        Mean over dimensions, between 0 and 1. A dead dimension is in the mean, with 0, as in public implementations.

    Raises:
        ValueError: as ``mutual_information_nats``.

    Source: Ridgeway & Mozer 2018 (arXiv 1802.05312), §3, with mutual information as there.
    """
    squares = mutual_information_nats(codes, factors, bins=bins) ** 2
    most = squares.max(axis=1)
    others = (squares.sum(axis=1) - most) / max(1, squares.shape[1] - 1)
    return float(np.mean(1 - np.divide(others, most, out=np.ones_like(most), where=most > 0)))


def disentanglement(importance: Array) -> float:
    """Whether each dimension matters for one factor: 1 − the entropy of its row, over log(n_factors).

    Args:
        importance: (dims, n_factors), not below 0, of a dimension in predicting a factor. With one factor alone every
            dimension that matters has disentanglement 1, which says nothing.

    Returns:
        Mean over dimensions weighted by their total importance, between 0 and 1. Dimensions without any don't count;
        if nothing matters, 0.

    Raises:
        ValueError: the shape is wrong, or a value isn't finite or is below 0.

    Source: Eastwood & Williams 2018, §2.
    """
    importance = np.asarray(importance, dtype=np.float64)
    if importance.ndim != 2 or not importance.size or not np.isfinite(importance).all() or importance.min() < 0:
        raise ValueError(f"got importances {importance.shape}, expected (dims, n_factors), finite and not below 0")
    rows = importance[importance.any(axis=1)]
    if not rows.size:
        return 0.0
    if rows.shape[1] == 1:
        return 1.0
    scores = 1 - entropy(rows, axis=1, base=rows.shape[1])
    return max(0.0, float(np.average(scores, weights=rows.sum(axis=1))))


def completeness(importance: Array) -> float:
    """Whether one dimension matters for each factor: 1 − the entropy of its column, over log(dims).

    Args:
        importance: (dims, n_factors), not below 0, of a dimension in predicting a factor. With one dimension alone it
            is 1 if that matters, which says nothing.

    Returns:
        Mean over factors weighted by their total importance, between 0 and 1; if nothing matters, 0. A dead dimension
        counts in log(dims), so it raises what isn't 1.

    Raises:
        ValueError: the shape is wrong, or a value isn't finite or is below 0.

    Source: Eastwood & Williams 2018, §2; the weights as in Locatello et al. 2019.
    """
    return disentanglement(np.asarray(importance).T)


def dci(train_codes: Array, train_factors: Array, codes: Array, factors: Array, *, seed: int) -> DCI:
    """Disentanglement, completeness and informativeness, by one ensemble of gradient-boosted trees for each factor.

    100 trees of depth 3, scikit-learn's default: a third of a second for 600 images, 5 dimensions and 4 factors. The
    importance of a dimension is its share of what the splits lower the squared error by, on the training images. The
    shares of a factor add up to 1 however badly it is predicted, so read the first two scores with the third.

    Args:
        train_codes: (n_train, dims), what the trees are fitted on.
        train_factors: (n_train, n_factors).
        codes: (n, dims), what informativeness is judged on.
        factors: (n, n_factors).
        seed: of the order in which a split looks at dimensions, which breaks ties.

    Returns:
        As ``disentanglement`` and ``completeness``; R² of a factor is 1 − Σ (y − ŷ)² / Σ (y − ȳ)² with ȳ the mean of
        the held-out images, below 0 where the trees do worse than that. If all dimensions are dead, both are 0.

    Raises:
        ValueError: the shapes are wrong or differ between the two sets, a value isn't finite, or a factor is constant
            in one of them.

    Source: Eastwood & Williams 2018, §2, with R² for their normalised error and, as in Locatello et al. 2019, boosted
    trees for their lasso and random forest.
    """
    train_codes, train_factors = _checked(train_codes, train_factors)
    codes, factors = _checked(codes, factors)
    dims, n_factors = train_codes.shape[1], train_factors.shape[1]
    if (codes.shape[1], factors.shape[1]) != (dims, n_factors):
        raise ValueError(
            f"got {codes.shape[1]} dimensions and {factors.shape[1]} factors, expected {dims} and {n_factors} as in"
            " training"
        )
    # Trees don't ask for it in theory; scikit-learn's take differences below 1e-7 in a code for none.
    codes, factors = _unit(codes, of=train_codes), _unit(factors, of=train_factors)
    train_codes, train_factors = _unit(train_codes), _unit(train_factors)
    importance, scores = np.empty((dims, n_factors)), []
    for factor in range(n_factors):
        trees = GradientBoostingRegressor(random_state=derive_seed(seed, "dci", factor) % 2**32)
        trees.fit(train_codes, train_factors[:, factor])
        importance[:, factor] = trees.feature_importances_
        scores.append(r2_score(factors[:, factor], trees.predict(codes)))
    return DCI(disentanglement(importance), completeness(importance), float(np.mean(scores)))


def _checked(codes: Array, factors: Array) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Both as float64, or ValueError: matrices with as many rows, finite range, and no constant factor."""
    codes_64, factors_64 = np.asarray(codes, dtype=np.float64), np.asarray(factors, dtype=np.float64)
    shapes = f"got codes {codes_64.shape} and factors {factors_64.shape}"
    both = codes_64, factors_64
    if any(values.ndim != 2 or not values.size for values in both) or len(codes_64) != len(factors_64):
        raise ValueError(f"{shapes}, expected (n, dims) and (n, n_factors)")
    with np.errstate(invalid="ignore", over="ignore"):
        ranges, factor_ranges = (np.ptp(values, axis=0) for values in both)
    if not np.isfinite(ranges).all() or not np.isfinite(factor_ranges).all():
        raise ValueError(f"{shapes} with a value or a range that isn't finite, expected none")
    if not factor_ranges.all():
        raise ValueError(f"{shapes}, of which factor {factor_ranges.argmin()} is constant, expected each to vary")
    return both


def _unit(values: Array, of: Array | None = None) -> npt.NDArray[np.float64]:
    """Columns (n, columns) with 0 for the lowest and 1 for the highest of each in ``of``; 0 where that is constant."""
    reference = values if of is None else of
    span = np.ptp(reference, axis=0)
    unit: npt.NDArray[np.float64] = np.divide(
        values - reference.min(axis=0), span, out=np.zeros(values.shape), where=span > 0
    )
    return unit


def _cut(values: Array, bins: int) -> npt.NDArray[np.int64]:
    """The bin of each value (n, columns). A value on an edge is in the upper bin, but the highest is in the last."""
    if bins < 2:
        raise ValueError(f"got {bins} bins, expected at least 2")
    return np.digitize(_unit(np.asarray(values, dtype=np.float64)), np.arange(1, bins) / bins - ROUNDING)


def _gap(scores: Array) -> float:
    """Mean over factors of the best score less the second, of scores (dims, n_factors) not below 0."""
    padded = np.vstack([scores, np.zeros((2, scores.shape[1]))])
    second, best = np.sort(padded, axis=0)[-2:]
    return float(np.mean(best - second))
