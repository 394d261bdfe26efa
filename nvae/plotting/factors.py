"""From a factor table to means over factors."""

import pandas as pd

from nvae.errors import UserError
from nvae.tables.reading import select


def mean_r2(table: pd.DataFrame, kind: str, source: str) -> pd.DataFrame:
    """Mean over a kind's factors of the held-out R² from a source, for each seed.

    Args:
        table: a factor table, or the rows of a calibration table at one setting.
        kind: of the factors, ``shared`` or ``exclusive``.
        source: what they are read from, ``shared``, ``own`` or ``others``.

    Returns:
        Columns seed, value; no rows where no factor is of that kind.

    Raises:
        UserError: R² is missing, of all factors or of one.
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
