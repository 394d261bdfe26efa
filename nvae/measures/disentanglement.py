"""Disentanglement scores of a representation whose factors of variation are known.

The scores answer three questions: whether each dimension of the code is informative about one factor only
(``modularity``, ``disentanglement``), whether one dimension contains all information about a factor (``mig``, ``sap``,
``completeness``), and whether all dimensions together do (``DCI.informativeness``). The paper reports none of these
scores.

Codes are (n, dims) and factors (n, n_factors), with one row per image. Factors are continuous, such as angles; the
scores do not account for the periodicity of an angle. Scores are invariant to order, scale, shift and sign of
dimensions and factors, except for values on the edge of a bin, and ties between splits in ``dci``. A collapsed
dimension that still varies by 1e-6 is therefore scored by the shape of this remainder; pass samples of q(z | x) instead
of means if it should count as noise. A dead dimension, which is exactly constant, has no information about any factor.

Where the formula of a score is undefined, because there is only one factor or one dimension, the docstring states the
value that replaces it. No function here returns nan.
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

#: Values closer to the edge of a bin than this, in units of the range, count as on the edge. Levels of a factor that
#: fall on edges, such as angles, are thus in the same bins in degrees and in radians.
ROUNDING = 1e-12


@dataclass(frozen=True)
class DCI:
    """The three scores of Eastwood & Williams.

    Args:
        disentanglement: 1 if each dimension matters for one factor only, 0 if each matters equally for all factors.
        completeness: 1 if only one dimension matters for each factor, 0 if all dimensions matter equally.
        informativeness: Mean over factors of the held-out R², at most 1; predicting the held-out mean scores 0.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def mutual_information_nats(codes: Array, factors: Array, *, bins: int) -> npt.NDArray[np.float64]:
    """Compute the mutual information of each dimension and each factor, cut into bins of equal width over their range.

    This is the mutual information of the histogram, which is biased upwards. With b and c non-empty bins, the bias for
    independent columns is (b − 1)(c − 1) / 2n nats on average, and somewhat more if n is not well above bins². For n =
    600 it is 0.07 nats with 10 bins but 0.35 nats with 20 bins, a ninth of log(bins). Compare values only at the same n
    and bins.

    Args:
        codes: Codes (n, dims).
        factors: Factors (n, n_factors).
        bins: Number of bins per column, at least 2.

    Returns:
        Mutual information (dims, n_factors) in nats, between 0 and log(bins); 0 for a dead dimension.

    Raises:
        ValueError: If shapes do not match, a value is not finite, a factor is constant, or ``bins`` is below 2.

    Source: Locatello et al. 2019, whose equal-width bins replace the density of q(z | x) in Chen et al. 2018.
    """
    codes, factors = _checked(codes, factors)
    cut_codes, cut_factors = _cut(codes, bins), _cut(factors, bins)
    return np.array([[mutual_info_score(code, factor) for factor in cut_factors.T] for code in cut_codes.T])


def mig(codes: Array, factors: Array, *, bins: int) -> float:
    """Compute the mutual information gap between the two most informative dimensions of a factor, as a share.

    The bias of ``mutual_information_nats`` is about the same in both terms of the gap, so useless codes score near 0.

    Args:
        codes: Codes (n, dims). If there is only one dimension, the second term is 0, as for a dead dimension.
        factors: Factors (n, n_factors).
        bins: Number of bins per column, at least 2.

    Returns:
        Mean over factors of the gap divided by the entropy of the (binned) factor, between 0 and 1.

    Raises:
        ValueError: As in ``mutual_information_nats``.

    Source: Chen et al. 2018 (arXiv 1802.04942), §4.
    """
    information = mutual_information_nats(codes, factors, bins=bins)
    entropies = [entropy(np.bincount(factor)) for factor in _cut(factors, bins).T]
    return _gap(information / entropies)


