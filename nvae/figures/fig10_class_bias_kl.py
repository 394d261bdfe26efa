"""Figure 10: KL of the class-dependent dimensions with and without the decoder's class bias."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nvae.plotting import bars, captions, kl, style
from nvae.plotting.labels import dataset_label, seeds_label

_VARIANTS = {"with_bias": style.OWN_BLOCK, "without_bias": style.NO_BIAS}
_HEIGHT = 2.2
_SUM_WIDTH = 0.7


@style.styled
def draw(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw the figure: the own block's dimensions class by class, and its sum.

    Args:
        tables: KL tables of the digits (test rows), ``with_bias`` and ``without_bias``.

    Source: Figure 10, appendix B.
    """
    figure = style.new_figure(style.DOUBLE, _HEIGHT, constrained=True)
    blocks, sums = figure.subplots(1, 2, width_ratios=[6, 1])
    for place, (variant, colour) in enumerate(_VARIANTS.items()):
        bars.draw_own_blocks(blocks, tables[variant], colour=colour, shift=0.44 * place - 0.22, width=0.42)
    counts = {variant: len(kl.seeds(tables[variant])) for variant in _VARIANTS}
    blocks.set_ylim(bottom=0)
    blocks.set_xlabel("own block of each class, dimensions by falling KL")
    style.panel_title(blocks, 0, f"{dataset_label(kl.dataset(tables['with_bias']))}, each dimension")
    _draw_sums(sums, tables)
    style.panel_title(sums, 1, "sum")
    handles = bars.legend_handles(
        [
            (f"with class bias, {seeds_label(counts['with_bias'])}", style.OWN_BLOCK),
            (f"without, {seeds_label(counts['without_bias'])}", style.NO_BIAS),
        ],
        max(counts.values()),
    )
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1.2, handlelength=1.2)
    return figure


def numbers(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the own block's sum with and without the bias, and their difference within seeds, for the caption."""
    about = dataset_label(kl.dataset(tables["with_bias"]))
    with_bias, without = (captions.mean(_own_sums(tables[variant])["kl_nats"]) for variant in _VARIANTS)
    items = [
        f"KL of the own block, {about}: {with_bias} nat with and {without} nat without the class bias; "
        + captions.seeds(tables[variant] for variant in _VARIANTS)
    ]
    pairs = _pairs(tables)
    if not pairs.empty:
        more = captions.mean(pairs["without_bias"] - pairs["with_bias"])
        items.append(f"Without minus with, seed by seed: {more} nat; {seeds_label(len(pairs))}")
    return "\n".join(items)


def _own_sums(table: pd.DataFrame) -> pd.DataFrame:
    totals = kl.totals(table)
    return totals[totals["part"] == kl.OWN]


def _pairs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the sums of both models for each seed that has both."""
    sums = {variant: _own_sums(tables[variant]).set_index("seed")["kl_nats"] for variant in _VARIANTS}
    return pd.concat(sums, axis=1, join="inner")


def _draw_sums(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    for place, (variant, colour) in enumerate(_VARIANTS.items()):
        own = _own_sums(tables[variant])
        bars.draw_bars(axes, own, pd.Series(float(place), own.index), colour=colour, width=_SUM_WIDTH)
    shift = bars.dot_shift(_SUM_WIDTH)
    for pair in _pairs(tables).to_numpy():
        axes.plot([shift, 1 + shift], pair, color=style.INK, linewidth=0.5, alpha=0.6)
    axes.set_xticks([0, 1], ["with", "without"])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("KL (nat)")
