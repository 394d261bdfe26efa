"""Readers, one per kind of ``read`` in ``claims.yaml``: each computes one number per seed from the rows of a table."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from nvae.claims.schema import Error, ErrorTrend, LargestMetric, Metric, OwnBlockOfClass, Quantity, Response
from nvae.errors import UserError
from nvae.tables.schemas import TABLES

Frame = pd.DataFrame
PerSeed = dict[int, float]

_NUMBER = "number"
_OF_ALL_DIMS = -1
_HINT = "Make the table again, or correct claims.yaml."


def read(rows: Frame, quantity: Quantity) -> PerSeed:
    """Return the value of a quantity for each seed.

    Args:
        rows: Test rows of one variant on one data set.
        quantity: Quantity that is read from them.

    Raises:
        UserError: If a row that the quantity needs is missing for one seed or for all, is there twice, or has no finite
            number.
    """
    schema = TABLES[quantity.table]
    numbered = rows[list(schema.names)].rename(columns={schema.measure: _NUMBER})
    values = READERS[quantity.read.kind](numbered, quantity.read)
    seeds = values.index.astype(int)
    if not (seeds == values.index).all():
        raise UserError("column seed", got=values.index.tolist(), expected="whole numbers", hint=_HINT)
    return dict(zip(seeds.tolist(), values.astype(float).tolist(), strict=True))


def metric(rows: Frame, how: Metric) -> pd.Series:
    """Return the value of the metric; in a table with a column ``dim``, the value of all dimensions (``dim`` −1)."""
    chosen = _where(rows, metric=how.name)
    if "dim" in rows:
        chosen = _where(chosen, dim=_OF_ALL_DIMS)
    if how.sigma is not None:
        chosen = _where(chosen, sigma=how.sigma)
    return _wide(chosen, ["metric"]).iloc[:, 0]


def largest_metric(rows: Frame, how: LargestMetric) -> pd.Series:
    """Return the largest value over single dimensions."""
    chosen = _where(rows, metric=how.name)
    single = chosen[chosen["dim"] > _OF_ALL_DIMS]
    if single.empty:
        raise UserError(f"metric {how.name}", got="only dim −1", expected="rows of single dimensions", hint=_HINT)
    return _wide(single, ["dim"]).max(axis=1)


def own_block_of_class(rows: Frame, how: OwnBlockOfClass) -> pd.Series:
    """Return the rank-th largest, over classes, of the KL of the class's own block, summed over its dimensions."""
    blocks = _where(rows, kind="class")
    own = blocks[blocks["latent_class"] == blocks["image_class"]]
    per_class = _wide(own, ["image_class", "dim"]).T.groupby(level="image_class").sum().T
    if how.rank > per_class.shape[1]:
        raise UserError(
            f"rank {how.rank}", got=f"{per_class.shape[1]} classes", expected="at least as many", hint=_HINT
        )
    descending = -np.sort(-per_class.to_numpy(), axis=1)
    return pd.Series(descending[:, how.rank - 1], index=per_class.index)


def error(rows: Frame, how: Error) -> pd.Series:
    """Return the test error in percent: at one σ, at the largest σ, or the mean over all."""
    chosen = _where(rows, generated_share=how.share)
    if not isinstance(how.sigma, str):
        chosen = _where(chosen, sigma=how.sigma)
    by_sigma = _wide(chosen, ["sigma"])
    return by_sigma.mean(axis=1) if how.sigma == "mean" else by_sigma.iloc[:, -1]


def error_trend(rows: Frame, how: ErrorTrend) -> pd.Series:
    """Return Spearman's ρ between σ and the test error: −1 if each increase of σ lowers the error.

    For an error that is the same at every σ, ρ is undefined; as it neither falls nor rises, 0 is returned.
    """
    by_sigma = _wide(_where(rows, generated_share=how.share), ["sigma"])
    sigmas = by_sigma.columns.to_numpy(float)
    if len(sigmas) < 2:
        raise UserError(f"share {how.share}", got=f"σ {sigmas[0]} only", expected="at least two σ", hint=_HINT)
    trends = [0.0 if np.ptp(errors) == 0 else spearmanr(sigmas, errors).statistic for errors in by_sigma.to_numpy()]
    return pd.Series(trends, index=by_sigma.index)


_REDUCE: dict[str, Callable[[Frame], pd.Series]] = {
    "sum": lambda dims: dims.sum(axis=1),
    "max": lambda dims: dims.max(axis=1),
    "second": lambda dims: dims.apply(lambda values: values.nlargest(2).iloc[-1], axis=1),
    "mean": lambda dims: dims.mean(axis=1),
}


def response(rows: Frame, how: Response) -> pd.Series:
    """Return the response of a block: ``reduce`` over its dimensions for each class, then the mean over classes."""
    chosen = _where(rows, metric=how.metric, kind=how.block)
    if how.image_class is not None:
        chosen = _where(chosen, image_class=how.image_class)
    by_dim = _wide(chosen, ["image_class", "dim"])
    classes = [by_dim.loc[:, [image_class]] for image_class in by_dim.columns.unique(level="image_class")]
    if how.reduce == "second" and min(one.shape[1] for one in classes) < 2:
        raise UserError(f"metric {how.metric}", got="one dimension", expected="a second one", hint=_HINT)
    return pd.concat([_REDUCE[how.reduce](one) for one in classes], axis=1).mean(axis=1)


#: Kind → its reader.
READERS: dict[str, Callable[[Frame, Any], pd.Series]] = {
    "metric": metric,
    "largest_metric": largest_metric,
    "own_block_of_class": own_block_of_class,
    "error": error,
    "error_trend": error_trend,
    "response": response,
}


def _where(rows: Frame, **wanted: str | float) -> Frame:
    """Return the rows with the wanted values, each of which must occur."""
    for column, value in wanted.items():
        found = rows[column].unique().tolist()
        if value not in found:
            raise UserError(column, got=", ".join(map(str, found)), expected=f"also {value}", hint=_HINT)
        rows = rows[rows[column] == value]
    return rows


def _wide(rows: Frame, columns: list[str]) -> Frame:
    """Return one row per seed and one sorted column per value of ``columns``; every seed must have each once."""
    keys = ["seed", *columns]
    again = rows[rows.duplicated(keys)]
    if len(again):
        # Column by column, because a row as a whole would convert the seed to a float.
        twice = [again[key].iloc[0] for key in keys]
        raise UserError(_labels(twice, keys), got="two rows or more", expected="one", hint=_HINT)
    undefined = rows[~np.isfinite(rows[_NUMBER])]
    if len(undefined):
        where = _labels([undefined[key].iloc[0] for key in keys], keys)
        raise UserError(where, got=str(undefined[_NUMBER].iloc[0]), expected="a finite number", hint=_HINT)
    wide = rows.pivot_table(index="seed", columns=columns, values=_NUMBER, aggfunc="first", sort=True)
    absent = np.argwhere(wide.isna().to_numpy())
    if len(absent):
        seed, column = absent[0]
        label = wide.columns[column]
        labels = label if isinstance(label, tuple) else (label,)
        raise UserError(_labels([wide.index[seed], *labels], keys), got="no row", expected="one", hint=_HINT)
    return wide


def _labels(values: Sequence[object], keys: list[str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values, strict=True))
