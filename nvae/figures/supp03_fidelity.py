"""Figure S3: how generated images differ from real images as σ grows, in the features of a classifier."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from nvae.plotting import captions, lines, style
from nvae.plotting.labels import dataset_label, metric_label, model_label
from nvae.tables.needs import COMPARED
from nvae.tables.reading import select

_ROLES = ("digits", "fashion")
_METRICS = ("accuracy_pct", "frechet_distance", "precision", "recall", "density", "coverage")
_LARGEST = {"accuracy_pct": 100, "precision": 1, "recall": 1, "coverage": 1}
_HEADROOM = 1.03
_WIDE = 20  # factor between the largest and the smallest Fréchet distance above which the axis is logarithmic
_HEIGHT = 3.1


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: one row per data set, one column per metric.

    Args:
        tables: Fidelity tables (test rows) of each compared model, ``digits_{model}`` and ``fashion_{model}``.

    Raises:
        UserError: If a table lacks a metric.

    Source: not in the paper.
    """
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    grid = figure.subplots(len(_ROLES), len(_METRICS))
    for row, role in enumerate(_ROLES):
        for column, metric in enumerate(_METRICS):
            axes = grid[row, column]
            _draw_panel(axes, {model: select(tables[f"{role}_{model}"], metric=metric) for model in COMPARED}, metric)
            style.panel_title(axes, row * len(_METRICS) + column, metric_label(metric))
        grid[row, 0].set_ylabel(dataset_label(tables[f"{role}_{COMPARED[0]}"]["dataset"].iloc[0]))
    for axes in grid[-1]:
        axes.set_xlabel("σ")
    lines.add_legend(figure, tables.values(), models=COMPARED, baseline=False)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return every metric of every model at the smallest and the largest σ, for the caption.

    Raises:
        UserError: As `draw`, or if a table lacks one of the two values of σ.
    """
    low, high = captions.ends(tables.values())
    items = [f"Means at σ = {low:g} → {high:g}; {captions.seeds(tables.values())}"]
    for role in _ROLES:
        about = dataset_label(tables[f"{role}_{COMPARED[0]}"]["dataset"].iloc[0])
        for metric in _METRICS:
            values = [
                f"{model_label(model)} "
                + captions.at_ends(select(tables[f"{role}_{model}"], metric=metric), "value", (low, high))
                for model in COMPARED
            ]
            items.append(f"{about}, {metric_label(metric)}: {', '.join(values)}")
    return "\n".join(items)


def _draw_panel(axes: Axes, rows: Mapping[str, pd.DataFrame], metric: str) -> None:
    for model in reversed(COMPARED):
        lines.draw_model(axes, rows[model], "value", model=model)
    values = pd.concat([table["value"] for table in rows.values()])
    if metric in _LARGEST:
        axes.set_ylim(0, _LARGEST[metric] * _HEADROOM)
    elif metric == "frechet_distance" and 0 < values.min() < values.max() / _WIDE:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(bottom=0)
