"""Means over the factors of a factor table."""

import pandas as pd

from nvae.errors import UserError
from nvae.tables.reading import select


def mean_r2(table: pd.DataFrame, kind: str, source: str) -> pd.DataFrame:
    """Compute the mean held-out R² over the factors of a kind, predicted from one part of the latents, per seed.

    Args:
        table: Factor table, or the rows of a calibration table at one setting.
        kind: Kind of the factors, ``shared`` or ``exclusive``.
        source: Part of the latents that predicts them, ``shared``, ``own`` or ``others``.

    Returns:
        Columns seed and value; no rows if no factor is of that kind.

    Raises:
        UserError: If R² is missing, for all factors or for one.
    """
    found = select(table, metric="r2")
    found = found[found["factor_kind"] == kind]
    if found.empty:
        return found[["seed", "value"]]
    chosen = select(found, codes=source)
    if len(chosen) < found["factor"].nunique() * found["seed"].nunique():
        raise UserError(
            f"R² of the {kind} factors of {table['dataset'].iloc[0]}, from {source}",
            got=f"{len(chosen)} rows",
            expected=f"one for each of {found['factor'].nunique()} factors and {found['seed'].nunique()} seeds",
            hint="Make the table again.",
        )
    return chosen.groupby("seed", as_index=False)[["value"]].mean()
