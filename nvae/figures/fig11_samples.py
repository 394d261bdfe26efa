"""Figure 11: samples of every class at growing σ, digits above, clothes below."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from nvae.plotting import captions, grids, style
from nvae.plotting.labels import dataset_label, model_count_label
from nvae.tables.reading import Arrays, text

_PER_SIGMA = 5
# Inches.
_TITLE = 0.2
_SIGMA = 0.17
_GUTTER = 0.08
_EDGE = 0.05
_CHARACTER = 0.048


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: Sample tables ``digits`` and ``fashion``.

    Source: Figure 11, appendix C.
    """
    panels = [tables["digits"], tables["fashion"]]
    label = max(len(str(name)) for table in panels for name in table["class_names"]) * _CHARACTER + 0.04
    heights = [_group_size(table, label)[0] for table in panels]
    figure = style.new_figure(style.DOUBLE, sum(heights) + 2 * (_TITLE + _SIGMA) + _EDGE)
    top = 0.0
    for index, (table, height) in enumerate(zip(panels, heights, strict=True)):
        _draw_panel(figure, index, table, label=label, top=top + _TITLE)
        top += _TITLE + height + _SIGMA
    return figure


def numbers(tables: Mapping[str, Arrays]) -> str:
    """Return the values of σ and the sampled models, for the caption."""
    return captions.samples([tables["digits"], tables["fashion"]])


def _group_size(table: Arrays, label: float) -> tuple[float, float]:
    """Return the height and the width of the grid of one σ, in inches."""
    n_sigmas, n_classes, n_samples, *shape = table["images"].shape
    width = (style.DOUBLE - 2 * _EDGE - label - (n_sigmas - 1) * _GUTTER) / n_sigmas
    height, _ = grids.size(n_classes, min(n_samples, _PER_SIGMA), (shape[0], shape[1]), width)
    return height, width


def _draw_panel(figure: Figure, index: int, table: Arrays, *, label: float, top: float) -> None:
    height, width = _group_size(table, label)
    images = table["images"][:, :, :_PER_SIGMA]
    for group, sigma in enumerate(np.asarray(table["sigmas"], float)):
        axes = style.place_axes(figure, _EDGE + label + group * (width + _GUTTER), top, width, height)
        grids.show(axes, images[group])
        axes.set_xlabel(f"σ = {sigma:g}")
        if group == 0:
            grids.label_rows(axes, [str(name) for name in table["class_names"]], images.shape[3])
            title = f"{dataset_label(text(table, 'dataset'))}, {model_count_label(text(table, 'seed'))}"
            style.panel_title(axes, index, title)
