"""Detection of classes with factors of their own, from the ladders of a data set and of its nulls.

For each class the share of information that readers of other classes cannot tell (`nvae.measures.transfer`) is compared
with that of the nulls, where it is an error, at two sizes of z_s: the smallest at which a reading is valid
(`nvae.measures.validity`), and the next larger one. The size is chosen on the validation images, and the classes are
read on the test images. The rule was fixed before it was applied to any data set.

Source: not in the paper.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from nvae.errors import UserError
from nvae.measures.validity import validity

YES, NOT_DETECTED, UNDECIDED = "yes", "not detected", "undecided"
#: The excess over the nulls that counts as none: the part of a class's information, from 0 to 1.
MARGIN = 0.05
#: Confidence of each one-sided limit of the excess, per class.
CONFIDENCE = 0.95
_ALL = -1


def detect(
    data: pd.DataFrame, nulls: Sequence[pd.DataFrame], *, class_weight: float, likelihood: str
) -> tuple[pd.DataFrame, str]:
    """Decide for each class whether it has factors of its own.

    Args:
        data: Ladder of the data set, of all splits and seeds.
        nulls: Ladders of its nulls, with the same settings and seeds.
        class_weight: Weight λ at which the ladders are read.
        likelihood: Likelihood at which they are read.

    Returns:
        A table with one row per class and size of z_s: ``image_class``, ``shared_dims``, ``excess`` (mean over seeds of
        the class's specific share less the largest mean share of a null), its one-sided limits ``low`` and ``high``
        (NaN with a single seed), and ``verdict``, the same for both sizes: *yes* if the lower limit is above `MARGIN`
        at both, *not detected* if the upper limit is below it at both, otherwise *undecided*. And one sentence about
        the sizes; the table is empty if the reading is valid at no size.

    Raises:
        UserError: If the ladders lack the setting, or a null lacks a seed of the data set.

    Source: not in the paper.
    """
    tables = [_at(rows, class_weight, likelihood) for rows in (data, *nulls)]
    for table in tables[1:]:
        _require_seeds(table, tables[0])
    known = validity(*_split(tables, "validation"))
    sizes, valid = sorted(known["shared_dims"]), sorted(known[known["valid"]]["shared_dims"])
    if not valid:
        reasons = ", ".join(name for name in ("spare", "quiet") if not known[name].any()) or "spare and quiet at once"
        return _empty(), f"The reading is valid at no size of z_s ({reasons}: never)."
    used = sizes[sizes.index(valid[0]) :][:2]
    parts = [_excess(*_split(tables, "test"), size) for size in used]
    found = pd.concat(parts, ignore_index=True)
    found["verdict"] = found["image_class"].map(found.groupby("image_class").apply(_verdict))
    if len(used) == 1:
        found["verdict"] = UNDECIDED
        return found, f"The reading is valid at d_s = {used[0]} alone, the largest size: larger ones are needed."
    return found, f"The smallest size at which the reading is valid is d_s = {used[0]}; the next one is {used[1]}."


def _at(rows: pd.DataFrame, class_weight: float, likelihood: str) -> pd.DataFrame:
    chosen = rows[np.isclose(rows["class_weight"], class_weight) & (rows["likelihood"] == likelihood)]
    if chosen.empty:
        raise UserError(
            f"ladder of {rows['dataset'].iloc[0]}",
            got=f"no rows of λ = {class_weight:g}, {likelihood}",
            expected="the data set's own setting",
            hint="Make the ladder again.",
        )
    return chosen


def _require_seeds(null: pd.DataFrame, data: pd.DataFrame) -> None:
    expected, found = set(data["seed"]), set(null["seed"])
    if not expected <= found:
        raise UserError(
            f"ladder of {null['dataset'].iloc[0]}",
            got=f"seeds {', '.join(map(str, sorted(found)))}",
            expected=f"those of {data['dataset'].iloc[0]}: {', '.join(map(str, sorted(expected)))}",
            hint="Make the missing ladders.",
        )


def _split(tables: Sequence[pd.DataFrame], split: str) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    data, *nulls = (table[table["split"] == split] for table in tables)
    return data, nulls


def _shares(rows: pd.DataFrame, shared_dims: int) -> pd.DataFrame:
    """Return the specific share of each class (rows) and seed (columns)."""
    chosen = rows[(rows["shared_dims"] == shared_dims) & (rows["image_class"] != _ALL)]
    parts = {
        metric: chosen[chosen["metric"] == metric].pivot_table(index="image_class", columns="seed", values="value")
        for metric in ("specific_nats", "total_nats")
    }
    # A class about which the latents say nothing has nothing of its own.
    return (parts["specific_nats"] / parts["total_nats"].where(parts["total_nats"] > 0)).fillna(0.0)


def _excess(data: pd.DataFrame, nulls: Sequence[pd.DataFrame], shared_dims: int) -> pd.DataFrame:
    shares = _shares(data, shared_dims)
    false = pd.concat([_shares(null, shared_dims).mean() for null in nulls], axis=1).max(axis=1)
    excess = shares.sub(false[shares.columns], axis=1)
    mean, n = excess.mean(axis=1), excess.shape[1]
    half = stdtrit(n - 1, CONFIDENCE) * excess.std(axis=1) / np.sqrt(n) if n > 1 else np.nan
    return pd.DataFrame(
        {"shared_dims": shared_dims, "excess": mean, "low": mean - half, "high": mean + half}
    ).reset_index()[["image_class", "shared_dims", "excess", "low", "high"]]


def _verdict(rows: pd.DataFrame) -> str:
    if (rows["low"] > MARGIN).all():
        return YES
    return NOT_DETECTED if (rows["high"] < MARGIN).all() else UNDECIDED


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=["image_class", "shared_dims", "excess", "low", "high", "verdict"])
