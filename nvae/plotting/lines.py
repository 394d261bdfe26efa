"""Line plots over a number such as σ: lines show means over seeds, bands their intervals, dots single seeds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation, Transform

from nvae.plotting import intervals, style
from nvae.plotting.labels import model_label, seeds_range_label

_BAND_ALPHA = 0.13
_DASHES = (0, (4, 2))
_MARGIN = 0.08  # share of the axis, for the dots beside the last marker


@dataclass(frozen=True)
class Look:
    """Appearance of a line, which distinguishes it from the others of its panel.

    Args:
        label: Text in a legend.
        colour: Colour of the line, its band and its dots.
        marker: Marker of its means.
        place: Number of lines whose dots are nearer to the markers.
        dashed: Whether the line is dashed.
    """

    label: str
    colour: str
    marker: str
    place: int = 0
    dashed: bool = False


def model_look(model: str) -> Look:
    """Return the appearance of a variant, which is the same in every figure."""
    place = list(style.MODEL_COLOURS).index(model)
    return Look(model_label(model), style.MODEL_COLOURS[model], style.MODEL_MARKERS[model], place)


def draw_model(axes: Axes, points: pd.DataFrame, column: str, *, model: str, over: str = "sigma") -> None:
    """Draw the line of a model over σ and, with more than one seed, its band and dots.

    Args:
        axes: Axes to draw on.
        points: Table with the columns seed, ``over`` and ``column``, and one row per seed and position on the x axis.
        column: Name of the column on the y axis.
        model: Name of the variant, which determines the colour and the marker.
        over: Name of the column on the x axis.
    """
    draw_line(axes, points, column, over=over, look=model_look(model))


def draw_line(axes: Axes, points: pd.DataFrame, column: str, *, over: str, look: Look) -> None:
    """Draw a line and, with more than one seed, its band and dots.

    Args:
        axes: Axes to draw on. Its ticks are set to the positions of the line's points.
        points: Table with the columns seed, ``over`` and ``column``, and one row per seed and position on the x axis.
        column: Name of the column on the y axis.
        over: Name of the column on the x axis.
        look: Appearance of the line.
    """
    summary = intervals.over_seeds(points, [over], column)
    x, mean, half = summary[over], summary["mean"], summary["half"]
    if (summary["n"] > 1).any():
        axes.fill_between(x, mean - half, mean + half, color=look.colour, alpha=_BAND_ALPHA, linewidth=0)
        for bound in (mean - half, mean + half):
            axes.plot(x, bound, color=look.colour, linewidth=0.4, alpha=0.6)
        beside = _beside(axes, look.place)
        dots = seed_dots(look.colour)
        axes.plot(points[over], points[column], **dots, transform=beside, clip_on=False, in_layout=False)
        # Because of their transform, the dots do not extend the limits, although a seed may lie outside the interval.
        axes.update_datalim(points[[over, column]].to_numpy())
    axes.plot(x, mean, label=look.label, **_line(look))
    axes.margins(x=_MARGIN)
    axes.set_xticks(x, [f"{value:g}" for value in x])


def draw_baseline(axes: Axes, values: pd.Series) -> None:
    """Draw the value of classifiers trained on real images alone, one per seed, as a dashed line with its band."""
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    if summary["n"] > 1:
        low, high = summary["mean"] - summary["half"], summary["mean"] + summary["half"]
        axes.axhspan(low, high, color=style.BASELINE, alpha=_BAND_ALPHA, linewidth=0, zorder=0.5)
    axes.axhline(summary["mean"], **reference(), zorder=0.6)


def add_legend(figure: Figure, tables: Iterable[pd.DataFrame], *, models: Sequence[str], baseline: bool) -> None:
    """Add one legend above all panels: models, baseline, interval and dots. It always states the number of seeds.

    Args:
        figure: Figure with constrained layout.
        tables: All tables of the figure, for their seeds.
        models: Names of the variants in the order of the legend.
        baseline: Whether the panels have a baseline.
    """
    handles: list[Artist] = [line_handle(model_look(model)) for model in models]
    if baseline:
        handles.append(reference_handle("real images only"))
    handles += seeds_handles([table["seed"].nunique() for table in tables])
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.8)


def line_handle(look: Look) -> Line2D:
    """Return the legend handle of a line."""
    return Line2D([], [], label=look.label, **_line(look))


def reference_handle(label: str) -> Line2D:
    """Return the legend handle of the dashed grey line that others are compared with."""
    return Line2D([], [], **reference(), label=label)


def reference() -> dict[str, Any]:
    """Return the arguments of ``plot`` for a line that others are compared with."""
    return {"color": style.BASELINE, "linestyle": _DASHES}


def seeds_handles(counts: Collection[int], *, band: bool = True) -> list[Artist]:
    """Return the legend handles of interval and dots, with the number of seeds; with one seed, of that number alone.

    Args:
        counts: Number of seeds of each table.
        band: Whether intervals are drawn as bands; otherwise they are lines.
    """
    n = seeds_range_label(counts)
    if max(counts) == 1:
        return [Line2D([], [], linestyle="none", label=n)]
    label = f"{intervals.LABEL}, {n}"
    if band:
        interval: Artist = Patch(color=style.INK, alpha=_BAND_ALPHA, linewidth=0, label=label)
    else:
        interval = Line2D([], [], color=style.INK, linewidth=0.8, label=label)
    return [interval, Line2D([], [], label="one seed", **seed_dots(style.INK))]


def seed_dots(colour: str) -> dict[str, Any]:
    """Return the arguments of ``plot`` for the dots of single seeds."""
    return {"linestyle": "none", "marker": "o", "markersize": 1.6, "markeredgewidth": 0, "color": colour, "alpha": 0.7}


def _beside(axes: Axes, place: int) -> Transform:
    """Return the transform that moves a line's dots to the right of its markers, and of the dots of earlier lines."""
    points = 3.0 + 0.9 * place
    return axes.transData + ScaledTranslation(points / 72, 0, cast(Figure, axes.figure).dpi_scale_trans)


def _line(look: Look) -> dict[str, Any]:
    return {
        "color": look.colour,
        "marker": look.marker,
        "markersize": 3.2,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
        "linewidth": 1.0,
        "linestyle": _DASHES if look.dashed else "-",
    }
