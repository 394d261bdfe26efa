"""Figure 5: KL of every class-dependent and shared dimension on three data sets."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvae.plotting import bars, captions, intervals, kl, style
from nvae.plotting.labels import dataset_label, seeds_label

_PARTS = {kl.OWN: style.OWN_BLOCK, kl.SHARED: style.SHARED, kl.OTHER: style.OTHER_BLOCKS}
_ROLES = ("digits", "fashion", "faces")
_HEIGHT = 5.4


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: one row per data set, with class blocks, shared variables and sums from left to right.

    Args:
        tables: KL tables (test rows) ``digits``, ``fashion`` and ``faces``.

    Source: Figure 5.
    """
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    grid = figure.subplots(3, 3, width_ratios=[5.2, 1.7, 1.1])
    for row, role in enumerate(_ROLES):
        blocks, shared, sums = grid[row]
        table = tables[role]
        bars.draw_own_blocks(blocks, table, colour=style.OWN_BLOCK)
        style.panel_title(blocks, row, f"{dataset_label(kl.dataset(table))}, {seeds_label(len(kl.seeds(table)))}")
        _draw_shared(shared, table)
        _draw_sums(sums, table)
        # Both kinds of dimensions have one scale, so that heights can be compared.
        top = max(blocks.get_ylim()[1], shared.get_ylim()[1])
        blocks.set_ylim(0, top)
        shared.set_ylim(0, top)
    grid[2, 0].set_xlabel("class-dependent: own block of each class, dimensions by falling KL")
    grid[2, 1].set_xlabel("shared, by falling KL")
    grid[2, 2].set_xlabel("sum")
    handles = bars.legend_handles(
        [
            ("class-dependent, own block", style.OWN_BLOCK),
            ("shared", style.SHARED),
            ("class-dependent, other classes' blocks", style.OTHER_BLOCKS),
        ],
        max(len(kl.seeds(table)) for table in tables.values()),
    )
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.2)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the sums over the own block and over the shared variables on each data set, for the caption."""
    items = []
    for role in _ROLES:
        sums = kl.totals(tables[role])
        own, shared = (captions.mean(sums.loc[sums["part"] == part, "kl_nats"]) for part in (kl.OWN, kl.SHARED))
        items.append(f"{dataset_label(kl.dataset(tables[role]))} {own} and {shared} nat")
    about = captions.seeds(tables[role] for role in _ROLES)
    return f"KL of the own block and of the shared block: {', '.join(items)}; {about}"


def _draw_shared(axes: Axes, table: pd.DataFrame) -> None:
    shared = kl.shared(table)
    bars.draw_bars(axes, shared, shared["rank"].astype(float), colour=style.SHARED)
    n_ranks = int(shared["rank"].max())
    axes.set_xlim(0.3, n_ranks + 0.7)
    axes.set_xticks(range(1, n_ranks + 1, 1 + n_ranks // 12))


def _draw_sums(axes: Axes, table: pd.DataFrame) -> None:
    sums = kl.totals(table)
    for place, (part, colour) in enumerate(_PARTS.items()):
        rows = sums[sums["part"] == part]
        bars.draw_bars(axes, rows, pd.Series(float(place), rows.index), colour=colour, width=0.7)
        summary = intervals.over_seeds(rows, ["part"], "kl_nats")
        top = np.nanmax([summary["mean"] + summary["half"].fillna(0), [rows["kl_nats"].max()]])
        axes.annotate(
            f"{summary['mean'].iloc[0]:.2f}",
            (place, top),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            fontsize=style.SMALL_FONT,
        )
    axes.margins(y=0.13)
    axes.set_xticks(range(len(_PARTS)), ["own", "shared", "other"])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("KL (nat)")
