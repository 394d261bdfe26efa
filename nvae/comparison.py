"""Comparison of the results of two runs of the pipeline, A and B, in the same profile.

The method was fixed before the results of any two runs were compared:

- **Groups.** The rows of a table are matched by all of its keys but the seed. A group is the set of rows with the same
  keys: two samples over seeds, one of A and one of B.
- **Equal.** A group is equal if A and B have the same number for every seed that both have, and both have at least one:
  the same to a relative tolerance of 1e-6, or both undefined.
- **Spread of seeds.** The means of all other groups are compared with Welch's two-sided t test. The samples have all
  seeds, also those that only one side has. Holm's correction over the tests of one table limits the probability that
  chance alone makes any group of the table differ *beyond the spread of seeds* to 5 %. All other groups differ *within
  the spread of seeds*. This does not mean that they are equal: few seeds reveal large differences only. The test takes
  the samples as independent and normally distributed. Two runs with the same seeds that differ by rounding alone are
  correlated, and differ beyond the spread even less often.
- **Degenerate samples.** A side with a single seed has no known spread: such a group has a verdict of its own. If
  neither side varies, nothing can be tested: with equal means the group is within the spread, otherwise it *differs*.
  Shares of few images often have the same value for two or three seeds, so such a difference may be chance. A number
  that is undefined or infinite cannot be tested either: unless it is the same on both sides, the group *differs*.
- **Latent dimensions** of two seeds or two runs do not correspond: dimension 3 of one model may be dimension 1 of
  another. Rows that have the same keys but for the dimension are therefore ranked by falling value in each run, as in
  Figure 5, and the rank replaces the dimension. A run with permuted dimensions is equal.
- **One side.** Groups, and tables, that one side lacks are counted as such. Different sets of seeds are counted too.
- **Without seeds.** The settings of variants and the arrays of the first seed's models are equal or differ: there is
  nothing to estimate a spread from. Figures are equal if their bytes are.
- **Claims** are compared by their verdicts.

Source: not in the paper. Holm (1979): A simple sequentially rejective multiple test procedure.
"""

import filecmp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ValidationError
from scipy.stats import ttest_ind_from_stats

from nvae.errors import UserError
from nvae.layout import Layout
from nvae.provenance import PART
from nvae.provenance.sidecars import SIDECAR
from nvae.tables.reading import load_arrays, load_table
from nvae.tables.schemas import ARRAYS, TABLES, VARIANTS, TableSchema
from nvae.untrusted import read_json

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: A run: data set, variant, seed.
Run = tuple[str, str, int]

#: Level of the tests of one table together.
LEVEL = 0.05
#: Relative difference up to which two numbers are equal; the tables have eight significant digits.
TOLERANCE = 1e-6
#: Names of the groups of claims and figures, in place of the name of a table.
CLAIMS, FIGURES = "claims", "figures"
_SIDES = ("a", "b")


class Verdict(StrEnum):
    """The result of the comparison of one group."""

    EQUAL = "equal"
    WITHIN = "within the spread of seeds"
    BEYOND = "beyond the spread of seeds"
    ONE_SEED = "differs, no spread known (one seed)"
    DIFFERS = "differs"
    ONLY_A = "only in A"
    ONLY_B = "only in B"


class Group(NamedTuple):
    """The comparison of one group.

    Args:
        table: Name of the table, `CLAIMS` or `FIGURES`.
        group: Keys of the group; the file and the array; the claim and the criterion; the file of the figure.
        verdict: Result; for a claim, whether both sides have the same verdict.
        seeds_a: Seeds of side A, separated by spaces.
        seeds_b: Seeds of side B.
        mean_a: Mean over the seeds of side A, or its estimate of the criterion of a claim.
        mean_b: The same for side B.
        p_holm: Corrected p value; None if the group was not tested.
        note: Difference in words, or the verdicts on the claim.
    """

    table: str
    group: str
    verdict: Verdict
    seeds_a: str = ""
    seeds_b: str = ""
    mean_a: float | None = None
    mean_b: float | None = None
    p_holm: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Scope:
    """A part of the results.

    Args:
        runs: Table → its runs.
        arrays: Paths of files of arrays, relative to the project's root.
        figures: Names of figures.
    """

    runs: dict[str, set[Run]]
    arrays: set[Path]
    figures: set[str]


