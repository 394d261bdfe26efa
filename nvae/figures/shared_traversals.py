"""Figures 2, 7 and 8: traversals of each shared variable for all or some classes."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from nvae.plotting import style, traversals
from nvae.tables.reading import Arrays


@style.styled
def draw(tables: Mapping[str, Arrays], *, n_dims: int, columns: int, n_classes: int | None = None) -> Figure:
    """Draw the figure.

    Args:
        tables: Traversal table of shared latents, ``traversals``.
        n_dims: Number of panels, one per dimension, at most.
        columns: Number of panels side by side.
        n_classes: Number of classes, taken at equal steps through the list; None shows all.

    Source: Figures 2, 7 and 8.
    """
    table = tables["traversals"]
    classes = None if n_classes is None else traversals.spread(len(table["class_names"]), n_classes)
    return traversals.shared_traversals(table, classes=classes, n_dims=n_dims, columns=columns, width=style.DOUBLE)


def numbers(tables: Mapping[str, Arrays], *, n_dims: int, **_: object) -> str:
    """Return the KL of the dimensions that are shown, for the caption."""
    return traversals.shared_numbers(tables["traversals"], n_dims=n_dims)
