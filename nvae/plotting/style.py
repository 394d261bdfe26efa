"""The look of every figure: widths, fonts, colours, panel letters, and saving to the same bytes each time."""

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

# Okabe & Ito's palette: told apart with any colour vision. A colour means the same thing in every figure.
OWN_BLOCK = "#0072B2"
SHARED = "#E69F00"
OTHER_BLOCKS = "#8C8C8C"
NO_BIAS = "#009E73"
WARNING = "#D55E00"
INK = "#222222"
BAND = "#F2F2F2"
BASELINE = "#6E6E6E"

# Models have what is left of the palette; its yellow is darkened, or it would not be seen on white. The brown is not
# the palette's: beside black and light blue, its companions, its darkness tells it.
MODEL_COLOURS = {"n_vae": "#000000", "cvae": "#56B4E9", "cgan": "#CC79A7", "ac_gan": "#B5A600", "beta_vae": "#A0522D"}
MODEL_MARKERS = {"n_vae": "o", "cvae": "s", "cgan": "^", "ac_gan": "D", "beta_vae": "v"}

# Classes as colours, ten at most: Paul Tol's muted scheme, made for any colour vision, its pale grey darkened.
CLASS_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#888888",
)  # fmt: skip

_RC: dict[str, Any] = {
    # matplotlib's own font: a figure has the same bytes on a machine with other fonts.
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
    """An empty figure outside pyplot's global list, so nothing has to be closed.

    Args:
        width: inches, `SINGLE` or `DOUBLE`.
        height: inches.
        constrained: let matplotlib fit axes and labels; otherwise the caller places axes itself.
    """
    figure = Figure(figsize=(width, height), layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def place_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the figure's upper left corner."""
    full_width, full_height = figure.get_size_inches()
    box = (
        left / full_width,
        1 - (top + height) / full_height,
        width / full_width,
        height / full_height,
    )
    return figure.add_axes(box)


def panel_letter(index: int) -> str:
    """The letter of a panel.

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
    """Write the panel's letter and what it shows above its left edge."""
    axes.set_title(f"{panel_letter(index)} {text}", loc="left")


def render(figure: Figure) -> tuple[bytes, bytes]:
    """The figure as PDF and as PNG; the same figure gives the same bytes.

    No file carries a date or a version. In the PDF, images keep their own pixels; in the PNG they are
    smoothly resampled, because nearest neighbours at a fractional scale would widen some pixels.

    In memory: on a full disk matplotlib fails over its own half-written file, and does not say why.

    Args:
        figure: what `draw` returned.
    """
    pdf, png = io.BytesIO(), io.BytesIO()
    with mpl.rc_context():
        _apply()
        _set_interpolation(figure, "none")
        fixed = {"Creator": "nvae", "Producer": "matplotlib", "CreationDate": None}
        figure.savefig(pdf, format="pdf", metadata=fixed)
        # Axes now have their places: fitting them again takes time and could make PNG and PDF differ.
        figure.set_layout_engine("none")
        _set_interpolation(figure, "antialiased")
        figure.savefig(png, format="png", metadata={"Software": None})
    return pdf.getvalue(), png.getvalue()


def save(figure: Figure, pdf: Path, png: Path) -> None:
    """Write what :func:`render` gives.

    Args:
        figure: what `draw` returned.
        pdf: where the PDF goes, any suffix.
        png: where the PNG goes, any suffix.
    """
    for path, content in zip((pdf, png), render(figure), strict=True):
        path.write_bytes(content)


def _apply() -> None:
    # Start from matplotlib's defaults: a user's matplotlibrc must not reach a figure.
    mpl.rcdefaults()
    mpl.rcParams.update(cast(Any, _RC))  # matplotlib types the keys one by one


def _set_interpolation(figure: Figure, how: str) -> None:
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation(how)
