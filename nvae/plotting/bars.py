"""Bars of the KL figures: bars show means over seeds, lines their intervals, dots single seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nvae.plotting import intervals, kl, style

_CROWD = 80  # with more bars than this, there is no room for dots beside an interval


def class_positions(n_classes: int, n_ranks: int) -> np.ndarray:
    """Return the positions of the bars of each class's block, in unit steps, with one free step between blocks.

    Returns:
        Positions, (n_classes, n_ranks) float.
    """
    return np.arange(n_classes)[:, None] * (n_ranks + 1.0) + np.arange(n_ranks)


def dot_shift(width: float) -> float:
    """Return the distance of the dots from the centre of their bar, so that dots and interval do not overlap."""
    return 0.22 * width


def draw_bars(axes: Axes, frame: pd.DataFrame, positions: pd.Series, *, colour: str, width: float = 0.84) -> None:
    """Draw bars, intervals and dots.

    Args:
        axes: Axes to draw on.
        frame: Table with the columns seed and kl_nats, and one row per seed and bar.
        positions: Position of the bar of each row, with the index of ``frame``.
        colour: Colour of the bars.
        width: Width of a bar; the unit is the distance between two bars.
    """
    placed = frame.assign(position=positions)
    summary = intervals.over_seeds(placed, ["position"], "kl_nats")
    axes.bar(summary["position"], summary["mean"], width, color=colour, linewidth=0)
    spread = summary[summary["n"] > 1]
    if spread.empty:
        return
    crowded = len(summary) > _CROWD
    axes.plot(
        placed["position"] + (0.0 if crowded else dot_shift(width)),
        placed["kl_nats"],
        linestyle="none",
        marker="o",
        markersize=1.1 if crowded else 1.6,
        markeredgewidth=0,
        color=style.INK,
        alpha=0.7,
    )
    axes.errorbar(
        spread["position"],
        spread["mean"],
        spread["half"],
        fmt="none",
        ecolor=style.INK,
        elinewidth=0.4 if crowded else 0.7,
    )


def draw_own_blocks(axes: Axes, table: pd.DataFrame, *, colour: str, shift: float = 0.0, width: float = 0.84) -> None:
    """Draw the dimensions of each class's block, class by class, by falling KL."""
    own = kl.own_block(table)
    classes = {k: i for i, k in enumerate(sorted(own["image_class"].unique()))}
    n_ranks = int(own["rank"].max())
    positions = class_positions(len(classes), n_ranks)
    where = positions[own["image_class"].map(classes).to_numpy(), own["rank"].to_numpy() - 1]
    draw_bars(axes, own, pd.Series(where + shift, own.index), colour=colour, width=width)
    _label_classes(axes, kl.class_names(table), positions)
    axes.set_ylabel("KL (nat)")


def legend_handles(colours: Sequence[tuple[str, str]], n_seeds: int) -> list[Artist]:
    """Return the legend handles of coloured bars and, with more than one seed, of intervals and dots.

    Args:
        colours: (label, colour) of each kind of bar.
        n_seeds: Largest number of seeds in the figure.
    """
    handles: list[Artist] = [Patch(color=colour, linewidth=0, label=label) for label, colour in colours]
    if n_seeds > 1:
        handles += [
            Line2D([], [], color=style.INK, linewidth=0.8, label=intervals.LABEL),
            Line2D([], [], color=style.INK, marker="o", markersize=2, linestyle="none", label="one seed"),
        ]
    return handles


def _label_classes(axes: Axes, names: list[str], positions: np.ndarray) -> None:
    for row in positions[::2]:
        axes.axvspan(row[0] - 1, row[-1] + 1, color=style.BAND, linewidth=0, zorder=0)
    crowded = len(names) > 12
    slanted = not crowded and max(map(len, names)) > 6
    axes.set_xticks(positions.mean(axis=1), names, rotation=90 if crowded else 30 if slanted else 0)
    if slanted:
        for tick in axes.get_xticklabels():
            tick.set_horizontalalignment("right")
            tick.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-1, positions[-1, -1] + 1)
    axes.set_axisbelow(True)
