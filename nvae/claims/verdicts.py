"""Outcomes of criteria from values over seeds, and verdicts on claims from the outcomes of their criteria.

A claim with m criteria is evaluated with m intervals that cover all m means simultaneously with 95 % confidence: each
has confidence 1 − 0.05 / m (Bonferroni). A claim with many criteria is thus neither reproduced nor refuted by chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

ERROR_RATE = 0.05
#: The profile that uses the paper's data.
PAPER = "paper"

Result = Literal["holds", "fails", "open"]
Verdict = Literal["reproduced", "not reproduced", "undecided", "not tested"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of one criterion over seeds.

    Args:
        estimate: Mean over seeds.
        interval: Confidence interval of that mean; None with one seed.
        toward: Whether the estimate is on the claimed side of the threshold.
        result: ``holds`` if the whole interval is on the claimed side of the threshold, ``fails`` if the whole interval
            is on the other side, which includes the threshold itself; otherwise, and without an interval, ``open``.
    """

    estimate: float
    interval: tuple[float, float] | None
    toward: bool
    result: Result


def confidence(criteria: int) -> float:
    """Return the confidence of each interval of a claim with this number of criteria.

    >>> confidence(1), round(confidence(12), 5)
    (0.95, 0.99583)
    """
    return 1 - ERROR_RATE / criteria


def t_interval(values: Sequence[float], level: float) -> tuple[float, float] | None:
    """Compute the two-sided t interval of the mean.

    Args:
        values: Values, one per seed.
        level: Confidence of the interval, in (0, 1).

    Returns:
        The lower and the upper bound; the value itself twice if all values are equal; None for a single value, which
        has no spread.

    Source: not in the paper, which reports single runs.
    """
    n = len(values)
    if n < 2:
        return None
    if min(values) == max(values):
        return values[0], values[0]
    mean = float(np.mean(values))
    half = float(stdtrit(n - 1, (1 + level) / 2) * np.std(values, ddof=1) / math.sqrt(n))
    return mean - half, mean + half


def evaluate(
    values: Sequence[float], *, threshold: float, direction: Literal["above", "below"], level: float
) -> Outcome:
    """Compute the outcome of a criterion.

    Args:
        values: Values of its expression, one per seed, at least one.
        threshold: Threshold, which is not on the claimed side itself.
        direction: Claimed side of the threshold.
        level: Confidence of the interval.
    """
    interval = t_interval(values, level)
    # The mean of equal values is that value; a rounded sum may differ from it.
    estimate = values[0] if min(values) == max(values) else float(np.mean(values))
    sign = 1 if direction == "above" else -1
    result: Result = "open"
    if interval is not None:
        worst, best = sorted(sign * (end - threshold) for end in interval)
        result = "holds" if worst > 0 else "fails" if best <= 0 else "open"
    return Outcome(estimate, interval, sign * (estimate - threshold) > 0, result)


def conclude(results: Sequence[Result], *, seeds: int, min_seeds: int, profile: str) -> tuple[Verdict, list[str]]:
    """Return the verdict on a claim, and the caveats to report with it.

    A claim of the paper can be reproduced only on the paper's data and with enough seeds.

    Args:
        results: Results of its criteria.
        seeds: Number of seeds that the results are based on.
        min_seeds: Number of seeds that the claim requires.
        profile: Name of the profile that the tables belong to.
    """
    few = f"{seeds} of {min_seeds} seeds" if seeds < min_seeds else ""
    other = f"profile {profile} is not the paper's data" if profile != PAPER else ""
    if seeds == 1:
        few = f"{few or '1 seed'}, no interval"
    caveats = [text for text in (few, other) if text]
    if "fails" in results:
        return "not reproduced", caveats
    if set(results) == {"holds"}:
        if not caveats:
            return "reproduced", []
        return "undecided", ["holds, but " + " and ".join([f"with {few}"] * bool(few) + [other] * bool(other))]
    return "undecided", caveats
