"""Figure 1: class-dependent traversals of the digits two and seven."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import style
from nvae.plotting.tables import Arrays
from nvae.plotting.traversals import class_numbers, class_traversals

# The classes of both sets of digits are numbered by the digit.
_DIGITS = (2, 7)
_N_DIMS = 4


@style.styled
def draw(tables: Mapping[str, Arrays]) -> Figure:
    """Draw the figure.

    Args:
        tables: ``traversals``, the class-dependent traversals of the digits.

    Raises:
        UserError: the table has no class 7.

    Source: Figure 1.
    """
    return class_traversals(tables["traversals"], classes=_DIGITS, n_dims=_N_DIMS, columns=1, width=style.SINGLE)


def numbers(tables: Mapping[str, Arrays]) -> str:
    """For the caption: each shown digit's most informative dimension."""
    return class_numbers(tables["traversals"], classes=_DIGITS)
