"""From values over seeds to an outcome, and from a claim's outcomes to its verdict.

A claim with m criteria is judged by m intervals that cover all m means at once with 95 % confidence: each has
confidence 1 − 0.05 / m (Bonferroni), so a claim of many criteria is not reproduced, or refuted, by luck.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

ERROR_RATE = 0.05
#: The profile that has the paper's data.
PAPER = "paper"

Result = Literal["holds", "fails", "open"]
Verdict = Literal["reproduced", "not reproduced", "undecided", "not tested"]


@dataclass(frozen=True)
class Outcome:
    """What the seeds say of one criterion.

    Args:
        estimate: mean over seeds.
        interval: of that mean; None with one seed.
        toward: the estimate is on the claimed side.
        result: ``holds`` if the interval is wholly on the claimed side of the threshold, ``fails`` if wholly on
            the other, the threshold itself being on the other; else, and without an interval, ``open``.
    """

    estimate: float
    interval: tuple[float, float] | None
    toward: bool
    result: Result


def confidence(criteria: int) -> float:
    """Of each interval of a claim with so many criteria.

    >>> confidence(1), round(confidence(12), 5)
    (0.95, 0.99583)
    """
    return 1 - ERROR_RATE / criteria


def t_interval(values: Sequence[float], level: float) -> tuple[float, float] | None:
    """Two-sided t interval of the mean.

    Args:
        values: one a seed.
        level: its confidence, in (0, 1).

    Returns:
        Low and high; the point itself where all values are equal; None for a single value, which has no spread.

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
    """What the seeds say of a criterion.

    Args:
        values: of its expression, one a seed, at least one.
        threshold: not itself on the claimed side.
        direction: the claimed side.
        level: confidence of the interval.
    """
    interval = t_interval(values, level)
    # Of equal values the mean is that value, which a rounded sum may miss.
    estimate = values[0] if min(values) == max(values) else float(np.mean(values))
    sign = 1 if direction == "above" else -1
    result: Result = "open"
    if interval is not None:
        worst, best = sorted(sign * (end - threshold) for end in interval)
        result = "holds" if worst > 0 else "fails" if best <= 0 else "open"
    return Outcome(estimate, interval, sign * (estimate - threshold) > 0, result)


def conclude(results: Sequence[Result], *, seeds: int, min_seeds: int, profile: str) -> tuple[Verdict, list[str]]:
    """A claim's verdict and what has to be said with it.

    Only the paper's data and enough seeds can reproduce a claim of the paper.

    Args:
        results: of its criteria.
        seeds: on which they rest.
        min_seeds: that the claim asks for.
        profile: whose tables they are.
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