def sap(codes: Array, factors: Array) -> float:
    """Compute the separated attribute predictability: the gap between the two best linear predictors of a factor.

    The score of a dimension is its squared correlation with the factor, so a non-monotone relation may score 0. For
    independent columns it is 1 / (n − 1) on average.

    Args:
        codes: Codes (n, dims). If there is only one dimension, the second score is 0, as for a dead dimension.
        factors: Factors (n, n_factors).

    Returns:
        Mean over factors, between 0 and 1. A dead dimension scores 0.

    Raises:
        ValueError: If shapes do not match, a value is not finite, or a factor is constant.

    Source: Kumar et al. 2018 (arXiv 1711.00848), §3, for continuous factors.
    """
    codes, factors = _checked(codes, factors)
    varying = _unit(codes)[:, np.ptp(codes, axis=0) > 0]
    # Rows are variables: first the dimensions, then the factors.
    correlation = np.atleast_2d(np.corrcoef(np.column_stack([varying, _unit(factors)]), rowvar=False))
    return _gap(correlation[: varying.shape[1], varying.shape[1] :] ** 2)


def modularity(codes: Array, factors: Array, *, bins: int) -> float:
    """Compute the modularity: to what extent each dimension is informative about one factor only.

    The modularity of one dimension is 1 − Σ I² / (max I² (n_factors − 1)), where the sum runs over all factors except
    the one with the largest mutual information I. It is independent of the amount of information: a nearly
    uninformative dimension has the modularity of its noise, and the same weight in the mean as any other dimension.

    Args:
        codes: Codes (n, dims).
        factors: Factors (n, n_factors). With only one factor, every dimension with information about it has modularity
            1, which is meaningless.
        bins: Number of bins per column, at least 2.

    Returns:
        Mean over dimensions, between 0 and 1. A dead dimension enters the mean with 0, as in public implementations.

    Raises:
        ValueError: As in ``mutual_information_nats``.

    Source: Ridgeway & Mozer 2018 (arXiv 1802.05312), §3, with mutual information as there.
    """
    squares = mutual_information_nats(codes, factors, bins=bins) ** 2
    most = squares.max(axis=1)
    others = (squares.sum(axis=1) - most) / max(1, squares.shape[1] - 1)
    return float(np.mean(1 - np.divide(others, most, out=np.ones_like(most), where=most > 0)))


def disentanglement(importance: Array) -> float:
    """Compute whether each dimension matters for one factor: 1 − the entropy of its row, over log(n_factors).

    Args:
        importance: Importance (dims, n_factors), not below 0, of each dimension for predicting each factor. With only
            one factor, every dimension that matters has disentanglement 1, which is meaningless.

    Returns:
        Mean over dimensions weighted by their total importance, between 0 and 1. Dimensions without importance are left
        out; the value is 0 if no dimension matters.

    Raises:
        ValueError: If the shape is wrong, or a value is not finite or is below 0.

    Source: Eastwood & Williams 2018, §2.
    """
    importance = np.asarray(importance, dtype=np.float64)
    if importance.ndim != 2 or not importance.size or not np.isfinite(importance).all() or importance.min() < 0:
        raise ValueError(f"got importances {importance.shape}, expected (dims, n_factors), finite and non-negative")
    rows = importance[importance.any(axis=1)]
    if not rows.size:
        return 0.0
    if rows.shape[1] == 1:
        return 1.0
    scores = 1 - entropy(rows, axis=1, base=rows.shape[1])
    return max(0.0, float(np.average(scores, weights=rows.sum(axis=1))))


def completeness(importance: Array) -> float:
    """Compute whether one dimension matters for each factor: 1 − the entropy of its column, over log(dims).

    Args:
        importance: Importance (dims, n_factors), not below 0, of each dimension for predicting each factor. With only
            one dimension, completeness is 1 if that dimension matters, which is meaningless.

    Returns:
        Mean over factors weighted by their total importance, between 0 and 1; 0 if no dimension matters. A dead
        dimension counts in log(dims), so it raises every value below 1.

    Raises:
        ValueError: If the shape is wrong, or a value is not finite or is below 0.

    Source: Eastwood & Williams 2018, §2; the weights as in Locatello et al. 2019.
    """
    return disentanglement(np.asarray(importance).T)