def compare(a: Path, b: Path, layout: Layout, scope: Scope | None = None) -> list[Group]:
    """Compare the results of two project folders.

    Args:
        a: Root of project A.
        b: Root of project B.
        layout: Paths of the profile, relative to the roots.
        scope: Part of the results to compare; None compares all tables, arrays, claims and figures.

    Returns:
        All groups, table by table.

    Raises:
        UserError: If a side has no results, or a result is damaged.
    """
    roots = (a, b)
    groups = [group for schema in TABLES.values() for group in _compare_tables(schema, roots, layout, scope)]
    groups += _compare_settings(roots, layout, scope)
    groups += _compare_arrays(roots, layout, scope)
    if scope is None:
        groups += _compare_claims(roots, layout)
    groups += _compare_figures(roots, layout, scope)
    for root, other in ((a, Verdict.ONLY_B), (b, Verdict.ONLY_A)):
        if all(group.verdict == other for group in groups):
            raise UserError(
                str(root),
                got=f"no results of profile {layout.profile} to compare",
                expected=f"a project's folder with {layout.tables} or {layout.figures}",
                hint="Correct the folder or --profile, or make the results first.",
            )
    return groups


def compare_samples(schema: TableSchema, a: pd.DataFrame, b: pd.DataFrame) -> list[Group]:
    """Compare two tables over seeds.

    Args:
        schema: Schema of both tables, with the key ``seed``.
        a: Rows of side A, with at most one row per combination of keys.
        b: Rows of side B.

    Returns:
        One group per combination of the keys but the seed, sorted.
    """
    keys = [name for name in schema.names if name not in ("seed", schema.measure)]
    rows = pd.concat({side: _ranked(frame, schema) for side, frame in enumerate((a, b)) if len(frame)})
    grouped = rows.groupby(keys)
    seeds, columns = np.unique(rows["seed"].to_numpy(), return_inverse=True)
    place = (rows.index.get_level_values(0), grouped.ngroup().to_numpy(), columns)
    values = np.full((2, grouped.ngroups, len(seeds)), np.nan)
    values[place] = rows[schema.measure]
    present = np.zeros(values.shape, bool)
    present[place] = True
    verdicts, p = _verdicts(values, present)
    names = ["rank" if key == "dim" else key for key in keys]
    groups = []
    for row, index in enumerate(grouped.size().index):
        seeds_a, seeds_b = (" ".join(map(str, seeds[side])) for side in present[:, row])
        mean_a, mean_b = (_mean(values[side, row, present[side, row]]) for side in (0, 1))
        p_holm = None if np.isnan(p[row]) else float(p[row])
        label = _label(names, index)
        groups.append(Group(schema.name, label, verdicts[row], seeds_a, seeds_b, mean_a, mean_b, p_holm))
    return groups


def _verdicts(values: Floats, present: Mask) -> tuple[list[Verdict], Floats]:
    """Return the verdict and the corrected p value of each group; NaN if it was not tested.

    Args:
        values: Numbers of both sides, (2, groups, seeds).
        present: Whether there is a row, (2, groups, seeds).
    """
    n_a, n_b = present.sum(axis=2)
    both: Mask = present[0] & present[1]
    same = np.isclose(values[0], values[1], rtol=TOLERANCE, atol=0, equal_nan=True) | ~both
    low, high = np.fmin.reduce(values, axis=2), np.fmax.reduce(values, axis=2)
    constant = (low == high).all(axis=0)
    alike = np.isclose(low[0], low[1], rtol=TOLERANCE, atol=0)
    found = np.full(len(n_a), Verdict.WITHIN, object)
    for verdict, groups in (  # a later one replaces an earlier one
        (Verdict.DIFFERS, constant & ~alike),
        (Verdict.ONE_SEED, (n_a == 1) | (n_b == 1)),
        (Verdict.DIFFERS, ~(np.isfinite(values) | ~present).all(axis=(0, 2))),
        (Verdict.EQUAL, both.any(axis=1) & same.all(axis=1)),
        (Verdict.ONLY_A, n_b == 0),
        (Verdict.ONLY_B, n_a == 0),
    ):
        found[groups] = verdict
    p = np.full(len(found), np.nan)
    tested = (found == Verdict.WITHIN) & ~constant
    p[tested] = holm(welch(values[0, tested], values[1, tested]))
    found[p <= LEVEL] = Verdict.BEYOND
    return found.tolist(), p


