"""Loading what a figure is drawn from."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from nvae.errors import UserError
from nvae.figures.spec import FigureSpec
from nvae.layout import Layout
from nvae.tables.needs import Ablation, Need
from nvae.tables.reading import Arrays, RunTables, load_arrays, load_table, rows_of
from nvae.tables.schemas import ARRAYS, VARIANTS


def load(
    spec: FigureSpec, layout: Layout, roles: Mapping[str, str], seeds_of: Callable[[str], Sequence[int]]
) -> tuple[dict[str, pd.DataFrame | Arrays], dict[str, Path]]:
    """Read the tables of a figure.

    Args:
        spec: The figure.
        layout: Paths of the profile.
        roles: Data set of each role, ``{"digits": "mnist", …}``.
        seeds_of: Function that returns the seeds of a data set's models.

    Returns:
        Key → the test rows of a table, or arrays by name; and the files that were read, by path.

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
            rows = [_with_setting(part, settings, variants, need.parameter) for part in rows]
            paths.append(variants)
        loaded[need.key] = pd.concat(rows, ignore_index=True)
    return loaded, {path.as_posix(): path for path in dict.fromkeys(paths)}


def _with_setting(rows: pd.DataFrame, settings: pd.DataFrame, path: Path, parameter: str) -> pd.DataFrame:
    """Add a parameter's setting to the rows of one variant: a number where it is one."""
    dataset, variant = rows["dataset"].iloc[0], rows["model"].iloc[0]
    own = rows_of(settings, path, dataset, variant).set_index("parameter")["setting"]
    if parameter not in own:
        raise UserError(
            str(path),
            got=f"parameters {', '.join(own.index)} of {dataset}, {variant}",
            expected=f"also {parameter}",
            hint=f"Make it with `snakemake --cores 2 -- {path.as_posix()}`.",
        )
    value = own[parameter]
    try:
        return rows.assign(**{parameter: float(value)})
    except ValueError:
        return rows.assign(**{parameter: value})
