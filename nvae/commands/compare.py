"""``nvae compare``: the results of two runs of the pipeline, table by table and claim by claim."""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.comparison import CLAIMS, FIGURES, LEVEL, Group, Scope, Verdict, compare
from nvae.config import Config
from nvae.errors import printable
from nvae.figures import FigureSpec, find
from nvae.layout import Layout
from nvae.provenance import atomic
from nvae.tables.needs import Ablation
from nvae.tables.schemas import ARRAYS, VARIANTS

#: Verdict → the head of its column.
_HEADS = {
    Verdict.EQUAL: "equal",
    Verdict.WITHIN: "within",
    Verdict.BEYOND: "beyond",
    Verdict.ONE_SEED: "one seed",
    Verdict.DIFFERS: "differ",
    Verdict.ONLY_A: "only A",
    Verdict.ONLY_B: "only B",
}
_LEGEND = (
    f"within, beyond: the difference is within or beyond the spread of seeds (Welch's t test at level {LEVEL:g}, with "
    "Holm's correction for each table); one seed, differ: another value, and no test applies"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("a", type=Path, metavar="A", help="folder of a project, such as one of `nvae reproduce`")
    parser.add_argument(
        "b", type=Path, metavar="B", nargs="?", default=Path(), help="folder of another one (default: this project)"
    )
    parser.add_argument(
        "--figure",
        action="append",
        default=[],
        metavar="FIGURE",
        help="compare only what this figure shows (repeatable)",
    )
    parser.add_argument("--all", action="store_true", help="list every group that is not equal")
    parser.add_argument("--out", type=Path, help="path of a CSV to write as well, with one row per group")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print the comparison, whatever its result.

    Raises:
        UserError: If a folder has no results of the profile, or a result is damaged.
    """
    config = load_config(args)
    report(args.a, args.b, config, [find(name) for name in args.figure], list_all=args.all, out=args.out)


def report(
    a: Path,
    b: Path,
    config: Config,
    figures: Sequence[FigureSpec] = (),
    *,
    list_all: bool = False,
    out: Path | None = None,
) -> None:
    """Compare two project folders, and print the result.

    Args:
        a: Root of project A.
        b: Root of project B.
        config: Configuration of the profile.
        figures: Figures whose tables are compared; none compares all results.
        list_all: Whether to print every group that is not equal.
        out: Path of a CSV with all groups; None writes none.

    Raises:
        UserError: If a folder has no results of the profile, or a result is damaged.
    """
    groups = compare(a, b, Layout(config.profile), _scope(figures, config) if figures else None)
    if out is not None:
        with atomic(out) as part:
            pd.DataFrame(groups, columns=list(Group._fields)).to_csv(part, index=False)
    print(f"profile {config.profile}\nA: {printable(a.resolve())}\nB: {printable(b.resolve())}\n")
    print("\n".join(_table([group for group in groups if group.table != CLAIMS])))
    print(f"({_LEGEND})")
    if claims := [group for group in groups if group.table == CLAIMS]:
        print("", *_claims_table(claims), sep="\n")
    if list_all:
        print("", *(_line(group) for group in groups if group.verdict != Verdict.EQUAL), sep="\n")
    print(f"\n{_summary(groups)}")


def _scope(figures: Iterable[FigureSpec], config: Config) -> Scope:
    """Return what figures are drawn from, and the figures."""
    layout, roles = Layout(config.profile), config.datasets
    scope = Scope({}, set(), {spec.name for spec in figures})
    for need in (need for spec in figures for need in spec.needs):
        if need.table in ARRAYS:
            scope.arrays.update(need.files(layout, roles, config.seeds_of))
            continue
        runs = {
            (dataset, variant, seed)
            for dataset, variant in need.about(roles)
            for seed in config.seeds_of(dataset, need.table)
        }
        for table in (need.table, *([VARIANTS.name] if isinstance(need, Ablation) else [])):
            scope.runs.setdefault(table, set()).update(runs)
    return scope


def _table(groups: Sequence[Group]) -> list[str]:
    """Return the numbers of groups as an aligned table, with one line per table."""
    counts = Counter((group.table, group.verdict) for group in groups)
    seeds = Counter(group.table for group in groups if _other_seeds(group))
    lines = [("table", "groups", *_HEADS.values(), "other seeds")]
    for table in dict.fromkeys(group.table for group in groups):
        numbers = [counts[table, verdict] for verdict in _HEADS]
        lines.append((table, *(str(number) for number in (sum(numbers), *numbers, seeds[table]))))
    return _aligned(lines, numbers_from=1)


def _claims_table(groups: Iterable[Group]) -> list[str]:
    """Return the verdicts and estimates as an aligned table, with one line per criterion."""
    lines = [("claim", "criterion", "verdict", "", "estimate of A", "of B")]
    for group in groups:
        claim, _, criterion = group.group.partition(", ")
        same = "=" if group.verdict == Verdict.EQUAL else group.verdict
        lines.append((claim, criterion, group.note, same, _number(group.mean_a), _number(group.mean_b)))
    return [printable(line) for line in _aligned(lines, numbers_from=4)]


def _aligned(lines: Sequence[tuple[str, ...]], *, numbers_from: int) -> list[str]:
    """Return lines of cells as lines of text, with texts on the left of their columns and numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if index >= numbers_from else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        for cells in lines
    ]


def _other_seeds(group: Group) -> bool:
    return bool(group.seeds_a and group.seeds_b) and group.seeds_a != group.seeds_b


def _line(group: Group) -> str:
    details = [group.note] if group.note else []
    if group.mean_a is not None or group.mean_b is not None:
        details.append(f"{_number(group.mean_a)} / {_number(group.mean_b)}")
    if group.p_holm is not None:
        details.append(f"p = {group.p_holm:.2g}")
    if _other_seeds(group):
        details.append(f"seeds {group.seeds_a} / {group.seeds_b}")
    return printable(f"{group.table}, {group.group}: {'; '.join([group.verdict, *details])}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _summary(groups: Sequence[Group]) -> str:
    """Return the result in one line."""
    verdicts = Counter(group.verdict for group in groups if group.table not in (CLAIMS, FIGURES))
    parts = [f"{sum(verdicts.values())} groups"]
    parts += [f"{verdicts[verdict]} {verdict}" for verdict in _HEADS if verdicts[verdict]]
    claims = {group.group.partition(",")[0]: group.verdict for group in groups if group.table == CLAIMS}
    figures = [group.verdict for group in groups if group.table == FIGURES]
    for what, found in (("claims", list(claims.values())), ("figures", figures)):
        if found:
            parts.append(f"{found.count(Verdict.EQUAL)} of {len(found)} {what} equal")
    return "; ".join(parts)
