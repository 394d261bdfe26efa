"""Grids of small images as one image: a single ``imshow`` per panel is fast and keeps every pixel."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from nvae.plotting import style

GAP = 2  # pixels between tiles
_HUGE = 1e9  # spacing of ticks of which only zero is a multiple


def tile(images: NDArray[np.uint8], kept: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Arrange images in rows and columns on a white background.

    Args:
        images: Images, (rows, columns, height, width) uint8.
        kept: Mask, (rows, columns) bool; a tile whose entry is False gets a coloured line below it.

    Returns:
        Image of the grid, (rows · (height + GAP), columns · (width + GAP) − GAP, 3) uint8.
    """
    rows, columns, height, width = images.shape
    canvas = np.full((rows, height + GAP, columns, width + GAP, 3), 255, np.uint8)
    canvas[:, :height, :, :width] = images.transpose(0, 2, 1, 3)[..., None]
    if kept is not None:
        colour = np.round(255 * np.array(to_rgb(style.WARNING))).astype(np.uint8)
        for row, column in np.argwhere(~kept):
            canvas[row, height:, column, :width] = colour
    return canvas.reshape(rows * (height + GAP), columns * (width + GAP), 3)[:, :-GAP]


def size(rows: int, columns: int, tile_shape: tuple[int, int], width: float) -> tuple[float, float]:
    """Return the height of a grid and the width of one tile, in inches, in a panel that is ``width`` inches wide."""
    tile_height, tile_width = tile_shape
    pixel = width / (columns * (tile_width + GAP) - GAP)
    return rows * (tile_height + GAP) * pixel, tile_width * pixel


def show(axes: Axes, images: NDArray[np.uint8], kept: NDArray[np.bool_] | None = None) -> None:
    """Draw a grid of images without a frame or ticks."""
    axes.imshow(tile(images, kept), aspect="auto", interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def label_rows(axes: Axes, labels: list[str], tile_height: int) -> None:
    """Write a label to the left of each row of tiles."""
    centres = np.arange(len(labels)) * (tile_height + GAP) + (tile_height - 1) / 2
    axes.set_yticks(centres, labels, linespacing=0.95)


def label_columns(axes: Axes, labels: list[str], tile_width: int) -> None:
    """Write a label below each column of tiles; a column whose label is empty has none."""
    centres = np.arange(len(labels)) * (tile_width + GAP) + (tile_width - 1) / 2
    shown = [(centre, label) for centre, label in zip(centres, labels, strict=True) if label]
    axes.set_xticks([centre for centre, _ in shown], [label for _, label in shown])


def value_labels(values: NDArray[np.floating], tile_width: float) -> list[str]:
    """Return the labels of the latent's values below the columns.

    The two ends have labels, and between them, depending on the width of a tile, multiples of 0.5, whole numbers, or
    zero alone.

    Args:
        values: Values of the latent, (steps,).
        tile_width: Width of a tile in inches.

    Returns:
        One label per step, some of them empty.
    """
    unit = 0.5 if tile_width > 0.25 else 1.0 if tile_width > 0.14 else _HUGE
    labels = []
    for index, value in enumerate(values):
        at_end = index in (0, len(values) - 1)
        wanted = at_end or abs(value - unit * round(value / unit)) < 1e-6
        labels.append(f"{value:.2g}".replace("-", "−") if wanted else "")
    return labels
