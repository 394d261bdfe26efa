"""Plots with one row per number: marks show means over seeds, lines their intervals, dots single seeds."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from nvae.plotting import intervals, lines, style

_SIZE = 3.2
_BEYOND = "<"  # marker of a mean that is too small for the axis


def draw_row(
    axes: Axes,
    values: pd.Series,
    row: float,
    *,
    colour: str,
    marker: str = "o",
    fill: str = "full",
    below: float = 0.2,
    least: float | None = None,
) -> None:
    """Draw one mean on a horizontal axis and, with more than one seed, its interval and dots.

    Args:
        axes: Axes to draw on. Its y axis points down, and rows are 1 high.
        values: One value per seed.
        row: Vertical position of the mark.
        colour: Colour of the mark, the interval and the dots.
        marker: Marker of the mean.
        fill: Filled part of the marker: ``full``, ``left`` (half) or ``none``.
        below: Distance of the dots below the mark, in rows.
        least: Lower limit: smaller numbers are drawn at this value, and a smaller mean gets another marker. None sets
            no limit.
    """
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    mean, half = summary["mean"], summary["half"]
    low, high = mean - half, mean + half
    beyond = least is not None and mean < least
    if least is not None:
        mean, low, high, values = max(mean, least), max(low, least), max(high, least), values.clip(lower=least)
    if summary["n"] > 1:
        axes.plot([low, high], [row, row], color=colour, linewidth=0.7, solid_capstyle="butt")
        axes.plot(values, [row + below] * len(values), **lines.seed_dots(colour))
    axes.plot(mean, row, **look(colour, _BEYOND if beyond else marker, fill))


def look(colour: str, marker: str, fill: str = "full") -> dict[str, Any]:
    """Return the arguments of ``plot`` for a mean."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": _SIZE,
        "markeredgewidth": 0.6,
        "markeredgecolor": colour,
        "markerfacecolor": "white" if fill == "none" else colour,
        "markerfacecoloralt": "white",
        "fillstyle": "left" if fill == "left" else "full",
    }


def handle(label: str, colour: str, marker: str, fill: str = "full") -> Line2D:
    """Return the legend handle of a mean."""
    return Line2D([], [], label=label, **look(colour, marker, fill))


def beyond_handle(least: float) -> Line2D:
    """Return the legend handle of a mean that is too small for the axis."""
    return handle(f"below {least:g}, drawn there".replace("-", "−"), style.INK, _BEYOND)


def stripe(axes: Axes, shaded: Iterable[int], n_rows: int) -> None:
    """Shade rows to guide the eye, and make the y axis point down."""
    for row in shaded:
        axes.axhspan(row - 0.5, row + 0.5, color=style.BAND, linewidth=0, zorder=0)
    axes.set_ylim(n_rows - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