def welch(a: Floats, b: Floats) -> Floats:
    """Return the p value of Welch's two-sided t test of each row.

    Args:
        a: Samples, (rows, seeds), at least two finite numbers per row; NaN where there is none.
        b: The other samples. In each row one of the two samples has different numbers.
    """
    return np.asarray(ttest_ind_from_stats(*_moments(a), *_moments(b), equal_var=False).pvalue)


def _moments(samples: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean, the standard deviation and the size of each row."""
    return (
        np.nanmean(samples, axis=1),
        np.nanstd(samples, axis=1, ddof=1),
        np.isfinite(samples).sum(axis=1).astype(float),
    )


def holm(p: Floats) -> Floats:
    """Return p values with Holm's correction for the number of tests.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order]), 1)
    return corrected


def _ranked(rows: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Replace latent dimensions by their ranks, 1 for the largest value; −1 (all dimensions) is kept."""
    if "dim" not in schema.names:
        return rows
    single = rows["dim"] >= 0
    others = [name for name in schema.names if name not in ("dim", schema.measure)]
    ranks = rows[single].groupby(others)[schema.measure].rank(ascending=False, method="first", na_option="bottom")
    return rows.assign(dim=rows["dim"].astype(float).mask(single, ranks))


def _compare_tables(
    schema: TableSchema, roots: tuple[Path, Path], layout: Layout, scope: Scope | None
) -> Iterable[Group]:
    if scope is not None and schema.name not in scope.runs:
        return []
    runs = None if scope is None else scope.runs[schema.name]
    a, b = (_samples(root, layout, schema, runs) for root in roots)
    return compare_samples(schema, a, b) if len(a) or len(b) else []


def _samples(root: Path, layout: Layout, schema: TableSchema, runs: set[Run] | None) -> pd.DataFrame:
    """Return the rows of a table, none if there is no such table.

    A folder in which only some figures were made has tables of single runs, and a clone has joined tables.

    Args:
        root: Root of the project.
        layout: Paths of the profile.
        schema: Schema of the table.
        runs: Runs whose rows are read, from the tables of single runs, from which figures are drawn, or if a run has
            none, from the joined table; None takes the joined table, or all tables of single runs if there is none.
    """
    joined = root / layout.table(schema.name)
    if runs is None:
        pattern = layout.run_table(schema.name, "*", "*", "*").as_posix()
        rows = [_load(path, schema) for path in ([joined] if joined.is_file() else sorted(root.glob(pattern)))]
    else:
        paths = {run: root / layout.run_table(schema.name, *run) for run in runs}
        own = {run: path for run, path in paths.items() if path.is_file()}
        rows = [_load(path, schema) for _, path in sorted(own.items())]
        if joined.is_file() and (others := runs - set(own)):
            table = _load(joined, schema)
            run_of = pd.MultiIndex.from_frame(table[["dataset", "model", "seed"]])
            rows.append(table[run_of.isin(list(others))])
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=list(schema.names))


def _load(path: Path, schema: TableSchema) -> pd.DataFrame:
    """Read a table, whose keys must be unique."""
    rows = load_table(path, schema, split=None)[list(schema.names)]
    keys = list(schema.names[:-1])
    twice = rows[rows.duplicated(keys)]
    if len(twice):
        found = _label(keys, tuple(twice[key].iloc[0] for key in keys))
        raise UserError(str(path), got=f"two rows with {found}", expected="one", hint="Make the table again.")
    return rows


def _compare_settings(roots: tuple[Path, Path], layout: Layout, scope: Scope | None) -> Iterator[Group]:
    """Compare the parameters of the variants."""
    name, keys = VARIANTS.name, list(VARIANTS.names[:-1])
    if scope is not None and name not in scope.runs:
        return
    sides: list[dict[tuple[str, ...], str]] = []
    for root in roots:
        path = root / layout.table(name)
        rows = _load(path, VARIANTS) if path.is_file() else pd.DataFrame(columns=list(VARIANTS.names))
        sides.append({(*row[:-1],): row[-1] for row in rows.itertuples(index=False)})
    about = None if scope is None else {run[:2] for run in scope.runs[name]}
    for key in sorted({*sides[0], *sides[1]}):
        if about is None or key[:2] in about:
            a, b = (side.get(key) for side in sides)
            verdict = _of_pair(a, b, equal=a == b)
            yield Group(name, _label(keys, key), verdict, note=f"{a} / {b}" if verdict == Verdict.DIFFERS else "")


def _compare_arrays(roots: tuple[Path, Path], layout: Layout, scope: Scope | None) -> Iterator[Group]:
    for table in ARRAYS:
        folder = layout.arrays(table, "", "").parent
        found = {path.relative_to(root) for root in roots for path in (root / folder).glob("*.npz")}
        for path in sorted(found if scope is None else {path for path in scope.arrays if path.parent == folder}):
            sides = [load_arrays(root / path) if (root / path).is_file() else {} for root in roots]
            for name in sorted({*sides[0], *sides[1]}):
                a, b = (side.get(name) for side in sides)
                note = "" if a is None or b is None else _difference(a, b)
                yield Group(table, f"{path.stem}, {name}", _of_pair(a, b, equal=not note), note=note)


def _difference(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> str:
    """Return how two arrays differ, in words; empty if they are equal."""
    if a.shape != b.shape:
        return f"shapes {a.shape} and {b.shape}"
    if any(array.dtype.kind not in "biuf" for array in (a, b)):
        return "" if np.array_equal(a, b) else "other texts"
    first, second = a.astype(float), b.astype(float)
    if np.allclose(first, second, rtol=TOLERANCE, atol=0, equal_nan=True):
        return ""
    with np.errstate(invalid="ignore"):  # of infinite numbers
        return f"largest absolute difference {np.abs(first - second).max():.3g}"


class _Criterion(BaseModel):
    name: str
    estimate: float | None


class _Claim(BaseModel):
    id: str
    verdict: str
    criteria: list[_Criterion]


class _Claims(BaseModel):
    claims: list[_Claim]


def _compare_claims(roots: tuple[Path, Path], layout: Layout) -> Iterator[Group]:
    sides = [{claim.id: claim for claim in _read_claims(root / layout.claims)} for root in roots]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = (side.get(name) for side in sides)
        verdicts = list(dict.fromkeys(claim.verdict for claim in (a, b) if claim is not None))
        verdict = _of_pair(a, b, equal=len(verdicts) == 1)
        estimates = [{one.name: one.estimate for one in claim.criteria} if claim else {} for claim in (a, b)]
        for criterion in dict.fromkeys([*estimates[0], *estimates[1]]):
            mean_a, mean_b = (side.get(criterion) for side in estimates)
            note = " / ".join(verdicts)
            yield Group(CLAIMS, f"{name}, {criterion}", verdict, mean_a=mean_a, mean_b=mean_b, note=note)


def _read_claims(path: Path) -> list[_Claim]:
    if not path.exists():
        return []
    hint = "Make it again: nvae claims."
    content = read_json(path, kind="list of verdicts", hint=hint)
    try:
        return _Claims.model_validate(content).claims
    except ValidationError as error:
        first = error.errors()[0]
        reason = ": ".join([".".join(map(str, first["loc"])), first["msg"]])
        raise UserError(
            str(path), got=f"a damaged list of verdicts ({reason})", expected="a complete one", hint=hint
        ) from None


def _compare_figures(roots: tuple[Path, Path], layout: Layout, scope: Scope | None) -> Iterator[Group]:
    names = {path.name for root in roots for path in (root / layout.figures).glob("*") if path.is_file()}
    for name in sorted(names):
        if name.endswith((SIDECAR, PART)) or (scope is not None and Path(name).stem not in scope.figures):
            continue
        a, b = (path if path.is_file() else None for path in (root / layout.figures / name for root in roots))
        equal = a is not None and b is not None and filecmp.cmp(a, b, shallow=False)
        yield Group(FIGURES, name, _of_pair(a, b, equal=equal))


def _of_pair(a: object, b: object, *, equal: bool) -> Verdict:
    """Return the verdict on two things of which one may be missing, that is None."""
    if a is None or b is None:
        return Verdict.ONLY_B if a is None else Verdict.ONLY_A
    return Verdict.EQUAL if equal else Verdict.DIFFERS


def _label(names: Iterable[str], values: Iterable[object]) -> str:
    """Return the keys of a group in words.

    >>> _label(["model", "rank"], ["n_vae", 2.0])
    'model=n_vae, rank=2'
    """
    pairs = zip(names, values, strict=True)
    return ", ".join(f"{name}={value}" if isinstance(value, str) else f"{name}={value:g}" for name, value in pairs)


def _mean(numbers: Floats) -> float | None:
    """Return the mean; None if there are no numbers, or some are undefined or infinite."""
    return float(numbers.mean()) if len(numbers) and np.isfinite(numbers).all() else None
