"""Joining of the tables of single runs, and splitting of joined tables; as text, so that numbers keep their digits."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from nvae.errors import UserError
from nvae.layout import Layout
from nvae.provenance import atomic
from nvae.tables.schemas import RUN, TABLES

Rows = list[list[str]]
#: A run: data set, variant, seed.
Run = tuple[str, str, str]


def join(paths: Iterable[Path]) -> tuple[list[str], Rows]:
    """Read tables and append their rows in the order given.

    Args:
        paths: Paths of the CSVs, at least one.

    Returns:
        The columns that all tables have, and the rows.

    Raises:
        UserError: If a table is missing or no CSV, or has other columns than the first.
    """
    first, *others = paths
    columns, rows = read_text(first)
    for path in others:
        found, more = read_text(path)
        if found != columns:
            raise UserError(
                str(path),
                got=f"columns {', '.join(found)}",
                expected=f"those of {first}: {', '.join(columns)}",
                hint="Make the tables again with the same version.",
            )
        rows += more
    return columns, rows


def melt_history(path: Path) -> tuple[list[str], Rows]:
    """Read a training history, and turn its columns of terms into one row per term.

    Args:
        path: Path of the CSV. It has the columns of the schema but the last two, and one column per term; an empty
            cell is a term that was not measured.

    Returns:
        The columns of the schema ``history``, and the rows.

    Raises:
        UserError: If the file is missing, no CSV or no history.
    """
    columns, rows = read_text(path)
    names = TABLES["history"].names
    _require_columns(path, columns, names[:-2])
    keys = [columns.index(name) for name in names[:-2]]
    terms = [index for index in range(len(columns)) if index not in keys]
    melted = [[*(row[key] for key in keys), columns[term], row[term]] for row in rows for term in terms if row[term]]
    return list(names), melted


def write_text(path: Path, columns: list[str], rows: Rows) -> None:
    """Write a CSV, whole or not at all."""
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])


def read_text(path: Path) -> tuple[list[str], Rows]:
    """Read a CSV without converting a value.

    Raises:
        UserError: If the file is missing or no CSV.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            # A cell may have line breaks, so that the number of a row is not that of its line.
            (_, columns), *lines = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise UserError(
            str(path), got="no such file", expected="a table", hint="Make it first, or correct the path."
        ) from None
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(
            str(path), got=f"no table ({error})", expected="a CSV with a line of column names", hint="Make it again."
        ) from None
    for number, row in lines:
        if len(row) != len(columns):
            raise UserError(
                f"{path}, line {number}",
                got=f"{len(row)} values",
                expected=f"{len(columns)}, one per column",
                hint="Make the table again.",
            )
    return columns, [row for _, row in lines]


def split(path: Path) -> dict[Run, str]:
    """Split a joined table into the tables of its runs.

    Returns:
        Run → the content of its table, byte for byte the same as before the tables were joined.

    Raises:
        UserError: If the table is missing, no CSV, or does not name its runs.
    """
    columns, rows = read_text(path)
    names = [column.name for column in RUN]
    _require_columns(path, columns, names)
    dataset, model, seed = (columns.index(name) for name in names)
    parts: dict[Run, Rows] = {}
    for row in rows:
        parts.setdefault((row[dataset], row[model], row[seed]), []).append(row)
    return {run: _text(columns, part) for run, part in parts.items()}


def restore_run_tables(layout: Layout, wanted: Iterable[tuple[str, str, str, int]]) -> int:
    """Write the tables of single runs that are missing, from the joined tables.

    A clone has only the joined tables.

    Args:
        layout: Paths of the profile.
        wanted: Tables of single runs, as (table, data set, variant, seed).

    Returns:
        The number of restored tables.

    Raises:
        UserError: If a joined table is damaged.
    """
    missing: dict[str, list[Run]] = {}
    for table, dataset, variant, seed in wanted:
        if not layout.run_table(table, dataset, variant, seed).exists():
            missing.setdefault(table, []).append((dataset, variant, str(seed)))
    count = 0
    for table, runs in missing.items():
        joined = layout.table(table)
        parts = split(joined) if joined.is_file() else {}
        for run in runs:
            if run in parts:
                path = layout.run_table(table, *run)
                with atomic(path) as part:
                    part.write_text(parts[run], encoding="utf-8", newline="")
                count += 1
    return count


def _require_columns(path: Path, columns: Sequence[str], wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in columns]:
        raise UserError(
            str(path),
            got=f"columns {', '.join(columns)}",
            expected=f"also {', '.join(missing)}",
            hint="Make the table again.",
        )


def _text(columns: list[str], rows: Rows) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return stream.getvalue()
