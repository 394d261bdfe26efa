"""The only reader of tables, for figures, claims and summaries; it checks tables against their schemas."""

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from nvae.errors import UserError
from nvae.layout import RESULTS, Layout
from nvae.tables.needs import SeedsOf
from nvae.tables.schemas import ARRAYS, TABLES, Kind, TableSchema

Arrays = dict[str, NDArray[np.generic]]

#: Numbers of each kind are smaller in size, so that keys are exact as floats, and sums and squares are finite.
_LIMITS = {Kind.KEY: 2.0**53, Kind.NUMBER: 1e100, Kind.OPTIONAL: 1e100}
# Exceptions of NumPy and zipfile for a file that is damaged, absurdly large or of another kind.
_NO_ARRAYS = (
    *(ValueError, OSError, EOFError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


def load_table(path: Path, schema: TableSchema, *, split: str | None = "test") -> pd.DataFrame:
    """Read a CSV and check it against its schema.

    Args:
        path: Path of the file.
        schema: Schema of the table.
        split: Split whose rows are kept; None keeps all rows.

    Returns:
        The columns of the schema, and any others.

    Raises:
        UserError: If the file is missing or no CSV, a column is missing, a number is missing, infinite, absurdly large
            or not a number (an optional one may be missing or infinite), or no row is of the split.
    """
    _require(path)
    # Class names such as "NA" or "null" are names. Only an empty cell is a missing number.
    missing = dict.fromkeys(schema.of_kind(Kind.NUMBER, Kind.OPTIONAL), "")
    texts = dict.fromkeys(schema.of_kind(Kind.TEXT), str)
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=texts)
    except ValueError as error:  # raised by pandas for an empty, ragged or undecodable file
        expected = "a CSV with a line of column names"
        raise UserError(str(path), got=f"no table ({error})", expected=expected, hint=_hint(path)) from None
    _complete(path, schema.names, frame.columns.tolist(), "columns")
    for column in schema.columns:
        if column.kind in _LIMITS:
            frame[column.name] = _numbers(frame[column.name], column.kind, f"{path}, column {column.name}", _hint(path))
    if split is None:
        return frame
    rows = frame[frame["split"] == split].reset_index(drop=True)
    if rows.empty:
        raise UserError(
            str(path),
            got=f"splits {sorted(set(frame['split']))}",
            expected=f"rows whose split is {split}",
            hint=_hint(path),
        )
    return rows


def _numbers(cells: pd.Series, kind: Kind, what: str, hint: str) -> pd.Series:
    """Return the cells of a column as numbers.

    Raises:
        UserError: If a cell has no number of its kind.
    """
    # An integer of more than 64 bits is no number of pandas', but an object or a text.
    values = pd.to_numeric(cells if is_numeric_dtype(cells) else cells.astype(str), errors="coerce")
    known = values.abs() < _LIMITS[kind]
    if kind is Kind.OPTIONAL:
        known |= cells.isna() | np.isinf(values)
    known &= values.dtype != bool  # a column of "True" and "False", which would count as numbers
    if not known.all():
        wrong = values[~known].iloc[0]
        below = f" below {_LIMITS[kind]:g}" if np.isfinite(wrong) and values.dtype != bool else ""
        got = repr(str(cells[~known].iloc[0]))
        raise UserError(what, got=got, expected=f"finite numbers{below}", hint=hint)
    return values


class RunTables:
    """The rows of single runs, from their own tables or from the joined table.

    The rows of a variant come from the tables of its single runs. If one of these is missing, as in a clone, all rows
    come from the joined table, which has the same ones. Each file is read once.

    Args:
        layout: Paths of the profile.
        seeds_of: Function (data set, table) → the seeds whose rows the table has.
    """

    def __init__(self, layout: Layout, seeds_of: SeedsOf) -> None:
        self._layout = layout
        self._seeds_of = seeds_of
        self._known: dict[Path, pd.DataFrame] = {}

    def paths(self, table: str, dataset: str, variant: str) -> list[Path]:
        """Return the files that the rows of a variant come from."""
        runs = [self._layout.run_table(table, dataset, variant, seed) for seed in self._seeds_of(dataset, table)]
        return runs if all(path.is_file() for path in runs) else [self._layout.table(table)]

    def rows(self, table: str, dataset: str, variant: str) -> pd.DataFrame:
        """Return the test rows of a variant on a data set, seed by seed.

        Raises:
            UserError: If there are none, or as `load_table`.
        """
        paths = self.paths(table, dataset, variant)
        for path in paths:
            if path not in self._known:
                self._known[path] = load_table(path, TABLES[table])
        rows = pd.concat([rows_of(self._known[path], path, dataset, variant) for path in paths], ignore_index=True)
        # The joined table may have seeds that params.yaml no longer lists.
        listed = rows[rows["seed"].isin(self._seeds_of(dataset, table))].reset_index(drop=True)
        if listed.empty:
            raise UserError(
                str(paths[0]),
                got=f"seeds {', '.join(map(str, sorted(set(rows['seed']))))} of {dataset}, {variant}",
                expected="a seed that params.yaml lists",
                hint=_hint(paths[0]),
            )
        return listed


def rows_of(table: pd.DataFrame, path: Path, dataset: str, variant: str) -> pd.DataFrame:
    """Return the rows of a variant on a data set.

    Args:
        table: Rows of several runs.
        path: Path of the table, for the message.
        dataset: Name of the data set.
        variant: Name of the variant.

    Raises:
        UserError: If there are none.
    """
    found = table[(table["dataset"] == dataset) & (table["model"] == variant)].reset_index(drop=True)
    if found.empty:
        raise UserError(
            str(path), got=f"no row of {dataset}, {variant}", expected="the rows of its runs", hint=_hint(path)
        )
    return found


def select(table: pd.DataFrame, **wanted: str | float) -> pd.DataFrame:
    """Return the rows whose columns have the wanted values, for instance ``metric="recall"``.

    Raises:
        UserError: If there is no such row, or a number in one of them is missing or infinite, since a mean over seeds
            would omit it silently.
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
        raise UserError(
            about, got="missing or infinite numbers", expected=expected, hint="Check the run that made the table."
        )
    return rows


def load_arrays(path: Path, kind: str | None = None) -> Arrays:
    """Read an NPZ of traversals, samples or posteriors, and check it against its schema.

    Args:
        path: Path of the file.
        kind: Name of the table, a key of ``ARRAYS``; None takes the name of the file's folder.

    Returns:
        The arrays by name.

    Raises:
        UserError: If the file is missing or no NPZ of plain arrays, or an array is missing or has another shape.
    """
    arrays = _read_arrays(path)
    axes = ARRAYS[kind or path.parent.name].axes
    _complete(path, tuple(axes), list(arrays), "arrays")
    _check_axes(path, arrays, axes)
    return arrays


def kind_of(path: Path) -> str:
    """Return the kind of table in an NPZ, which is identified by the array that no other kind has.

    Raises:
        UserError: If the file is missing, no NPZ of plain arrays, or of none of the kinds.
    """
    arrays = _read_arrays(path)
    for kind, schema in ARRAYS.items():
        if schema.mark in arrays:
            return kind
    raise UserError(
        str(path),
        got=f"arrays {', '.join(arrays)}",
        expected=f"a table of {', '.join(ARRAYS)}",
        hint="Make one with `nvae traversals`, `nvae samples` or `nvae posteriors`.",
    )


def _read_arrays(path: Path) -> Arrays:
    _require(path)
    try:
        # The file is opened here, because np.load does not close a file that is no archive.
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, Mapping):
                raise ValueError("a single array")
            # NumPy returns a member that is no array as bytes, which np.asarray makes an array without axes.
            return {name: np.asarray(archive[name]) for name in archive}
    except _NO_ARRAYS as error:
        raise UserError(str(path), got=str(error), expected="an npz of plain arrays", hint=_hint(path)) from error


def _check_axes(path: Path, arrays: Arrays, axes: Mapping[str, str]) -> None:
    """Check that each array has its axes, and that axes of one name have one length."""
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
    """Return a 0-d array as text."""
    return str(arrays[name].item())


def _require(path: Path) -> None:
    if not path.is_file():
        raise UserError(str(path), got="no such file", expected="the table", hint=_hint(path))


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
    if path.parts[:1] != RESULTS.parts:
        return "Make the table again, or correct the path."  # a table of the user's own, which no rule makes
    return f"Make it with `snakemake --cores 2 -- {path.as_posix()}`."
