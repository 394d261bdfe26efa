"""Figure S8: the share of class-exclusive factors that KL detects where the true share is known, and its errors."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvae.plotting import intervals, lines, marks, style
from nvae.plotting.factors import mean_r2
from nvae.plotting.labels import fraction_label, model_label, seeds_range_label
from nvae.tables.needs import DIAL, ENCODERS, HARDER_DIALS, HARDER_MODELS
from nvae.tables.reading import select

_TRUTH = "exclusive_share"
_N_VAE = "n_vae"
# (kind of factors, part of the latents that predicts them): each kind from its own latents, and the leak into z_s.
_READ = {
    ("shared", "shared"): lines.Look("shared factors, from $z_s$", style.SHARED, "s", 0),
    ("exclusive", "own"): lines.Look("exclusive ones, from own block", style.OWN_BLOCK, "o", 1),
    ("exclusive", "shared"): lines.Look("exclusive ones, from $z_s$", style.SHARED, "D", 2, dashed=True),
}
_HARDER = {"dial_few": "few images", "dial_weak": "weak factors"}
# Filling of the marks at the ends and in the middle of the dial → their position in the row of a condition.
_SHIFTS = {"none": -0.28, "left": 0.0, "full": 0.28}
_BELOW = 0.14
# Inches.
_ABOVE = 2.35
_ROW = 0.24
_AROUND = 0.5
_LEGEND = 0.35


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: above, detected against true share and R² of the factors; below, harder conditions.

    Args:
        tables: Calibration tables (test rows) ``{dial}_{model}``: of `DIAL` for each of `ENCODERS` and of
            `HARDER_MODELS`, and of `HARDER_DIALS` for N-VAE.

    Raises:
        UserError: If a table lacks a share or R² of a factor.

    Source: not in the paper.
    """
    below = _AROUND + _ROW * (1 + len(HARDER_DIALS) + len(HARDER_MODELS))
    figure = style.new_figure(style.DOUBLE, _ABOVE + below + _LEGEND, constrained=True)
    grid = figure.add_gridspec(2, 1, height_ratios=[_ABOVE, below])
    row = grid[0].subgridspec(1, 3)
    first, second, third = (figure.add_subplot(row[column]) for column in range(3))
    _draw_detected(first, tables)
    style.panel_title(first, 0, f"{model_label(_N_VAE)}: KL own / (own + shared)")
    _draw_by_model(second, tables)
    style.panel_title(second, 1, "KL that not every class has")
    _draw_read(third, tables)
    style.panel_title(third, 2, f"{model_label(_N_VAE)}: factors read from latents")
    for axes in (first, second, third):
        _finish(axes, [_truth(part) for part in _levels(tables[f"{DIAL}_{_N_VAE}"])])
    first.set_ylabel("detected share")
    second.set_ylabel("class-specific share")
    third.set_ylabel("mean held-out R²")
    conditions = figure.add_subplot(grid[1])
    _draw_conditions(conditions, tables)
    style.panel_title(conditions, 3, f"{model_label(_N_VAE)}, as in (a), where it is harder")
    handles = lines.seeds_handles([table["seed"].nunique() for table in tables.values()])
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.8)
    return figure


def detected(tables: Mapping[str, pd.DataFrame], model: str, metric: str) -> pd.DataFrame:
    """Return the detected and the true share at every setting of the dial.

    Args:
        tables: Tables as `draw` takes them.
        model: Name of the variant.
        metric: Name of the detected share, ``kl_block_share`` or ``kl_class_specific_share``.

    Returns:
        Columns seed, exclusive_share and value.

    Raises:
        UserError: If a table lacks the metric.
    """
    levels = _levels(tables[f"{DIAL}_{model}"])
    parts = [select(part, metric=metric).assign(**{_TRUTH: _truth(part)}) for part in levels]
    return pd.concat(parts, ignore_index=True)[["seed", _TRUTH, "value"]]


