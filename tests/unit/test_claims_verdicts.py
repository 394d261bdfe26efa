"""Intervals and outcomes against closed forms, and verdicts for all combinations of outcomes."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from nvae.claims import verdicts

VALUES = (1.2, 0.7, 1.9, 1.1, 1.4)


@pytest.mark.parametrize("level", [0.95, 0.975, 1 - 0.05 / 12])
@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_interval_is_that_of_students_t(level: float, n: int) -> None:
    values = VALUES[:n]
    interval = verdicts.t_interval(values, level)
    expected = scipy.stats.t.interval(level, n - 1, loc=np.mean(values), scale=scipy.stats.sem(values))
    assert interval == pytest.approx(expected, rel=1e-12)


def test_one_value_has_no_interval_and_equal_values_have_one_point() -> None:
    assert verdicts.t_interval([0.3], 0.95) is None
    # In floating point the mean of three times 0.1 is not 0.1, but the interval must be the value itself.
    assert verdicts.t_interval([0.1, 0.1, 0.1], 0.95) == (0.1, 0.1)
    assert verdicts.evaluate([0.1] * 3, threshold=0.1, direction="above", level=0.95).estimate == 0.1


@pytest.mark.parametrize("m", [1, 2, 7, 12])
def test_the_error_rate_is_divided_among_the_criteria(m: int) -> None:
    assert m * (1 - verdicts.confidence(m)) == pytest.approx(0.05)


def test_a_claim_of_many_criteria_needs_wider_intervals() -> None:
    """With the same values a single criterion holds, and one of twelve is open."""
    values = [0.1, 0.9, 0.5, 0.6, 0.4]
    alone, among = (
        verdicts.evaluate(values, threshold=0.0, direction="above", level=verdicts.confidence(m)).result
        for m in (1, 12)
    )
    assert (alone, among) == ("holds", "open")


@pytest.mark.parametrize(
    ("values", "direction", "result", "toward"),
    [
        ((1.0, 1.1, 1.2), "above", "holds", True),
        ((1.0, 1.1, 1.2), "below", "fails", False),
        ((-1.0, -1.1, -1.2), "above", "fails", False),
        ((-1.0, -1.1, -1.2), "below", "holds", True),
        ((-1.0, 1.0, 0.3), "above", "open", True),
        ((-1.0, 1.0, 0.3), "below", "open", False),
        ((5.0,), "above", "open", True),
        ((-5.0,), "above", "open", False),
        ((2.0, 2.0), "above", "holds", True),
        ((-2.0, -2.0), "above", "fails", False),
        # The threshold itself is not on the claimed side.
        ((0.0, 0.0), "above", "fails", False),
        ((0.0, 0.0), "below", "fails", False),
        ((0.0,), "below", "open", False),
    ],
)
def test_outcome(values: tuple[float, ...], direction: Any, result: str, toward: bool) -> None:
    outcome = verdicts.evaluate(values, threshold=0.0, direction=direction, level=0.95)
    assert (outcome.result, outcome.toward) == (result, toward)


def test_the_threshold_moves_the_outcome() -> None:
    low, high = verdicts.t_interval(VALUES, 0.95) or (math.nan, math.nan)
    for threshold, result in (
        (low - 1e-9, "holds"),
        (low + 1e-9, "open"),
        (high - 1e-9, "open"),
        (high + 1e-9, "fails"),
    ):
        assert verdicts.evaluate(VALUES, threshold=threshold, direction="above", level=0.95).result == result


@pytest.mark.parametrize(
    ("results", "seeds", "profile", "verdict", "notes"),
    [
        (["holds", "holds"], 5, "paper", "reproduced", []),
        (["holds"], 6, "paper", "reproduced", []),
        (["holds"], 3, "paper", "undecided", ["holds, but with 3 of 5 seeds"]),
        (["holds"], 5, "demo", "undecided", ["holds, but profile demo is not the paper's data"]),
        (["holds"], 2, "demo", "undecided", ["holds, but with 2 of 5 seeds and profile demo is not the paper's data"]),
        (["holds", "open"], 5, "paper", "undecided", []),
        (["holds", "open"], 4, "paper", "undecided", ["4 of 5 seeds"]),
        (["holds", "fails", "open"], 5, "paper", "not reproduced", []),
        (["fails"], 2, "paper", "not reproduced", ["2 of 5 seeds"]),
        (["fails"], 5, "demo", "not reproduced", ["profile demo is not the paper's data"]),
        (["open", "open"], 1, "paper", "undecided", ["1 of 5 seeds, no interval"]),
        (["open"], 1, "smoke", "undecided", ["1 of 5 seeds, no interval", "profile smoke is not the paper's data"]),
    ],
)
def test_verdict(results: list[Any], seeds: int, profile: str, verdict: str, notes: list[str]) -> None:
    assert verdicts.conclude(results, seeds=seeds, min_seeds=5, profile=profile) == (verdict, notes)


def test_one_seed_has_no_interval_even_if_the_claim_requires_only_one() -> None:
    assert verdicts.conclude(["open"], seeds=1, min_seeds=1, profile="paper") == ("undecided", ["1 seed, no interval"])
