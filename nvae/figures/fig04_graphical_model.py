"""Figure 4: the graphical model."""

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon

from nvae.plotting import style

_HEIGHT = 2.45
_RADIUS = 0.3
_DOT = 0.07
_HEAD = 0.17
# Data coordinates of the nodes; both sides use the same places.
_NODES = {
    "pi": (0.75, 2.9, r"$\pi$"),
    "y": (0.75, 1.75, "$y$"),
    "z_c": (2.0, 2.9, r"$z_c^k$"),
    "z_s": (3.2, 2.9, "$z_s$"),
    "x": (2.0, 0.75, "$x$"),
}
_OBSERVED = ("x", "y")
_GENERATIVE = (("pi", "y"), ("y", "x"), ("z_c", "x"), ("z_s", "x"))
_INFERENCE = (("x", "pi"), ("x", "z_c"), ("x", "z_s"))


@style.styled
def draw(tables: Mapping[str, object]) -> Figure:
    """Draw the figure.

    Args:
        tables: Unused; the figure has no tables.

    Source: Figure 4, §III.
    """
    del tables
    figure = style.new_figure(style.SINGLE, _HEIGHT)
    for side, title in enumerate(("generation", "inference")):
        axes = style.place_axes(figure, 0.03 + 1.74 * side, 0.2, 1.7, _HEIGHT - 0.24)
        axes.set_xlim(0, 3.9)
        axes.set_ylim(-0.7, 4.4)
        axes.set_aspect("equal")
        axes.set_axis_off()
        style.panel_title(axes, side, title)
        (_draw_inference if side else _draw_generation)(axes)
    return figure


def _draw_generation(axes: Axes) -> None:
    _draw_plates(axes)
    _draw_nodes(axes, tuple(_NODES))
    for start, end in _GENERATIVE:
        _draw_edge(axes, _NODES[start][:2], _NODES[end][:2], dashed=False)
    for name, at, end in ((r"$\alpha_0$", (0.75, 4.2), "pi"), (r"$\theta$", (2.0, -0.55), "x")):
        _draw_parameter(axes, name, at)
        _draw_edge(axes, at, _NODES[end][:2], dashed=False, start_radius=_DOT)


def _draw_inference(axes: Axes) -> None:
    _draw_plates(axes)
    _draw_nodes(axes, tuple(name for name in _NODES if name != "y"))
    for start, end in _INFERENCE:
        _draw_edge(axes, _NODES[start][:2], _NODES[end][:2], dashed=True)
    at = (2.0, 4.2)
    _draw_parameter(axes, r"$\phi$", at)
    for _, end in _INFERENCE:
        _draw_edge(axes, at, _NODES[end][:2], dashed=True, start_radius=_DOT)


def _draw_plates(axes: Axes) -> None:
    for left, bottom, width, height, name in ((0.2, 0.0, 3.6, 3.75, "$N$"), (1.5, 2.3, 1.0, 1.2, "$K$")):
        box = FancyBboxPatch(
            (left, bottom),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.12",
            fill=False,
            edgecolor=style.OTHER_BLOCKS,
            linewidth=0.7,
        )
        axes.add_patch(box)
        axes.text(left + width - 0.07, bottom + 0.06, name, ha="right", va="bottom", fontsize=style.SMALL_FONT)


def _draw_nodes(axes: Axes, names: tuple[str, ...]) -> None:
    for name in names:
        x, y, label = _NODES[name]
        face = "#D0D0D0" if name in _OBSERVED else "white"
        axes.add_patch(Circle((x, y), _RADIUS, facecolor=face, edgecolor=style.INK, linewidth=0.8, zorder=3))
        axes.text(x, y, label, ha="center", va="center_baseline", fontsize=style.FONT + 1, zorder=4)


def _draw_parameter(axes: Axes, name: str, at: tuple[float, float]) -> None:
    axes.add_patch(Circle(at, _DOT, facecolor=style.INK, linewidth=0, zorder=3))
    axes.text(at[0] + 0.18, at[1] + 0.02, name, va="center", fontsize=style.FONT + 1)


def _draw_edge(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, dashed: bool, start_radius: float = _RADIUS
) -> None:
    """Draw an arrow between the rims of two nodes; its head is solid even if the line is dashed."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    tip = (x1 - _RADIUS * ux, y1 - _RADIUS * uy)
    base = (tip[0] - _HEAD * ux, tip[1] - _HEAD * uy)
    axes.plot(
        [x0 + start_radius * ux, base[0]],
        [y0 + start_radius * uy, base[1]],
        color=style.INK,
        linewidth=0.8,
        linestyle=(0, (3, 1.8)) if dashed else "solid",
        solid_capstyle="butt",
        zorder=2,
    )
    half = 0.42 * _HEAD
    corners = [tip, (base[0] - half * uy, base[1] + half * ux), (base[0] + half * uy, base[1] - half * ux)]
    axes.add_patch(Polygon(corners, facecolor=style.INK, linewidth=0, zorder=3))
