"""Means over seeds and their intervals, computed in the same way for every figure."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

CONFIDENCE = 0.95
LABEL = f"{round(100 * CONFIDENCE)} % t interval of the mean over seeds"


def over_seeds(frame: pd.DataFrame, by: list[str], column: str) -> pd.DataFrame:
    """Compute the mean and half the width of the 95 % t interval over seeds.

    Args:
        frame: Table with one row per seed and combination of the columns ``by``.
        by: Names of the columns that distinguish the plotted items.
        column: Name of the column that is averaged.

    Returns:
        Columns ``by``, mean, half (NaN with a single seed, which has no spread) and n.
    """
    summary = frame.groupby(by)[column].agg(["mean", "std", "count"]).reset_index()
    summary = summary.rename(columns={"std": "sd", "count": "n"})
    summary["half"] = t_factor(summary["n"].to_numpy()) * summary["sd"]
    return summary.drop(columns="sd")


def t_factor(n: np.ndarray) -> np.ndarray:
    """Return the ratio of half the interval of a mean to the standard deviation of its ``n`` values.

    >>> t_factor(np.array([1, 4])).round(3)
    array([  nan, 1.591])
    """
    enough = np.maximum(n, 2)
    factor = stdtrit(enough - 1, (1 + CONFIDENCE) / 2) / np.sqrt(enough)
    return np.where(n > 1, factor, np.nan)
