"""Figures S1 and S2: samples of each class by every class-conditional model at growing σ."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import captions, style
from nvae.plotting.contact import contact_sheet
from nvae.tables.needs import COMPARED
from nvae.tables.reading import Arrays


@style.styled
def draw(tables: Mapping[str, Arrays], *, role: str) -> Figure:
    """Draw the figure.

    Args:
        tables: Sample tables of each compared model, ``{role}_{model}``.
        role: Role of the data set.

    Source: not in the paper, which shows N-VAE's samples alone (Figure 11).
    """
    return contact_sheet([tables[f"{role}_{model}"] for model in COMPARED])


def numbers(tables: Mapping[str, Arrays], *, role: str) -> str:
    """Return the values of σ and the sampled models, for the caption."""
    return captions.samples(tables[f"{role}_{model}"] for model in COMPARED)
