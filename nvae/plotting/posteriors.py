"""Plots of one posterior sample per image, by class: densities of single dimensions, and a view of two dimensions."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch
from matplotlib.ticker import MultipleLocator
from scipy.stats import gaussian_kde

from nvae.errors import UserError
from nvae.plotting import style
from nvae.tables.reading import Arrays, text

_GRID_POINTS = 201
_MOST_POINTS = 3000  # in a view of two dimensions; more points hide each other and enlarge the PDF
_HEADROOM = 1.25  # for the text above the densities
_SMALLEST_LIMIT = 3.3
_TICK = 2
_PRIOR: dict[str, Any] = {"color": style.INK, "linestyle": (0, (1, 1.3)), "linewidth": 0.9}


def limit(samples: Iterable[np.ndarray]) -> float:
    """Return half the width of axes for all samples, with a margin that keeps the ticks of neighbouring axes apart."""
    return max(_SMALLEST_LIMIT, 1.1 * max(float(np.abs(z).max()) for z in samples))


def colours(table: Arrays) -> dict[int, str]:
    """Return the colour of each class.

    Raises:
        UserError: If there are more classes than distinguishable colours.
    """
    n_classes, most = len(table["class_names"]), len(style.CLASS_COLOURS)
    if n_classes > most:
        raise UserError(
            f"the posterior table of {text(table, 'dataset')}",
            got=f"{n_classes} classes",
            expected=f"at most {most}, the number of distinguishable colours",
            hint="Make the table from a data set of digits.",
        )
    return dict(enumerate(style.CLASS_COLOURS[:n_classes]))


def draw_densities(axes: Axes, z: np.ndarray, table: Arrays, half_width: float) -> None:
    """Draw the densities of one dimension: of each class, of all classes and of the prior, each with area 1.

    The densities of samples are kernel density estimates.

    Args:
        axes: Axes to draw on.
        z: Samples of the dimension, (n,).
        table: Posterior table, for its labels and class names.
        half_width: Half the width of the x axis, which is centred at 0.
    """
    grid = np.linspace(-half_width, half_width, _GRID_POINTS)
    prior = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    top = prior.max()
    for k, colour in colours(table).items():
        values = z[table["labels"] == k]
        if len(values) > 1:
            density = gaussian_kde(values)(grid)
            axes.plot(grid, density, color=colour)
            top = max(top, density.max())
    axes.plot(grid, gaussian_kde(z)(grid), color=style.INK, linewidth=1.3)
    axes.plot(grid, prior, **_PRIOR)
    axes.set_xlim(-half_width, half_width)
    axes.xaxis.set_major_locator(MultipleLocator(_TICK))
    axes.set_ylim(0, _HEADROOM * top)


def draw_plane(axes: Axes, z: np.ndarray, table: Arrays, half_width: float) -> None:
    """Draw samples in two dimensions, coloured by class, and circles at one and two standard deviations of the prior.

    Args:
        axes: Square axes to draw on.
        z: Samples, (n, 2).
        table: Posterior table, for its labels and class names.
        half_width: Half the width of both axes, which are centred at 0.
    """
    palette = colours(table)
    order = round_robin(table["labels"])[:_MOST_POINTS]
    axes.scatter(
        z[order, 0],
        z[order, 1],
        s=2.0,
        c=[palette[k] for k in table["labels"][order].tolist()],
        alpha=0.5,
        linewidths=0,
        rasterized=True,
    )
    for radius in (1, 2):
        axes.add_patch(Circle((0, 0), radius, fill=False, **_PRIOR))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(_TICK))
    axes.set_xlim(-half_width, half_width)
    axes.set_ylim(-half_width, half_width)


def legend_handles(table: Arrays) -> list[Artist]:
    """Return the legend handles of each class, of all classes together and of the prior."""
    names = table["class_names"]
    handles: list[Artist] = [Patch(color=colour, label=str(names[k])) for k, colour in colours(table).items()]
    return [
        *handles,
        Line2D([], [], color=style.INK, linewidth=1.3, label="all classes"),
        Line2D([], [], label="prior: density, circles of 1 and 2 σ", **_PRIOR),
    ]


def round_robin(labels: np.ndarray) -> np.ndarray:
    """Return an order that takes the first image of every class, then the second, …, so that no class lies on top."""
    turn = np.empty(len(labels), int)
    for k in np.unique(labels):
        turn[labels == k] = np.arange(np.count_nonzero(labels == k))
    return np.lexsort((labels, turn))
