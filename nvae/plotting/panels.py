"""Layout of panels of images on a page, with row labels, latent values, seed images and a footer."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nvae.plotting import grids, style
from nvae.plotting.labels import center_label, dataset_label, model_count_label
from nvae.tables.reading import Arrays, text

# Inches.
EDGE = 0.05
_TITLE = 0.19
_TICKS = 0.15
_GUTTER = 0.12
_FOOT = 0.28
_LINE = 0.11
_CHARACTER = 0.048
_LARGEST_TILE = 0.6


@dataclass(frozen=True)
class Panel:
    """One grid of images with its labels.

    Args:
        title: Text after the panel's letter.
        images: Images, (rows, steps, height, width) uint8.
        kept: Mask, (rows, steps) bool; False where the encoder no longer predicts the class.
        rows: Label of each row.
    """

    title: str
    images: np.ndarray
    kept: np.ndarray
    rows: list[str]


@dataclass(frozen=True)
class _Page:
    """Sizes in inches that all panels of a page share."""

    columns: int
    label: float
    labels_everywhere: bool
    seed: float
    panel: float
    tile: float
    height: float

    def left(self, column: int) -> float:
        """Return the distance of a panel's images from the left edge of the page."""
        labels = column + 1 if self.labels_everywhere else 1
        seed = self.seed + _GUTTER / 2 if self.seed else 0.0
        return EDGE + labels * self.label + seed + column * (self.panel + _GUTTER)


def compose(
    table: Arrays,
    panels: list[Panel],
    *,
    values: np.ndarray,
    columns: int,
    width: float,
    seed_images: np.ndarray | None = None,
) -> Figure:
    """Lay out panels in reading order.

    Rows are labelled once per line of panels if all panels have the same rows, otherwise at every panel.

    Args:
        table: Traversal table, for its data set, seed and centre.
        panels: Panels of equal shape.
        values: Values of the moving latent, (steps,).
        columns: Number of panels side by side.
        width: Width of the page in inches.
        seed_images: Images that are shown before the first panel of each line, (rows, height, width) uint8.
    """
    page = _measure(panels, columns, width, with_seed=seed_images is not None)
    n_lines = -(-len(panels) // columns)
    # The bottom panel of a column shows the latent's values; if the last line is short, two lines have such panels.
    ticked = [any(i + columns >= len(panels) for i in _line(n, columns, len(panels))) for n in range(n_lines)]
    heights = [_TITLE + page.height + (_TICKS if has_ticks else 0.0) for has_ticks in ticked]
    figure = style.new_figure(width, sum(heights) + _FOOT + EDGE)
    tile_shape = panels[0].images.shape[2:]
    for index, panel in enumerate(panels):
        line, column = divmod(index, columns)
        top = sum(heights[:line]) + _TITLE
        axes = style.place_axes(figure, page.left(column), top, page.panel, page.height)
        grids.show(axes, panel.images, panel.kept)
        style.panel_title(axes, index, panel.title)
        if index + columns >= len(panels):
            grids.label_columns(axes, grids.value_labels(values, page.tile), tile_shape[1])
        if column == 0 and seed_images is not None:
            axes = _show_seeds(figure, page, top, seed_images, named=ticked[line])
        if column == 0 or page.labels_everywhere:
            grids.label_rows(axes, panel.rows, tile_shape[0])
    _write_foot(figure, table, any_lost=not all(panel.kept.all() for panel in panels))
    return figure


def _line(number: int, columns: int, n_panels: int) -> range:
    return range(number * columns, min((number + 1) * columns, n_panels))


def _measure(panels: list[Panel], columns: int, width: float, *, with_seed: bool) -> _Page:
    columns = min(columns, len(panels))
    n_rows, n_steps = panels[0].images.shape[:2]
    everywhere = any(panel.rows != panels[0].rows for panel in panels)
    letters = max(len(line) for panel in panels for row in panel.rows for line in row.split("\n"))
    label = letters * _CHARACTER + 0.04
    free = width - 2 * EDGE - label * (columns if everywhere else 1) - _GUTTER * (columns - 1)
    if with_seed:
        free -= _GUTTER / 2
    panel = free / (columns + (1 / n_steps if with_seed else 0))
    # The images of a table with few steps do not grow until they fill the page.
    panel = min(panel, n_steps * _LARGEST_TILE)
    height, tile = grids.size(n_rows, n_steps, panels[0].images.shape[2:], panel)
    return _Page(columns, label, everywhere, tile if with_seed else 0.0, panel, tile, height)


def _show_seeds(figure: Figure, page: _Page, top: float, seed_images: np.ndarray, *, named: bool) -> Axes:
    left = page.left(0) - page.seed - _GUTTER / 2
    axes = style.place_axes(figure, left, top, page.seed, page.height)
    grids.show(axes, seed_images[:, None])
    if named:
        # Not "seed", which is the random seed in the footer.
        grids.label_columns(axes, ["input"], seed_images.shape[2])
    return axes


def _write_foot(figure: Figure, table: Arrays, *, any_lost: bool) -> None:
    width, height = figure.get_size_inches()
    held = center_label(text(table, "center"))
    lines = (
        f"columns: the moving latent's value; the others at {held}",
        f"{dataset_label(text(table, 'dataset'))}, {model_count_label(text(table, 'seed'))}",
    )
    for number, line in enumerate(lines):
        bottom = (EDGE + number * _LINE) / height
        figure.text(EDGE / width, bottom, line, fontsize=style.SMALL_FONT, va="bottom")
    if any_lost:
        mark = Line2D([], [], color=style.WARNING, linewidth=1.5, label="class no longer recognised")
        figure.legend(
            handles=[mark],
            loc="lower right",
            bbox_to_anchor=(1, (EDGE + _LINE) / height),
            borderpad=0,
            borderaxespad=0.2,
            handlelength=1.2,
        )
