"""Figure 3: the aggregate posterior of a β-VAE and of N-VAE's shared variables, class by class."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from nvae.plotting import captions, intervals, lines, posteriors, style
from nvae.plotting.labels import (
    dataset_label,
    mean_label,
    metric_label,
    model_count_label,
    model_label,
    seeds_range_label,
)
from nvae.tables.reading import Arrays, select, text

_MODELS = {"beta_vae": "$z$", "n_vae": "$z_s$"}
_METRICS = (
    "mean_between_class_share",
    "sliced_wasserstein",
    "mmd",
    "gaussian_total_correlation_nats",
    "probe_accuracy_pct",
)
_MOST_DIMS = 4
# Inches.
_EDGE = 0.08
_LEGEND = 0.22
_TITLE = 0.2
_LEFT = 0.24
_PANEL = 1.13
_GAP = 0.09
_HEIGHT = 1.45
_TICKS = 0.34
_STRIP = 0.66
_STRIP_GAP = 0.2
_STRIP_EDGE = 0.15
_ROW = _TITLE + _HEIGHT + _TICKS


@style.styled
def draw(tables: Mapping[str, Any]) -> Figure:
    """Draw the figure: one row per model, with densities of single dimensions and a view of two; metrics below.

    Args:
        tables: Posterior samples of the digits, ``beta_vae_posterior`` and ``n_vae_posterior``, and tables of their
            metrics (test rows), ``beta_vae_aggregate`` and ``n_vae_aggregate``.

    Raises:
        UserError: If there are more classes than colours, or a metric or a dimension is missing.

    Source: Figure 3; N-VAE's row and the metrics are not in the paper.
    """
    strip_top = _LEGEND + len(_MODELS) * _ROW + _LEGEND + _TITLE
    figure = style.new_figure(style.DOUBLE, strip_top + _STRIP + _TICKS / 2 + _EDGE)
    handles = posteriors.legend_handles(tables["beta_vae_posterior"])
    figure.legend(handles=handles, loc="upper center", ncols=len(handles), columnspacing=1.0, handlelength=1.2)
    half_width = posteriors.limit(tables[f"{model}_posterior"]["z"][:, :_MOST_DIMS] for model in _MODELS)
    for row, model in enumerate(_MODELS):
        posterior, aggregate = tables[f"{model}_posterior"], tables[f"{model}_aggregate"]
        _draw_model(figure, row, posterior, aggregate, half_width)
    aggregates = {model: tables[f"{model}_aggregate"] for model in _MODELS}
    _write_strip_legend(figure, aggregates, strip_top)
    width = (style.DOUBLE - 2 * _STRIP_EDGE - (len(_METRICS) - 1) * _STRIP_GAP) / len(_METRICS)
    for place, metric in enumerate(_METRICS):
        axes = style.place_axes(figure, _STRIP_EDGE + place * (width + _STRIP_GAP), strip_top, width, _STRIP)
        _draw_metric(axes, aggregates, metric)
        style.panel_title(axes, 2 * len(_MODELS) + place, metric_label(metric))
    return figure


def numbers(tables: Mapping[str, Any]) -> str:
    """Return every metric of both models, for the caption.

    Raises:
        UserError: If a metric is missing.
    """
    aggregates = {model: tables[f"{model}_aggregate"] for model in _MODELS}
    about = dataset_label(next(iter(aggregates.values()))["dataset"].iloc[0])
    items = [
        f"{metric_label(metric)}: "
        + ", ".join(
            f"{model_label(model)} {captions.mean(select(table, metric=metric)['value'])}"
            for model, table in aggregates.items()
        )
        for metric in _METRICS
    ]
    return "\n".join([f"Latents of the test images, {about}; {captions.seeds(aggregates.values())}", *items])


def _draw_model(figure: Figure, row: int, posterior: Arrays, aggregate: pd.DataFrame, half_width: float) -> None:
    """Draw one row: the densities of the first dimensions, and the plane of the first two."""
    top = _LEGEND + row * _ROW + _TITLE
    z, model = posterior["z"], text(posterior, "model")
    n_dims = min(z.shape[1], _MOST_DIMS)
    panels = [
        style.place_axes(figure, _LEFT + place * (_PANEL + _GAP), top, _PANEL, _HEIGHT) for place in range(n_dims)
    ]
    shares = select(aggregate, metric="between_class_share", seed=int(posterior["seed"].item()))
    for place, axes in enumerate(panels):
        posteriors.draw_densities(axes, z[:, place], posterior, half_width)
        dim = int(posterior["dims"][place])
        share = select(shares, dim=dim)["value"].item()
        words = f"dim {dim}, {posterior['kl_nats'][place]:.2f} nat\nbetween-class share {share:.2f}"
        axes.text(0.03, 0.98, words, transform=axes.transAxes, va="top", fontsize=style.SMALL_FONT)
        axes.set_xlabel(f"{_MODELS[model]}, dim {dim}")
        axes.set_yticks([])
    panels[0].set_ylabel("density")
    about = f"{model_label(model)} {_MODELS[model]} on {dataset_label(text(posterior, 'dataset'))}"
    shown = f"{n_dims} of {z.shape[1]} dimensions, by falling KL"
    style.panel_title(panels[0], 2 * row, f"{about}, {model_count_label(text(posterior, 'seed'))}: {shown}")
    if n_dims > 1:
        axes = style.place_axes(figure, style.DOUBLE - _EDGE - _HEIGHT, top, _HEIGHT, _HEIGHT)
        posteriors.draw_plane(axes, z[:, :2], posterior, half_width)
        first, second = posterior["dims"][:2]
        axes.set_xlabel(f"{_MODELS[model]}, dim {first}")
        axes.set_ylabel(f"{_MODELS[model]}, dim {second}", labelpad=0)
        style.panel_title(axes, 2 * row + 1, "the first two dimensions")


def _draw_metric(axes: Axes, aggregates: Mapping[str, pd.DataFrame], metric: str) -> None:
    """Draw one metric of both models: mean, interval and seeds, with the numbers as text."""
    for place, (model, table) in enumerate(aggregates.items()):
        values = select(table, metric=metric)
        summary = intervals.over_seeds(values, ["metric"], "value")
        mean, half = summary["mean"].item(), summary["half"].item()
        words = f"{model_label(model)} {_MODELS[model]}: {mean_label(mean, half)}"
        if len(values) > 1:
            axes.errorbar(mean, place, xerr=half, fmt="none", ecolor=style.INK, elinewidth=0.8)
            axes.plot(values["value"], [place + 0.2] * len(values), **lines.seed_dots(style.INK))
        axes.plot(mean, place, marker="o", markersize=3, color=style.INK)
        axes.text(0.02, place - 0.2, words, transform=axes.get_yaxis_transform(), fontsize=style.SMALL_FONT)
    # Zero is visible, so that lengths can be compared.
    low, high = axes.get_xlim()
    axes.set_xlim(min(0, low), max(0, high))
    axes.set_ylim(1.45, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(3))  # more would overlap those of the next panel


def _write_strip_legend(figure: Figure, aggregates: Mapping[str, pd.DataFrame], top: float) -> None:
    counts = [table["seed"].nunique() for table in aggregates.values()]
    n = seeds_range_label(counts)
    handles = [Line2D([], [], color=style.INK, marker="o", markersize=3, linewidth=0, label=f"all images, {n}")]
    if max(counts) > 1:
        handles = [
            Line2D([], [], color=style.INK, marker="o", markersize=3, linewidth=0.8, label=f"{intervals.LABEL}, {n}"),
            Line2D([], [], label="one seed", **lines.seed_dots(style.INK)),
        ]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(_EDGE / style.DOUBLE, 1 - (top - _TITLE) / figure.get_figheight()),
        borderaxespad=0,
        ncols=len(handles),
        handlelength=1.2,
    )
