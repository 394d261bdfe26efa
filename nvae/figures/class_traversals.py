"""Figures 1 and 6: traversals of the class-dependent variables of each class."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from nvae.plotting import style, traversals
from nvae.tables.reading import Arrays


@style.styled
def draw(tables: Mapping[str, Arrays], *, n_dims: int, columns: int, classes: Sequence[int] | None = None) -> Figure:
    """Draw the figure.

    Args:
        tables: Traversal table of class-dependent latents, ``traversals``.
        n_dims: Number of dimensions per class, at most.
        columns: Number of panels side by side; with one, the figure is one column of the page wide.
        classes: Classes that are shown, in this order; None shows all.

    Raises:
        UserError: If the table lacks one of the classes.

    Source: Figures 1 and 6.
    """
    width = style.SINGLE if columns == 1 else style.DOUBLE
    return traversals.class_traversals(
        tables["traversals"], classes=classes, n_dims=n_dims, columns=columns, width=width
    )


def numbers(tables: Mapping[str, Arrays], *, classes: Sequence[int] | None = None, **_: object) -> str:
    """Return the most informative dimension of each class that is shown, for the caption."""
    return traversals.class_numbers(tables["traversals"], classes=classes)
