"""The numbers that the figures of an ablation show: one metric of every variant, per seed."""

import pandas as pd

from nvae.errors import UserError
from nvae.tables.needs import Ablation
from nvae.tables.reading import select

# The KL terms of the evidence bound, one metric per part of the latents, in the order of the panels.
KL_PARTS = ("kl_own_nats", "kl_shared_nats", "kl_off_class_nats")
_HINT = "Make the table again."


def by_dataset(table: pd.DataFrame, ablation: Ablation) -> dict[str, pd.DataFrame]:
    """Return the rows of each data set, in the order of the table, which is that of the roles.

    Args:
        table: Test rows of the ablation.
        ablation: The ablation.

    Raises:
        UserError: If the number of data sets differs from the number of roles.
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
    """Return one metric of every variant.

    Args:
        rows: Rows of one data set.
        ablation: The ablation.
        metric: Name of the metric, for instance ``kl_own_nats``.

    Returns:
        Columns model, ``ablation.parameter``, seed and value. The variants are in their order and have the same seeds.

    Raises:
        UserError: If a variant or its metric is missing, or a variant has other seeds than the first one.
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
    """Subtract the first variant's value of the same seed, which removes the differences between seeds.

    Args:
        points: Numbers as `measured` returns them.
        ablation: The ablation.
    """
    first = points[points["model"] == ablation.variants[0]].set_index("seed")["value"]
    return points.assign(value=points["value"] - points["seed"].map(first))
