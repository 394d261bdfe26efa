"""Figure 8: each shared dimension moved for some persons: where does the light go?"""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import style
from nvae.plotting.tables import Arrays
from nvae.plotting.traversals import shared_numbers, shared_traversals, spread

_N_PERSONS = 4
_MOST_PANELS = 8


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: ``traversals``, the shared traversals of the faces.

    Source: Figure 8.
    """
    table = tables["traversals"]
    persons = spread(len(table["class_names"]), _N_PERSONS)
    return shared_traversals(table, classes=persons, n_dims=_MOST_PANELS, columns=2, width=style.DOUBLE)


def numbers(tables: Mapping[str, Arrays]) -> str:
    """For the caption: the KL of the dimensions shown."""
    return shared_numbers(tables["traversals"], n_dims=_MOST_PANELS)
