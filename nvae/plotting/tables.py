"""Read a figure's tables: the only place of the figures that touches a path."""

import tokenize
import zipfile
import zlib
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
_NUMBERS = ("class_weight", "error_pct", "kl_nats", "value")
# Of these not even the number may be missing; of the others `select` asks for those that it chooses.
_NEVER_MISSING = (
    *("seed", "image_class", "n_images", "latent_class", "dim", "kl_nats", "sigma", "generated_share"),
    *("exclusive_factors", "factor_class"),
)
# Columns that stay text whatever they look like.
_TEXTS = ("class_bias", "image_class_name")
# Array → its axes; those of one name have one length.
ARRAYS = {
    "traversals": {
        "images": "class dim step height width",
        "values": "step",
        "dims": "class dim",
        "kl_nats": "class dim",
        "kept": "class dim step",
        "seed_images": "class height width",
        "class_names": "class",
        "center": "",
        "kind": "",
        "dataset": "",
        "seed": "",
    },
    "samples": {
        "images": "sigma class image height width",
        "sigmas": "sigma",
        "class_names": "class",
        "dataset": "",
        "model": "",
        "seed": "",
    },
    "posteriors": {
        "z": "image dim",
        "labels": "image",
        "kl_nats": "dim",
        "dims": "dim",
        "class_names": "class",
        "dataset": "",
        "model": "",
        "seed": "",
    },
}
_MARKS = {"traversals": "values", "samples": "sigmas", "posteriors": "z"}
# What NumPy and zipfile raise of a file that is damaged, absurdly large or of another kind.
_NO_ARRAYS = (
    *(ValueError, OSError, EOFError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


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
        UserError: the file is missing or no CSV, lacks a column, has words for numbers, or no row of the test split.
    """
    _require(path)
    # Class names such as "NA" or "null" are names; only an empty number is a missing one.
    missing = dict.fromkeys(_NUMBERS, "")
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=dict.fromkeys(_TEXTS, str))
    except ValueError as error:  # what pandas raises for an empty, ragged or undecodable file
        expected = "a CSV with a line of column names"
        raise UserError(str(path), got=f"no table ({error})", expected=expected, hint=_hint(path)) from None
    _complete(path, _columns(path), frame.columns.tolist(), "columns")
    for column in frame.columns.intersection([*_NUMBERS, *_NEVER_MISSING]):
        numbers = pd.to_numeric(frame[column], errors="coerce")
        known = np.isfinite(numbers) if column in _NEVER_MISSING else numbers.notna() | frame[column].isna()
        if not known.all():
            wrong = str(frame[column][~known].iloc[0])
            raise UserError(f"{path}, column {column}", got=repr(wrong), expected="finite numbers", hint=_hint(path))
    test = frame[frame["split"] == "test"].reset_index(drop=True)
    if test.empty:
        raise UserError(
            str(path),
            got=f"splits {sorted(set(frame['split']))}",
            expected="rows whose split is test",
            hint=_hint(path),
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
                hint="Add it to the grid in params.yaml if that lacks it, and make the table again.",
            )
        rows = rows[rows[column] == value]
    if not np.isfinite(rows.select_dtypes("number").to_numpy(float)).all():
        expected = "finite numbers where " + ", ".join(f"{column} is {value}" for column, value in wanted.items())
        raise UserError(about, got="missing or infinite ones", expected=expected, hint="Look at what made the table.")
    return rows


def load_arrays(path: Path, kind: str | None = None) -> Arrays:
    """The arrays of an npz: traversals, samples or posteriors.

    Args:
        path: of the file.
        kind: a key of `ARRAYS`; None: the name of the file's folder.

    Raises:
        UserError: the file is missing, is no npz of plain arrays, lacks an array, or has one of another shape.
    """
    arrays = _read_arrays(path)
    axes = ARRAYS[kind or path.parent.name]
    _complete(path, tuple(axes), list(arrays), "arrays")
    _check_axes(path, arrays, axes)
    return arrays


def kind_of(path: Path) -> str:
    """Which kind of table an npz is, by the array that no other kind has.

    Raises:
        UserError: the file is missing, is no npz of plain arrays, or of none of these kinds.
    """
    arrays = _read_arrays(path)
    for kind, mark in _MARKS.items():
        if mark in arrays:
            return kind
    raise UserError(
        str(path),
        got=f"arrays {', '.join(arrays)}",
        expected=f"a table of {', '.join(_MARKS)}",
        hint="Make one with nvae traverse, sample or encode.",
    )


def _read_arrays(path: Path) -> Arrays:
    _require(path)
    try:
        # Opened here, because np.load leaves a file that is no archive open.
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, Mapping):
                raise ValueError("a single array")
            # NumPy gives a member that is no array as its bytes; np.asarray makes that an array without axes.
            return {name: np.asarray(archive[name]) for name in archive}
    except _NO_ARRAYS as error:
        raise UserError(str(path), got=str(error), expected="an npz of plain arrays", hint=_hint(path)) from error


def _check_axes(path: Path, arrays: Arrays, axes: Mapping[str, str]) -> None:
    """That each array has its axes, and that those of one name have one length."""
    lengths: dict[str, int] = {}
    for name, listed in axes.items():
        names, shape = listed.split(), arrays[name].shape
        known = [lengths.get(axis, length) for axis, length in zip(names, shape, strict=False)]
        if len(names) != len(shape) or known != list(shape):
            raise UserError(
                f"{path}, array {name}",
                got=f"shape {shape}",
                expected=f"axes ({', '.join(names)}), each as long as in the other arrays",
                hint=_hint(path),
            )
        lengths |= dict(zip(names, shape, strict=True))


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
            hint=_hint(path),
        )


def _complete(path: Path, expected: tuple[str, ...], found: list[str], what: str) -> None:
    missing = [name for name in expected if name not in found]
    if missing:
        raise UserError(
            str(path),
            got=f"{what} {', '.join(found)}",
            expected=f"also {', '.join(missing)}",
            hint=_hint(path),
        )


def _hint(path: Path) -> str:
    return f"Make it with `snakemake --cores 2 -- {path.as_posix()}`."
