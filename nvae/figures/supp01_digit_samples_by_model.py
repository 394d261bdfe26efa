"""Figure S1: samples of the digits by every model at growing σ."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.figures import COMPARED
from nvae.plotting import captions, style
from nvae.plotting.contact import contact_sheet
from nvae.plotting.tables import Arrays


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: ``digits_{model}`` for each compared model, its sample table.

    Source: not in the paper, which shows N-VAE's samples alone (Figure 11).
    """
    return contact_sheet([tables[f"digits_{model}"] for model in COMPARED])


def numbers(tables: Mapping[str, Arrays]) -> str:
    """For the caption: the grid of σ, and whose samples they are."""
    return captions.samples(tables[f"digits_{model}"] for model in COMPARED)