def dci(train_codes: Array, train_factors: Array, codes: Array, factors: Array, *, seed: int) -> DCI:
    """Compute disentanglement, completeness and informativeness with one ensemble of gradient-boosted trees per factor.

    Each ensemble has 100 trees of depth 3, the default of scikit-learn, which takes a third of a second for 600 images,
    5 dimensions and 4 factors. The importance of a dimension is its share of the reduction of the squared error by the
    splits, on the training images. The shares of a factor add up to 1 however badly it is predicted, so interpret the
    first two scores together with the third.

    Args:
        train_codes: Codes (n_train, dims) that the trees are fitted on.
        train_factors: Factors (n_train, n_factors) of the same images.
        codes: Codes (n, dims) that informativeness is evaluated on.
        factors: Factors (n, n_factors) of the same images.
        seed: Seed of the order in which a split considers the dimensions, which breaks ties.

    Returns:
        Scores as in ``disentanglement`` and ``completeness``, and R². R² of a factor is 1 − Σ (y − ŷ)² / Σ (y − ȳ)²,
        where ȳ is the mean of the held-out images; it is below 0 where the trees predict worse than that mean. If all
        dimensions are dead, the first two are 0.

    Raises:
        ValueError: If shapes do not match or differ between the two sets, a value is not finite, or a factor is
            constant in one of the sets.

    Source: Eastwood & Williams 2018, §2, with R² in place of their normalised error and, as in Locatello et al. 2019,
    boosted trees in place of their lasso and random forest.
    """
    train_codes, train_factors = _checked(train_codes, train_factors)
    codes, factors = _checked(codes, factors)
    dims, n_factors = train_codes.shape[1], train_factors.shape[1]
    if (codes.shape[1], factors.shape[1]) != (dims, n_factors):
        raise ValueError(
            f"got {codes.shape[1]} dimensions and {factors.shape[1]} factors, expected {dims} and {n_factors} as in"
            " training"
        )
    # Trees are invariant to scale in theory, but scikit-learn's ignore differences below 1e-7 in a code.
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
    """Convert both to float64; raise ValueError for wrong shapes, an infinite value or range, or a constant factor."""
    codes_64, factors_64 = np.asarray(codes, dtype=np.float64), np.asarray(factors, dtype=np.float64)
    shapes = f"got codes {codes_64.shape} and factors {factors_64.shape}"
    both = codes_64, factors_64
    if any(values.ndim != 2 or not values.size for values in both) or len(codes_64) != len(factors_64):
        raise ValueError(f"{shapes}, expected (n, dims) and (n, n_factors)")
    with np.errstate(invalid="ignore", over="ignore"):
        ranges, factor_ranges = (np.ptp(values, axis=0) for values in both)
    if not np.isfinite(ranges).all() or not np.isfinite(factor_ranges).all():
        raise ValueError(f"{shapes} with a value or a range that is not finite, expected only finite ones")
    if not factor_ranges.all():
        raise ValueError(
            f"{shapes}, of which factor {factor_ranges.argmin()} is constant, expected every factor to vary"
        )
    return both


def _unit(values: Array, of: Array | None = None) -> npt.NDArray[np.float64]:
    """Scale columns (n, columns) so that the range of each in ``of`` is mapped to [0, 1], or to 0 if it is constant."""
    reference = values if of is None else of
    span = np.ptp(reference, axis=0)
    unit: npt.NDArray[np.float64] = np.divide(
        values - reference.min(axis=0), span, out=np.zeros(values.shape), where=span > 0
    )
    return unit


def _cut(values: Array, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each value (n, columns). A value on an edge is in the upper bin; the highest is in the last."""
    if bins < 2:
        raise ValueError(f"got {bins} bins, expected at least 2")
    return np.digitize(_unit(np.asarray(values, dtype=np.float64)), np.arange(1, bins) / bins - ROUNDING)


def _gap(scores: Array) -> float:
    """Return the mean over factors of the best score minus the second, for scores (dims, n_factors) not below 0."""
    padded = np.vstack([scores, np.zeros((2, scores.shape[1]))])
    second, best = np.sort(padded, axis=0)[-2:]
    return float(np.mean(best - second))
