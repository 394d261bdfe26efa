"""Figure S5: effect of the weight λ of the class-dependent KL on the KL, on the bound and on label accuracy."""

import math
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from nvae.plotting import captions, lines, style
from nvae.plotting.ablations import KL_PARTS, by_dataset, differences, measured
from nvae.plotting.labels import dataset_label
from nvae.tables.needs import CLASS_WEIGHT

_LOOKS = (
    lines.Look("KL of the class's own block", style.OWN_BLOCK, "o", 0),
    lines.Look("of the shared variables", style.SHARED, "s", 1),
    lines.Look("of the other classes' blocks", style.OTHER_BLOCKS, "^", 2),
)
_LAMBDA = CLASS_WEIGHT.parameter
_PAPER_ABOVE = 1.0  # the paper states λ > 1
_OUTSIDE: dict[str, Any] = {"facecolor": "white", "edgecolor": "#DEDEDE", "hatch": "////", "linewidth": 0}
_HEIGHT = 4.7
_HIGHEST = 100  # %
_MARGIN = 0.04  # share of the axis below 0 and above 100 %, for markers at these values


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: one column per data set; KL, bound and accuracy from top to bottom.

    Args:
        tables: Metrics (test rows) of every λ on every data set, ``ablation``.

    Raises:
        UserError: If the table lacks a data set, a variant, a metric or a seed.

    Source: not in the paper, which states only λ > 1 (§II).
    """
    sets = by_dataset(tables["ablation"], CLASS_WEIGHT)
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    grid = figure.subplots(3, len(sets))
    for column, (dataset, rows) in enumerate(sets.items()):
        for axes in grid[:, column]:
            axes.set_xscale("log", base=2)
        # The first part is drawn last, on top.
        for metric, look in reversed([*zip(KL_PARTS, _LOOKS, strict=True)]):
            lines.draw_line(grid[0, column], measured(rows, CLASS_WEIGHT, metric), "value", over=_LAMBDA, look=look)
        grid[0, column].set_ylim(bottom=-_MARGIN * grid[0, column].get_ylim()[1])
        bound = differences(measured(rows, CLASS_WEIGHT, "negative_bound_nats"), CLASS_WEIGHT)
        grid[1, column].axhline(0, color=style.BASELINE, linewidth=0.5, zorder=0.5)
        lines.draw_model(grid[1, column], bound, "value", model="n_vae", over=_LAMBDA)
        accuracy = measured(rows, CLASS_WEIGHT, "accuracy_pct")
        lines.draw_model(grid[2, column], accuracy, "value", model="n_vae", over=_LAMBDA)
        low, high = grid[2, column].get_ylim()
        grid[2, column].set_ylim(low, min(high, _HIGHEST + _MARGIN * (_HIGHEST - low)))
        for row, axes in enumerate(grid[:, column]):
            _mark_outside(axes, accuracy[_LAMBDA])
            axes.xaxis.set_minor_locator(NullLocator())
            style.panel_title(axes, row * len(sets) + column, dataset_label(dataset))
        grid[2, column].set_xlabel("λ")
    smallest = tables["ablation"][_LAMBDA].min()
    grid[0, 0].set_ylabel("KL (nat)")
    grid[1, 0].set_ylabel(f"negative bound (nat),\nchange from λ = {smallest:g}")
    grid[2, 0].set_ylabel("label accuracy (%)")
    _add_legend(figure, [rows["seed"].nunique() for rows in sets.values()])
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return KL, bound and accuracy of every data set at the smallest and the largest λ, for the caption.

    Raises:
        UserError: As `draw`.
    """
    table = tables["ablation"]
    ends = CLASS_WEIGHT.variants[0], CLASS_WEIGHT.variants[-1]
    sets = by_dataset(table, CLASS_WEIGHT)
    items = [f"Means at λ = {table[_LAMBDA].min():g} → {table[_LAMBDA].max():g}; {captions.seeds(sets.values())}"]
    for dataset, rows in sets.items():
        found = {metric: measured(rows, CLASS_WEIGHT, metric) for metric in (*KL_PARTS, "accuracy_pct")}
        own, shared, others, accuracy = (
            " → ".join(captions.mean(points[points["model"] == variant]["value"]) for variant in ends)
            for points in found.values()
        )
        bound = differences(measured(rows, CLASS_WEIGHT, "negative_bound_nats"), CLASS_WEIGHT)
        change = captions.mean(bound[bound["model"] == ends[-1]]["value"])
        items.append(
            f"{dataset_label(dataset)}: KL of the own block {own} nat, shared {shared} nat, other blocks {others} nat; "
            f"change of the negative bound {change} nat; label accuracy {accuracy} %"
        )
    return "\n".join(items)


def _mark_outside(axes: Axes, weights: pd.Series) -> None:
    """Shade the values of λ that the paper's condition excludes, up to half-way to the next value."""
    outside, inside = weights[weights <= _PAPER_ABOVE], weights[weights > _PAPER_ABOVE]
    if outside.empty or inside.empty:
        return
    low, high = axes.get_xlim()
    axes.axvspan(low, math.sqrt(outside.max() * inside.min()), **_OUTSIDE, zorder=0)
    axes.set_xlim(low, high)


def _add_legend(figure: Figure, counts: list[int]) -> None:
    """Add a legend of two rows, lines in the upper one; matplotlib fills a legend column by column."""
    above = [lines.line_handle(look) for look in _LOOKS]
    below = [Patch(**_OUTSIDE, label="outside of the paper's λ > 1"), *lines.seeds_handles(counts)]
    handles = [handle for pair in zip_longest(above, below) for handle in pair if handle]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, columnspacing=1.2, handlelength=1.8)
