"""From an ablation's table to what its figures show: one metric of every variant, seed by seed."""

import pandas as pd

from nvae.errors import UserError
from nvae.tables.needs import Ablation
from nvae.tables.reading import select

# What the evidence bound pays for in latents, and whose latents they are, in the order of panels.
KL_PARTS = ("kl_own_nats", "kl_shared_nats", "kl_off_class_nats")
_HINT = "Make the table again."


def by_dataset(table: pd.DataFrame, ablation: Ablation) -> dict[str, pd.DataFrame]:
    """The rows of each data set, in the table's order, which is that of the roles.

    Args:
        table: the ablation's table (test rows).
        ablation: which.

    Raises:
        UserError: there are not as many data sets as roles.
    """
    datasets = table["dataset"].unique().tolist()
    if len(datasets) != len(ablation.roles):
        raise UserError(
            f"the ablation {ablation.parameter}",
            got=f"data sets {', '.join(datasets)}",
            expected=f"one for each of {', '.join(ablation.roles)}",
            hint=_HINT,
        )
    return {dataset: select(table, dataset=dataset) for dataset in datasets}


def measured(rows: pd.DataFrame, ablation: Ablation, metric: str) -> pd.DataFrame:
    """One metric of every variant.

    Args:
        rows: of one data set.
        ablation: which.
        metric: for instance ``kl_own_nats``.

    Returns:
        Columns model, ``ablation.parameter``, seed, value; the variants in their order, each with the same seeds.

    Raises:
        UserError: a variant or its metric is missing, or it has other seeds than the first.
    """
    parts = [select(select(rows, model=variant), metric=metric) for variant in ablation.variants]
    expected = sorted(parts[0]["seed"])
    for variant, part in zip(ablation.variants, parts, strict=True):
        if sorted(part["seed"]) != expected:
            raise UserError(
                f"{metric} of {part['dataset'].iloc[0]}, {variant}",
                got=f"seeds {', '.join(map(str, sorted(part['seed'])))}",
                expected=f"those of {ablation.variants[0]}: {', '.join(map(str, expected))}",
                hint=_HINT,
            )
    return pd.concat(parts, ignore_index=True)[["model", ablation.parameter, "seed", "value"]]


def differences(points: pd.DataFrame, ablation: Ablation) -> pd.DataFrame:
    """The same numbers less the first variant's of the same seed: what seeds differ in falls out.

    Args:
        points: as `measured` gives them.
        ablation: which.
    """
    first = points[points["model"] == ablation.variants[0]].set_index("seed")["value"]
    return points.assign(value=points["value"] - points["seed"].map(first))
