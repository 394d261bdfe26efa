"""Loading of the tables that a figure is drawn from."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from nvae.errors import UserError
from nvae.figures.spec import FigureSpec
from nvae.layout import Layout
from nvae.tables.needs import Ablation, Need, SeedsOf
from nvae.tables.reading import Arrays, RunTables, load_arrays, load_table, rows_of
from nvae.tables.schemas import ARRAYS, VARIANTS


def load(
    spec: FigureSpec, layout: Layout, roles: Mapping[str, str], seeds_of: SeedsOf
) -> tuple[dict[str, pd.DataFrame | Arrays], dict[str, Path]]:
    """Read the tables of a figure.

    Args:
        spec: Specification of the figure.
        layout: Paths of the profile.
        roles: Data set of each role, ``{"digits": "mnist", …}``.
        seeds_of: Function (data set, table) → the seeds whose rows the table has.

    Returns:
        The test rows of each table, or arrays by name, by the key of the need; and the files that were read, by path.

    Raises:
        UserError: If a table is missing, damaged or incomplete.
    """
    source = RunTables(layout, seeds_of)
    loaded: dict[str, pd.DataFrame | Arrays] = {}
    paths: list[Path] = []
    for need in spec.needs:
        if isinstance(need, Need) and need.table in ARRAYS:
            (path,) = need.files(layout, roles, seeds_of)
            loaded[need.key] = load_arrays(path)
            paths.append(path)
            continue
        runs = need.about(roles)
        paths += [path for run in runs for path in source.paths(need.table, *run)]
        rows = [source.rows(need.table, *run) for run in runs]
        if isinstance(need, Ablation):
            variants = layout.table("variants")
            settings = load_table(variants, VARIANTS, split=None)
            found = _settings(settings, variants, runs, need.parameter)
            rows = [part.assign(**{need.parameter: value}) for part, value in zip(rows, found, strict=True)]
            paths.append(variants)
        loaded[need.key] = pd.concat(rows, ignore_index=True)
    return loaded, {path.as_posix(): path for path in dict.fromkeys(paths)}


def _settings(
    table: pd.DataFrame, path: Path, runs: Iterable[tuple[str, str]], parameter: str
) -> Sequence[float | str]:
    """Return the setting of a parameter in each variant: numbers, or words if it is a number in none of them."""
    hint = f"Make it with `snakemake --cores 2 -- {path.as_posix()}`."
    found: list[str] = []
    for dataset, variant in runs:
        rows = rows_of(table, path, dataset, variant)
        own = dict(zip(rows["parameter"], rows["setting"], strict=True))
        if parameter not in own:
            raise UserError(
                str(path),
                got=f"parameters {', '.join(own)} of {dataset}, {variant}",
                expected=f"also {parameter}",
                hint=hint,
            )
        found.append(own[parameter])
    numbers = pd.to_numeric(pd.Series(found), errors="coerce")
    if numbers.isna().all():
        return found
    for setting, number in zip(found, numbers, strict=True):
        if not math.isfinite(number):
            raise UserError(
                f"{path}, parameter {parameter}", got=repr(setting), expected="numbers for all variants", hint=hint
            )
    return [float(number) for number in numbers]
