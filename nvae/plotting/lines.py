"""What figures over a number such as σ share: lines are means over seeds, bands the interval, dots the seeds."""

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
_MARGIN = 0.08  # of the axis, for the dots beside the last marker


@dataclass(frozen=True)
class Look:
    """What tells a line from the others of its panel.

    Args:
        label: its words in a legend.
        colour: of the line, its band and its dots.
        marker: of its means.
        place: how many lines have their dots nearer to the markers.
        dashed: whether the line is.
    """

    label: str
    colour: str
    marker: str
    place: int = 0
    dashed: bool = False


def model_look(model: str) -> Look:
    """A trained variant's look, the same in every figure."""
    place = list(style.MODEL_COLOURS).index(model)
    return Look(model_label(model), style.MODEL_COLOURS[model], style.MODEL_MARKERS[model], place)


def draw_model(axes: Axes, points: pd.DataFrame, column: str, *, model: str, over: str = "sigma") -> None:
    """A model's line over σ, and with more than one seed its band and dots.

    Args:
        axes: where.
        points: columns seed, ``over`` and ``column``; one row per seed and place on the x axis.
        column: what stands on the y axis.
        model: the trained variant, for its colour and marker.
        over: what stands on the x axis.
    """
    draw_line(axes, points, column, over=over, look=model_look(model))


def draw_line(axes: Axes, points: pd.DataFrame, column: str, *, over: str, look: Look) -> None:
    """A line, and with more than one seed its band and dots.

    Args:
        axes: where; its ticks are set to the line's places.
        points: columns seed, ``over`` and ``column``; one row per seed and place on the x axis.
        column: what stands on the y axis.
        over: what stands on the x axis.
        look: what tells it from other lines.
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
        # A transform of their own keeps them out of the limits, and a seed may lie outside of the interval.
        axes.update_datalim(points[[over, column]].to_numpy())
    axes.plot(x, mean, label=look.label, **_line(look))
    axes.margins(x=_MARGIN)
    axes.set_xticks(x, [f"{value:g}" for value in x])


def draw_baseline(axes: Axes, values: pd.Series) -> None:
    """The level of classifiers that saw no generated image, one value a seed, as a dashed line with its band."""
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    if summary["n"] > 1:
        low, high = summary["mean"] - summary["half"], summary["mean"] + summary["half"]
        axes.axhspan(low, high, color=style.BASELINE, alpha=_BAND_ALPHA, linewidth=0, zorder=0.5)
    axes.axhline(summary["mean"], **reference(), zorder=0.6)


def add_legend(figure: Figure, tables: Iterable[pd.DataFrame], *, models: Sequence[str], baseline: bool) -> None:
    """One legend above all panels: models, baseline, interval and dots; it tells n whatever n is.

    Args:
        figure: with constrained layout.
        tables: all that the figure is drawn from, for their seeds.
        models: in the order of the legend.
        baseline: whether the panels have one.
    """
    handles: list[Artist] = [line_handle(model_look(model)) for model in models]
    if baseline:
        handles.append(reference_handle("real images only"))
    handles += seeds_handles([table["seed"].nunique() for table in tables])
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.8)


def line_handle(look: Look) -> Line2D:
    """A line in a legend."""
    return Line2D([], [], label=look.label, **_line(look))


def reference_handle(label: str) -> Line2D:
    """The dashed grey line that others are compared with, in a legend."""
    return Line2D([], [], **reference(), label=label)


def reference() -> dict[str, Any]:
    """How ``plot`` draws what others are compared with."""
    return {"color": style.BASELINE, "linestyle": _DASHES}


def seeds_handles(counts: Collection[int], *, band: bool = True) -> list[Artist]:
    """Interval and dots in a legend, with n, or what there is instead of them with one seed.

    Args:
        counts: the number of seeds of each table.
        band: intervals are drawn as bands; otherwise as lines.
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
    """How ``plot`` draws single seeds."""
    return {"linestyle": "none", "marker": "o", "markersize": 1.6, "markeredgewidth": 0, "color": colour, "alpha": 0.7}


def _beside(axes: Axes, place: int) -> Transform:
    """Where the dots of each line stand: right of its markers, which would hide them, and of each other's."""
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
