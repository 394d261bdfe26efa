"""The rule for where on the ladder a reading of the KL is valid. It was fixed before the ladders were trained.

With little room in z_s, the blocks have to take what all classes share, and with a small weight λ they may take it. The
KL of the blocks then says nothing about the data. A setting is therefore valid only if

- *spare*: a shared dimension is left over, whose mean KL is below 0.1 nat in every seed; and
- *quiet*: on each null, where every finding is false, the own block has at most 0.1 nat in every seed, or at most half
  of the smallest KL that the own block has on the data set in any seed.

Source: not in the paper.
"""

from collections.abc import Sequence

import pandas as pd

#: KL of a shared dimension that is left over, and of a null's own block, in nats; smaller values count as none.
NONE_NATS = 0.1
#: The largest part of a data set's KL that its null may have.
LARGEST_PART = 0.5

#: Columns that identify a setting of the ladder.
SETTING = ["shared_dims", "class_weight", "likelihood"]
_ALL = -1


def of_all(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return one metric of all images: the columns of a setting, ``seed`` and ``value``.

    Args:
        rows: Rows of the ladder of one data set and one split.
        metric: Name of the metric.
    """
    chosen = rows[(rows["image_class"] == _ALL) & (rows["metric"] == metric)]
    return chosen[[*SETTING, "seed", "value"]]


def validity(data: pd.DataFrame, nulls: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Apply the rule to every setting of a data set's ladder.

    Args:
        data: Rows of the ladder of the data set, of one split.
        nulls: Rows of the ladders of its nulls, of the same split, with the same settings.

    Returns:
        One row per setting: its columns, and ``spare``, ``quiet`` and ``valid`` (bool).
    """
    least = of_all(data, "least_shared_kl_nats").groupby(SETTING)["value"].max()
    own = of_all(data, "kl_own_nats").groupby(SETTING)["value"].min()
    found = pd.DataFrame({"spare": least < NONE_NATS, "quiet": True})
    for null in nulls:
        false = of_all(null, "kl_own_nats").groupby(SETTING)["value"].max().reindex(found.index)
        found["quiet"] &= (false <= NONE_NATS) | (false <= LARGEST_PART * own)
    found["valid"] = found["spare"] & found["quiet"]
    return found.reset_index()
