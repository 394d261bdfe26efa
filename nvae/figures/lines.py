"""What the figures over σ share: lines are means over seeds, bands the interval, dots the seeds."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation, Transform

from nvae.figures import intervals, style
from nvae.figures.labels import model_label, seeds_range_label

_BAND_ALPHA = 0.13
_DASHES = (0, (4, 2))
_MARGIN = 0.08  # of the axis, for the dots beside the last σ


def draw_model(axes: Axes, points: pd.DataFrame, column: str, *, model: str) -> None:
    """A model's line over σ, and with more than one seed its band and dots.

    Args:
        axes: where.
        points: columns seed, sigma and ``column``; one row per seed and σ.
        column: what stands on the y axis.
        model: the trained variant, for its colour and marker.
    """
    colour = style.MODEL_COLOURS[model]
    summary = intervals.over_seeds(points, ["sigma"], column)
    sigma, mean, half = summary["sigma"], summary["mean"], summary["half"]
    if (summary["n"] > 1).any():
        axes.fill_between(sigma, mean - half, mean + half, color=colour, alpha=_BAND_ALPHA, linewidth=0)
        for bound in (mean - half, mean + half):
            axes.plot(sigma, bound, color=colour, linewidth=0.4, alpha=0.6)
        beside = _beside(axes, list(style.MODEL_COLOURS).index(model))
        axes.plot(
            points["sigma"], points[column], **seed_dots(colour), transform=beside, clip_on=False, in_layout=False
        )
    axes.plot(sigma, mean, label=model_label(model), **_line(model))
    axes.margins(x=_MARGIN)
    axes.set_xticks(sigma, [f"{value:g}" for value in sigma])


def draw_baseline(axes: Axes, values: pd.Series) -> None:
    """The level of classifiers that saw no generated image, one value a seed, as a dashed line with its band."""
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    if summary["n"] > 1:
        low, high = summary["mean"] - summary["half"], summary["mean"] + summary["half"]
        axes.axhspan(low, high, color=style.BASELINE, alpha=_BAND_ALPHA, linewidth=0, zorder=0.5)
    axes.axhline(summary["mean"], color=style.BASELINE, linestyle=_DASHES, zorder=0.6)


def add_legend(figure: Figure, tables: Iterable[pd.DataFrame], *, models: Sequence[str], baseline: bool) -> None:
    """One legend above all panels: models, baseline, interval and dots; it tells n whatever n is.

    Args:
        figure: with constrained layout.
        tables: all that the figure is drawn from, for their seeds.
        models: in the order of the legend.
        baseline: whether the panels have one.
    """
    handles: list[Artist] = [Line2D([], [], label=model_label(model), **_line(model)) for model in models]
    if baseline:
        handles.append(Line2D([], [], color=style.BASELINE, linestyle=_DASHES, label="real images only"))
    counts = [table["seed"].nunique() for table in tables]
    n = seeds_range_label(counts)
    if max(counts) > 1:
        handles += [
            Patch(color=style.INK, alpha=_BAND_ALPHA, linewidth=0, label=f"{intervals.LABEL}, {n}"),
            Line2D([], [], label="one seed", **seed_dots(style.INK)),
        ]
    else:
        handles.append(Line2D([], [], linestyle="none", label=n))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.8)


def seed_dots(colour: str) -> dict[str, Any]:
    """How ``plot`` draws single seeds."""
    return {"linestyle": "none", "marker": "o", "markersize": 1.6, "markeredgewidth": 0, "color": colour, "alpha": 0.7}


def _beside(axes: Axes, place: int) -> Transform:
    """Where the dots of each model stand: right of its markers, which would hide them, and of each other's."""
    points = 3.0 + 0.9 * place
    return axes.transData + ScaledTranslation(points / 72, 0, cast(Figure, axes.figure).dpi_scale_trans)


def _line(model: str) -> dict[str, Any]:
    return {
        "color": style.MODEL_COLOURS[model],
        "marker": style.MODEL_MARKERS[model],
        "markersize": 3.2,
        "markeredgecolor": "white",
        "markeredgewidth": 0.4,
        "linewidth": 1.0,
    }
