"""Means over seeds and their intervals, the same in every figure."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

CONFIDENCE = 0.95
LABEL = f"{round(100 * CONFIDENCE)} % t interval of the mean over seeds"


def over_seeds(frame: pd.DataFrame, by: list[str], column: str) -> pd.DataFrame:
    """Mean and half the width of the 95 % t interval over seeds.

    Args:
        frame: one row per seed and ``by``.
        by: the columns that tell the plotted items apart.
        column: what is averaged.

    Returns:
        Columns ``by``, mean, half (NaN with a single seed: one value has no spread), n.
    """
    summary = frame.groupby(by)[column].agg(["mean", "std", "count"]).reset_index()
    summary = summary.rename(columns={"std": "sd", "count": "n"})
    summary["half"] = t_factor(summary["n"].to_numpy()) * summary["sd"]
    return summary.drop(columns="sd")


def t_factor(n: np.ndarray) -> np.ndarray:
    """What the standard deviation of ``n`` values is multiplied by to get half the interval of their mean.

    >>> t_factor(np.array([1, 4])).round(3)
    array([  nan, 1.591])
    """
    enough = np.maximum(n, 2)
    factor = stdtrit(enough - 1, (1 + CONFIDENCE) / 2) / np.sqrt(enough)
    return np.where(n > 1, factor, np.nan)
