"""Figure S6: effect of the decoder's class bias on the KL of each block, and on the bound, on every data set."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nvae.plotting import bars, captions, marks, style
from nvae.plotting.ablations import KL_PARTS, by_dataset, differences, measured
from nvae.plotting.labels import dataset_label, seeds_label
from nvae.tables.needs import CLASS_BIAS

_NAMES = ("own", "shared", "other")
_COLOURS = (style.OWN_BLOCK, style.SHARED, style.OTHER_BLOCKS)
_WITH, _WITHOUT = CLASS_BIAS.variants
_HEIGHT = 2.75
_APART = 0.2  # half the distance between the two bars of a pair
_WIDTH = 0.38


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: one column per data set, with KL above and the change of the bound without the bias below.

    Args:
        tables: Metrics (test rows) with and without the class bias on every data set, ``ablation``.

    Raises:
        UserError: If the table lacks a data set, a variant, a metric or a seed.

    Source: not in the paper, whose appendix B has the KL on the digits (Figure 10).
    """
    sets = by_dataset(tables["ablation"], CLASS_BIAS)
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    grid = figure.subplots(2, len(sets), height_ratios=[4, 1])
    for column, (dataset, rows) in enumerate(sets.items()):
        above, below = grid[:, column]
        for place, (metric, colour) in enumerate(zip(KL_PARTS, _COLOURS, strict=True)):
            _draw_pair(above, measured(rows, CLASS_BIAS, metric), place, colour)
        above.set_xticks(range(len(_NAMES)), _NAMES)
        above.set_ylim(bottom=0)
        style.panel_title(above, column, f"{dataset_label(dataset)}, {seeds_label(rows['seed'].nunique())}")
        _draw_bound(below, _bound_change(rows))
        style.panel_title(below, len(sets) + column, dataset_label(dataset))
    grid[0, 0].set_ylabel("KL (nat)")
    handles = bars.legend_handles(
        [
            ("own block, with class bias", style.OWN_BLOCK),
            ("shared, with", style.SHARED),
            ("other blocks, with", style.OTHER_BLOCKS),
            ("without", style.NO_BIAS),
        ],
        max(rows["seed"].nunique() for rows in sets.values()),
    )
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.2)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the KL of every block with and without the bias, and the change of the bound, for the caption.

    Raises:
        UserError: As `draw`.
    """
    sets = by_dataset(tables["ablation"], CLASS_BIAS)
    items = [f"Means with → without the class bias; {captions.seeds(sets.values())}"]
    for dataset, rows in sets.items():
        found = [measured(rows, CLASS_BIAS, metric) for metric in KL_PARTS]
        own, shared, others = (
            " → ".join(captions.mean(points[points["model"] == variant]["value"]) for variant in CLASS_BIAS.variants)
            for points in found
        )
        change = captions.mean(_bound_change(rows))
        items.append(
            f"{dataset_label(dataset)}: KL of the own block {own} nat, shared {shared} nat, other blocks {others} nat; "
            f"change of the negative bound {change} nat"
        )
    return "\n".join(items)


def _bound_change(rows: pd.DataFrame) -> pd.Series:
    """Return the negative bound without the bias minus that with the bias, one number per seed."""
    change = differences(measured(rows, CLASS_BIAS, "negative_bound_nats"), CLASS_BIAS)
    return change[change["model"] == _WITHOUT]["value"]


def _draw_pair(axes: Axes, points: pd.DataFrame, place: int, colour: str) -> None:
    """Draw the bars of one block with and without the bias, and lines that join the models of one seed."""
    seeds = {}
    for variant, fill, shift in ((_WITH, colour, -_APART), (_WITHOUT, style.NO_BIAS, _APART)):
        rows = points[points["model"] == variant].rename(columns={"value": "kl_nats"})
        bars.draw_bars(axes, rows, pd.Series(place + shift, rows.index), colour=fill, width=_WIDTH)
        seeds[variant] = rows.set_index("seed")["kl_nats"]
    dots = place + bars.dot_shift(_WIDTH)
    for pair in pd.concat(seeds, axis=1).to_numpy():
        axes.plot([dots - _APART, dots + _APART], pair, color=style.INK, linewidth=0.5, alpha=0.6)


def _draw_bound(axes: Axes, values: pd.Series) -> None:
    """Draw the change of the bound, with the number as text."""
    marks.draw_row(axes, values, 0, colour=style.INK)
    axes.text(
        0.02,
        0.95,
        captions.mean(values).replace("-", "−"),
        transform=axes.transAxes,
        va="top",
        fontsize=style.SMALL_FONT,
    )
    axes.axvline(0, ymax=0.6, color=style.BASELINE, linewidth=0.5, zorder=0.5)
    # Zero is visible, and not at the edge.
    axes.margins(x=0.15)
    axes.set_ylim(0.6, -1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("negative bound, without − with (nat)")
