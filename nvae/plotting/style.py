"""The style of all figures: widths, fonts, colours, panel letters; and rendering, always with the same bytes."""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, cast

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

P = ParamSpec("P")

# IEEE conference columns, inches.
SINGLE = 3.5
DOUBLE = 7.16
PNG_DPI = 300
FONT = 7.0
SMALL_FONT = 6.0

# The palette of Okabe and Ito, distinguishable with any colour vision. A colour has one meaning in all figures.
OWN_BLOCK = "#0072B2"
SHARED = "#E69F00"
OTHER_BLOCKS = "#8C8C8C"
NO_BIAS = "#009E73"
WARNING = "#D55E00"
INK = "#222222"
BAND = "#F2F2F2"
BASELINE = "#6E6E6E"

# Models have the remaining colours of the palette; its yellow is darkened, so that it is visible on white. The brown is
# not from the palette: its lightness distinguishes it from black and light blue, with which it appears.
MODEL_COLOURS = {"n_vae": "#000000", "cvae": "#56B4E9", "cgan": "#CC79A7", "ac_gan": "#B5A600", "beta_vae": "#A0522D"}
MODEL_MARKERS = {"n_vae": "o", "cvae": "s", "cgan": "^", "ac_gan": "D", "beta_vae": "v"}

# Colours of at most ten classes: Paul Tol's muted scheme, made for any colour vision, with its pale grey darkened.
CLASS_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#888888",
)  # fmt: skip

_RC: dict[str, Any] = {
    # This font is part of matplotlib, so that a figure has the same bytes on machines with other fonts.
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "font.size": FONT,
    "axes.titlesize": FONT,
    "axes.labelsize": FONT,
    "xtick.labelsize": SMALL_FONT,
    "ytick.labelsize": SMALL_FONT,
    "legend.fontsize": SMALL_FONT,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 3.0,
    "axes.labelpad": 2.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "lines.linewidth": 0.8,
    "pdf.fonttype": 42,
    "pdf.compression": 9,
    "svg.hashsalt": "nvae",
    "savefig.dpi": PNG_DPI,
    "image.composite_image": False,
}


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Make a drawing function use this style, whatever the caller's matplotlib settings are."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context():
            _apply()
            return draw(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float, *, constrained: bool = False) -> Figure:
    """Return an empty figure that is not in pyplot's global list and need not be closed.

    Args:
        width: Width in inches, `SINGLE` or `DOUBLE`.
        height: Height in inches.
        constrained: Whether matplotlib fits axes and labels; otherwise the caller places the axes.
    """
    figure = Figure(figsize=(width, height), layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def place_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a position in inches from the upper left corner of the figure."""
    full_width, full_height = figure.get_size_inches()
    box = (
        left / full_width,
        1 - (top + height) / full_height,
        width / full_width,
        height / full_height,
    )
    return figure.add_axes(box)


def panel_letter(index: int) -> str:
    """Return the letter of a panel.

    >>> panel_letter(0), panel_letter(27)
    ('(a)', '(ab)')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return f"({letters})"


def panel_title(axes: Axes, index: int, text: str) -> None:
    """Write the letter and the title of a panel above its left edge."""
    axes.set_title(f"{panel_letter(index)} {text}", loc="left")


def render(figure: Figure) -> tuple[bytes, bytes]:
    """Render a figure as PDF and as PNG; the same figure always gives the same bytes.

    The files contain no date and no version. In the PDF, images keep their own pixels; in the PNG they are resampled
    smoothly, because nearest neighbours at a fractional scale would widen some pixels.

    The files are rendered in memory: on a full disk, matplotlib would fail because of its own half-written file and not
    report the cause.

    Args:
        figure: Figure that ``draw`` returned.

    Returns:
        The contents of the PDF and of the PNG.
    """
    pdf, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context():
        _apply()
        _set_interpolation(figure, "none")
        fixed = {"Creator": "nvae", "Producer": "matplotlib", "CreationDate": None}
        figure.savefig(pdf, format="pdf", metadata=fixed)
        # The axes are placed. Fitting them again would take time, and the PNG could differ from the PDF.
        figure.set_layout_engine("none")
        _set_interpolation(figure, "antialiased")
        figure.savefig(png, format="png", metadata={"Software": None})
    return pdf.getvalue(), png.getvalue()


def save(figure: Figure, pdf: Path, png: Path) -> None:
    """Write a figure as PDF and as PNG, as `render` returns them.

    Args:
        figure: Figure that ``draw`` returned.
        pdf: Path of the PDF, with any suffix.
        png: Path of the PNG, with any suffix.
    """
    for path, content in zip((pdf, png), render(figure), strict=True):
        path.write_bytes(content)


def _apply() -> None:
    # Start from matplotlib's defaults, so that a user's matplotlibrc does not change a figure.
    mpl.rcdefaults()
    mpl.rcParams.update(cast(Any, _RC))  # matplotlib's stubs list each key with its type


def _set_interpolation(figure: Figure, how: str) -> None:
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation(how)
