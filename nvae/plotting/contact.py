"""Contact sheets: samples of every class by each model, at growing σ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvae.plotting import grids, style
from nvae.plotting.labels import dataset_label, model_count_label, model_label
from nvae.tables.reading import Arrays, text

_PER_SIGMA = 2
_COLUMNS = 2
# Inches.
_HIGHEST = 8.9
_TITLE = 0.21
_GAP = 0.045
_EDGE = 0.05
_CHARACTER = 0.046
_LINE = 0.12


@dataclass(frozen=True)
class _Size:
    """Sizes in inches that all panels share."""

    head: float
    label: float
    width: float
    group: float
    height: float


def contact_sheet(tables: Sequence[Arrays]) -> Figure:
    """Draw one panel per model, two side by side; columns are classes, rows are samples, in groups of one σ.

    Args:
        tables: Sample tables of the models, all of one shape.
    """
    size = _measure(tables)
    n_lines = -(-len(tables) // _COLUMNS)
    width = style.DOUBLE * min(len(tables), _COLUMNS) / _COLUMNS
    figure = style.new_figure(width, n_lines * (size.head + size.height) + _EDGE)
    for index, table in enumerate(tables):
        line, column = divmod(index, _COLUMNS)
        left = _EDGE + size.label + column * style.DOUBLE / _COLUMNS
        top = line * (size.head + size.height) + size.head
        axes = _draw_groups(figure, table, size, left, top)
        title = f"{model_label(text(table, 'model'))} on {dataset_label(text(table, 'dataset'))}"
        style.panel_title(axes, index, f"{title}, {model_count_label(text(table, 'seed'))}")
    return figure


def _measure(tables: Sequence[Arrays]) -> _Size:
    n_sigmas, n_classes, n_samples, *shape = tables[0]["images"].shape
    names = _names(tables[0])
    label = _longest([_sigma_label(sigma) for sigma in tables[0]["sigmas"]]) + _EDGE
    width = (style.DOUBLE - _EDGE) / _COLUMNS - label - _EDGE
    head = _TITLE + (_longest(names) if _upright(names, width) else _LINE)
    # The height of a group grows with its width. With many values of σ, groups shrink to fit a page.
    group, _ = grids.size(min(n_samples, _PER_SIGMA), n_classes, (shape[0], shape[1]), width)
    free = (_HIGHEST - _EDGE) / -(-len(tables) // _COLUMNS) - head - (n_sigmas - 1) * _GAP
    shrink = min(1.0, free / (n_sigmas * group))
    group *= shrink
    return _Size(head, label, width * shrink, group, n_sigmas * group + (n_sigmas - 1) * _GAP)


def _draw_groups(figure: Figure, table: Arrays, size: _Size, left: float, top: float) -> Axes:
    """Draw one panel, and return the axes of its first group, for the title."""
    names = _names(table)
    images = table["images"][:, :, :_PER_SIGMA].swapaxes(1, 2)
    n_rows, tile_height, tile_width = images.shape[1], *images.shape[3:]
    groups = []
    for group, sigma in enumerate(table["sigmas"]):
        axes = style.place_axes(figure, left, top + group * (size.group + _GAP), size.width, size.group)
        grids.show(axes, images[group])
        axes.set_yticks([n_rows * (tile_height + grids.GAP) / 2 - grids.GAP], [_sigma_label(sigma)])
        groups.append(axes)
    first = groups[0]
    grids.label_columns(first, names, tile_width)
    first.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
    if _upright(names, size.width):
        first.tick_params(axis="x", labelrotation=90)
    return first


def _sigma_label(sigma: Any) -> str:
    return f"σ = {sigma:g}"


def _names(table: Arrays) -> list[str]:
    return [str(name) for name in table["class_names"]]


def _longest(names: list[str]) -> float:
    return max(map(len, names)) * _CHARACTER


def _upright(names: list[str], width: float) -> bool:
    """Return whether names are wider than a column and must be written vertically."""
    return _longest(names) > width / len(names)
