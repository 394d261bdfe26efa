"""Figure 6: class-dependent traversals of every class of clothes."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import style
from nvae.plotting.tables import Arrays
from nvae.plotting.traversals import class_numbers, class_traversals

_N_DIMS = 3


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: ``traversals``, the class-dependent traversals of the clothes.

    Source: Figure 6.
    """
    return class_traversals(tables["traversals"], n_dims=_N_DIMS, columns=2, width=style.DOUBLE)


def numbers(tables: Mapping[str, Arrays]) -> str:
    """For the caption: each class's most informative dimension."""
    return class_numbers(tables["traversals"])
