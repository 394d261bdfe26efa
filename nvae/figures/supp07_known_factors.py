"""Figure S7: how well each part of the latents predicts each known factor, and disentanglement scores of models."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvae.plotting import captions, lines, marks, style
from nvae.plotting.factors import mean_r2
from nvae.plotting.labels import dataset_label, factor_label, metric_label, model_label, seeds_label
from nvae.tables.needs import ENCODERS, KNOWN
from nvae.tables.reading import select

# The part of the latents that predicts a factor → its colour, its marker, and the position of the mark in its row.
_SOURCES = {
    "shared": (style.SHARED, "s", -0.27),
    "own": (style.OWN_BLOCK, "o", 0.0),
    "others": (style.OTHER_BLOCKS, "^", 0.27),
}
_SOURCE_NAMES = {"shared": "from $z_s$", "own": "own block", "others": "other blocks"}
_KINDS = {"shared": "of all classes", "exclusive": "of one class"}
_SCORES = ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness", "modularity")
_PROBED = "n_vae"
_LEAST = -0.1
_LIMITS = (-0.14, 1.04)
# Distances in rows: between the three models of a score, and of the dots below a mark.
_APART = 0.28
_BELOW_FACTOR = 0.16
_BELOW_SCORE = 0.12
# Inches.
_FACTOR = 0.15
_SCORE = 0.24
_AROUND = 0.5  # for title, ticks and label of a panel
_LEGENDS = 0.4


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: above, one panel per data set with one row per factor; below, the scores of every model.

    Args:
        tables: Factor tables (test rows) ``{set}_{model}`` for each of `KNOWN` and of `ENCODERS`.

    Raises:
        UserError: If a table lacks a factor, a part of the latents or a score.

    Source: not in the paper.
    """
    factors = {role: _factors(tables[f"{role}_{_PROBED}"]) for role in KNOWN}
    left, right, below = (_FACTOR * len(factors[role]) for role in KNOWN)
    heights = [_AROUND + max(left + _AROUND + below, right), _AROUND + _SCORE * len(_SCORES)]
    figure = style.new_figure(style.DOUBLE, sum(heights) + _LEGENDS, constrained=True)
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    above = grid[0].subgridspec(1, 2)
    # Heights of the axes without titles, ticks and labels.
    column = above[0].subgridspec(2, 1, height_ratios=[left, below])
    panels = [figure.add_subplot(place) for place in (column[0], above[1], column[1])]
    for index, (role, axes) in enumerate(zip(KNOWN, panels, strict=True)):
        table = tables[f"{role}_{_PROBED}"]
        _draw_factors(axes, table, factors[role])
        style.panel_title(axes, index, f"{model_label(_PROBED)} on {_about(table)}")
    row = grid[1].subgridspec(1, len(KNOWN))
    for index, role in enumerate(KNOWN):
        axes = figure.add_subplot(row[index])
        models = {model: tables[f"{role}_{model}"] for model in ENCODERS}
        _draw_scores(axes, models, named=index == 0)
        # The legend states the number of seeds; three narrow panels have no room for it.
        style.panel_title(axes, len(KNOWN) + index, dataset_label(models[_PROBED]["dataset"].iloc[0]))
    _add_legends(figure, [table["seed"].nunique() for table in tables.values()])
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the mean R² over the factors of each kind, from each part of the latents, for the caption.

    Raises:
        UserError: If a table lacks R² of a factor.
    """
    probed = {role: tables[f"{role}_{_PROBED}"] for role in KNOWN}
    items = [f"{model_label(_PROBED)}, held-out R², mean over factors; {captions.seeds(probed.values())}"]
    for table in probed.values():
        kinds = [kind for kind in _KINDS if kind in set(table["factor_kind"])]
        for kind in kinds:
            found = {source: captions.mean(mean_r2(table, kind, source)["value"]) for source in _SOURCES}
            values = f"from z_s {found['shared']}, own block {found['own']}, other blocks {found['others']}"
            items.append(f"{dataset_label(table['dataset'].iloc[0])}, factors {_KINDS[kind]}: {values}")
    return "\n".join(items)


def _about(table: pd.DataFrame) -> str:
    return f"{dataset_label(table['dataset'].iloc[0])}, {seeds_label(table['seed'].nunique())}"


def _factors(table: pd.DataFrame) -> list[str]:
    """Return the names of the rows: each kind, followed by its factors in the order of the table."""
    named = select(table, metric="r2").drop_duplicates("factor")
    rows = []
    for kind in _KINDS:
        names = named[named["factor_kind"] == kind]["factor"].tolist()
        rows += [kind, *names] if names else []
    return rows


def _draw_factors(axes: Axes, table: pd.DataFrame, rows: list[str]) -> None:
    """Draw R² of every factor from every part of the latents."""
    headings = [row for row, name in enumerate(rows) if name in _KINDS]
    ends = [*headings[1:], len(rows)]
    shaded = [row for start, end in zip(headings, ends, strict=True) for row in range(start + 1, end, 2)]
    marks.stripe(axes, shaded, len(rows))
    found = select(table, metric="r2")
    for row, factor in enumerate(rows):
        if factor in _KINDS:
            continue
        for source, (colour, marker, shift) in _SOURCES.items():
            values = select(select(found, factor=factor), codes=source)["value"]
            marks.draw_row(axes, values, row + shift, colour=colour, marker=marker, below=_BELOW_FACTOR, least=_LEAST)
    axes.set_yticks(range(len(rows)), [_KINDS.get(name) or factor_label(name) for name in rows])
    for tick, name in zip(axes.get_yticklabels(), rows, strict=True):
        if name in _KINDS:
            tick.set_fontstyle("italic")
    _finish(axes, "held-out R²")


def _draw_scores(axes: Axes, models: Mapping[str, pd.DataFrame], *, named: bool) -> None:
    """Draw every score of every model."""
    marks.stripe(axes, range(0, len(_SCORES), 2), len(_SCORES))
    for row, score in enumerate(_SCORES):
        for place, (model, table) in enumerate(models.items()):
            look = lines.model_look(model)
            shift = _APART * (place - (len(models) - 1) / 2)
            values = select(table, metric=score)["value"]
            marks.draw_row(
                axes,
                values,
                row + shift,
                colour=look.colour,
                marker=look.marker,
                below=_BELOW_SCORE,
                least=_LEAST,
            )
    axes.set_yticks(range(len(_SCORES)), [metric_label(score) for score in _SCORES] if named else [])
    _finish(axes, "score")


def _finish(axes: Axes, label: str) -> None:
    axes.axvline(0, color=style.BASELINE, linewidth=0.5, zorder=0.5)
    axes.set_xlim(_LIMITS)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_xlabel(label)


def _add_legends(figure: Figure, counts: list[int]) -> None:
    sources = [marks.handle(_SOURCE_NAMES[source], colour, marker) for source, (colour, marker, _) in _SOURCES.items()]
    handles = [*sources, marks.beyond_handle(_LEAST), *lines.seeds_handles(counts, band=False)]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.2)
    looks = [lines.model_look(model) for model in ENCODERS]
    models = [marks.handle(look.label, look.colour, look.marker) for look in looks]
    figure.legend(handles=models, loc="outside lower center", ncols=len(models), columnspacing=1.2, handlelength=1.2)
