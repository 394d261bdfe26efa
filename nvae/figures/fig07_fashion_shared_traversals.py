"""Figure 7: each shared dimension moved for every class of clothes."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import style
from nvae.plotting.tables import Arrays
from nvae.plotting.traversals import shared_numbers, shared_traversals

_MOST_PANELS = 12


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: ``traversals``, the shared traversals of the clothes.

    Source: Figure 7.
    """
    return shared_traversals(tables["traversals"], n_dims=_MOST_PANELS, columns=4, width=style.DOUBLE)


def numbers(tables: Mapping[str, Arrays]) -> str:
    """For the caption: the KL of the dimensions shown."""
    return shared_numbers(tables["traversals"], n_dims=_MOST_PANELS)