def rank_correlation(tables: Mapping[str, pd.DataFrame]) -> float:
    """Return Spearman's ρ between the true share and the mean detected share, the line in (a).

    Returns:
        Rank correlation, −1 to 1; NaN if the line is flat.

    Raises:
        UserError: If a table lacks the detected or the true share.
    """
    line = intervals.over_seeds(detected(tables, _N_VAE, "kl_block_share"), [_TRUTH], "value")
    return float(line[_TRUTH].rank().corr(line["mean"].rank()))


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the rank correlation of the line in (a), a mean over seeds, for the caption."""
    n = seeds_range_label([tables[f"{DIAL}_{_N_VAE}"]["seed"].nunique()])
    return f"Spearman's ρ of the line in (a): {rank_correlation(tables):.2f}; {n}"


def _levels(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each setting of the dial, by growing number of exclusive factors."""
    return [rows for _, rows in table.groupby("exclusive_factors")]


def _ends(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the first, the middle (the upper of two) and the last setting of the dial, each once, by their filling."""
    levels = _levels(table)
    fills = {0: "none", len(levels) // 2: "left", len(levels) - 1: "full"}
    return {fill: levels[place] for place, fill in fills.items()}


def _truth(table: pd.DataFrame) -> float:
    return float(select(table, metric=_TRUTH)["value"].iloc[0])


def _draw_detected(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    axes.plot([0, 1], [0, 1], **lines.reference())
    lines.draw_model(axes, detected(tables, _N_VAE, "kl_block_share"), "value", model=_N_VAE, over=_TRUTH)
    _add_legend(axes, [lines.line_handle(lines.model_look(_N_VAE)), lines.reference_handle("detected = true")])


def _draw_by_model(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    for model in reversed(ENCODERS):
        points = detected(tables, model, "kl_class_specific_share")
        lines.draw_model(axes, points, "value", model=model, over=_TRUTH)
    _add_legend(axes, [lines.line_handle(lines.model_look(model)) for model in ENCODERS])


def _draw_read(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    for (kind, source), look in _READ.items():
        levels = _levels(tables[f"{DIAL}_{_N_VAE}"])
        found = [mean_r2(part, kind, source).assign(**{_TRUTH: _truth(part)}) for part in levels]
        if parts := [part for part in found if len(part)]:
            lines.draw_line(axes, pd.concat(parts), "value", over=_TRUTH, look=look)
    _add_legend(axes, [lines.line_handle(look) for look in _READ.values()])


def _finish(axes: Axes, truths: list[float]) -> None:
    axes.set_xticks(truths, [fraction_label(truth) for truth in truths])
    axes.set_ylim(min(-0.03, axes.get_ylim()[0]), 1.03)
    axes.set_xlabel("true share of class-exclusive factors")


def _draw_conditions(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw one row per condition, with marks for the ends and the middle of the dial."""
    keys = {
        "as in (a)": f"{DIAL}_{_N_VAE}",
        **{words: f"{dial}_{_N_VAE}" for dial, words in _HARDER.items()},
        **{model_label(model).removeprefix("N-VAE, "): f"{DIAL}_{model}" for model in HARDER_MODELS},
    }
    colour, marker = style.MODEL_COLOURS[_N_VAE], style.MODEL_MARKERS[_N_VAE]
    marks.stripe(axes, range(0, len(keys), 2), len(keys))
    for row, key in enumerate(keys.values()):
        for fill, part in _ends(tables[key]).items():
            values = select(part, metric="kl_block_share")["value"]
            at = row + _SHIFTS[fill]
            marks.draw_row(axes, values, at, colour=colour, marker=marker, fill=fill, below=_BELOW)
    truths = {fill: _truth(part) for fill, part in _ends(tables[f"{DIAL}_{_N_VAE}"]).items()}
    for truth in truths.values():
        axes.axvline(truth, **lines.reference(), linewidth=0.6, zorder=0.6)
    axes.set_yticks(range(len(keys)), list(keys))
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("detected share")
    handles = [
        marks.handle(f"true share {fraction_label(truth)}", colour, marker, fill) for fill, truth in truths.items()
    ]
    handles.append(lines.reference_handle("true shares"))
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0)


def _add_legend(axes: Axes, handles: list[Line2D]) -> None:
    """Add a legend below the panel, where it cannot overlap a line."""
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.21), borderaxespad=0, handlelength=2.4)
