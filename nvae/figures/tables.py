"""Read a figure's tables: the only place of the figures that touches a path."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nvae.errors import UserError

Arrays = dict[str, NDArray[np.generic]]

_RUN = ("dataset", "model", "seed", "split")
# What each kind of table must hold; the folder that it lies in tells its kind. An ablation's has the varied key too.
COLUMNS = {
    "kl": (*_RUN, "image_class", "image_class_name", "n_images", "kind", "latent_class", "dim", "kl_nats"),
    "metrics": (*_RUN, "metric", "value"),
    "augmentation": (*_RUN, "sigma", "generated_share", "error_pct"),
    "fidelity": (*_RUN, "sigma", "metric", "value"),
    "aggregate": (*_RUN, "metric", "dim", "value"),
    "ablations": (*_RUN, "metric", "value"),
    "calibration": (*_RUN, "exclusive_factors", "factor", "factor_kind", "codes", "metric", "value"),
    "factors": (*_RUN, "factor", "factor_kind", "factor_class", "codes", "metric", "value"),
}
_NUMBERS = ("class_weight", "error_pct", "value")
# Columns that stay text whatever they look like.
_TEXTS = ("class_bias", "image_class_name")
_TRAVERSAL_ARRAYS = (
    "images",
    "values",
    "dims",
    "kl_nats",
    "kept",
    "seed_images",
    "class_names",
    "center",
    "dataset",
    "seed",
)
ARRAYS = {
    "traversals": _TRAVERSAL_ARRAYS,
    "samples": ("images", "sigmas", "class_names", "dataset", "model", "seed"),
    "posteriors": ("z", "labels", "kl_nats", "dims", "class_names", "dataset", "model", "seed"),
}


def load(paths: Mapping[str, Path]) -> dict[str, pd.DataFrame | Arrays]:
    """Read each table: ``.csv`` as a data frame, ``.npz`` as arrays by name.

    Args:
        paths: key → path, as `FigureSpec.tables` gives them.

    Raises:
        UserError: a table is missing, unreadable, or lacks a column or an array.
    """
    return {key: load_table(path) if path.suffix == ".csv" else load_arrays(path) for key, path in paths.items()}


def load_table(path: Path) -> pd.DataFrame:
    """The test rows of a CSV.

    Returns:
        Columns as in `COLUMNS` of its kind, and any others.

    Raises:
        UserError: the file is missing, lacks a column, or has no row of the test split.
    """
    _require(path)
    # Class names such as "NA" or "null" are names; only an empty number is a missing one.
    missing = dict.fromkeys(_NUMBERS, "")
    frame = pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=dict.fromkeys(_TEXTS, str))
    _complete(path, _columns(path), frame.columns.tolist(), "columns")
    test = frame[frame["split"] == "test"].reset_index(drop=True)
    if test.empty:
        raise UserError(
            str(path),
            got=f"splits {sorted(set(frame['split']))}",
            expected="rows whose split is test",
            mend=_mend(path),
        )
    return test


def select(table: pd.DataFrame, **wanted: str | float) -> pd.DataFrame:
    """The rows whose columns have the wanted values, for instance ``metric="recall"``.

    Raises:
        UserError: there is no such row, or a number in one is missing or infinite: the mean over seeds
            would leave it out without a word.
    """
    about = f"the table of {table['dataset'].iloc[0]}, {table['model'].iloc[0]}"
    rows = table
    for column, value in wanted.items():
        found = rows[column].unique().tolist()
        if value not in found:
            raise UserError(
                about,
                got=f"{column} {', '.join(map(str, found))}",
                expected=f"also {column} {value}",
                mend="Add it to the grid in params.yaml if that lacks it, and make the table again.",
            )
        rows = rows[rows[column] == value]
    if not np.isfinite(rows.select_dtypes("number").to_numpy(float)).all():
        expected = "finite numbers where " + ", ".join(f"{column} is {value}" for column, value in wanted.items())
        raise UserError(about, got="missing or infinite ones", expected=expected, mend="Look at what made the table.")
    return rows


def load_arrays(path: Path) -> Arrays:
    """The arrays of an npz: traversals, samples or posteriors.

    Raises:
        UserError: the file is missing, is no npz of plain arrays, or lacks an array.
    """
    _require(path)
    try:
        # Opened here, because np.load leaves a file that is no archive open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays: Arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise UserError(str(path), got=str(error), expected="an npz of plain arrays", mend=_mend(path)) from error
    _complete(path, ARRAYS[path.parent.name], list(arrays), "arrays")
    return arrays


def text(arrays: Arrays, name: str) -> str:
    """A 0-d array as text."""
    return str(arrays[name].item())


def _columns(path: Path) -> tuple[str, ...]:
    kind = path.parent.name
    return (*COLUMNS[kind], path.stem) if kind == "ablations" else COLUMNS[kind]


def _require(path: Path) -> None:
    if not path.is_file():
        raise UserError(
            str(path),
            got="no such file",
            expected="the table that the figure is drawn from",
            mend=_mend(path),
        )


def _complete(path: Path, expected: tuple[str, ...], found: list[str], what: str) -> None:
    missing = [name for name in expected if name not in found]
    if missing:
        raise UserError(
            str(path),
            got=f"{what} {', '.join(found)}",
            expected=f"also {', '.join(missing)}",
            mend=_mend(path),
        )


def _mend(path: Path) -> str:
    return f"Make it with `snakemake --cores 2 -- {path.as_posix()}`."
