"""The two kinds of traversal figures: the dimensions of each class's own block, and each shared dimension."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from nvae.errors import UserError
from nvae.plotting.labels import dataset_label, model_count_label
from nvae.plotting.panels import Panel, compose
from nvae.tables.reading import Arrays, text

_MAX_STEPS = 13


def class_traversals(
    table: Arrays, *, classes: Sequence[int] | None = None, n_dims: int, columns: int, width: float
) -> Figure:
    """Draw one panel per class, whose rows are the dimensions of the class's own block, by falling KL.

    Args:
        table: Traversal table of class-dependent latents.
        classes: Classes that are shown, in this order; None shows all.
        n_dims: Number of rows of a panel, at most.
        columns: Number of panels side by side.
        width: Width of the figure in inches.

    Raises:
        UserError: If the table lacks one of the classes.
    """
    steps = _steps(table)
    panels = []
    for k in _classes(table, classes):
        rows = [
            f"dim {dim}\n{nats:.2f} nat"
            for dim, nats in zip(table["dims"][k, :n_dims], table["kl_nats"][k, :n_dims], strict=True)
        ]
        images = table["images"][k, :n_dims, steps]
        panels.append(Panel(f"class {table['class_names'][k]}", images, table["kept"][k, :n_dims, steps], rows))
    return compose(table, panels, values=table["values"][steps], columns=columns, width=width)


def shared_traversals(
    table: Arrays, *, classes: Sequence[int] | None = None, n_dims: int, columns: int, width: float
) -> Figure:
    """Draw one panel per shared dimension, by falling mean KL, whose rows are classes.

    Args:
        table: Traversal table of shared latents. The order of the dimensions may differ between classes.
        classes: Classes that are shown, in this order; None shows all.
        n_dims: Number of panels, at most.
        columns: Number of panels side by side.
        width: Width of the figure in inches.

    Raises:
        UserError: If the table lacks one of the classes.
    """
    chosen = np.array(_classes(table, classes))
    steps = _steps(table)
    names = [str(table["class_names"][k]) for k in chosen]
    panels = []
    for dim, nats in _shared_order(table)[:n_dims]:
        places = np.argmax(table["dims"][chosen] == dim, axis=1)
        images = table["images"][chosen, places][:, steps]
        kept = table["kept"][chosen, places][:, steps]
        panels.append(Panel(f"dim {dim} ({nats:.2f} nat)", images, kept, names))
    seeds = table["seed_images"][chosen] if text(table, "center") != "prior" else None
    return compose(table, panels, values=table["values"][steps], columns=columns, width=width, seed_images=seeds)


def class_numbers(table: Arrays, *, classes: Sequence[int] | None = None) -> str:
    """Return the dimension with the largest KL in the own block of each class, for a caption.

    Raises:
        UserError: As `class_traversals`.
    """
    largest = [
        f"class {table['class_names'][k]}: dim {table['dims'][k, 0]}, {table['kl_nats'][k, 0]:.2f} nat"
        for k in _classes(table, classes)
    ]
    return f"Largest KL in the own block, {_model(table)}: {'; '.join(largest)}"


def shared_numbers(table: Arrays, *, n_dims: int) -> str:
    """Return the KL of the shared dimensions that are shown, mean over all classes, for a caption.

    Args:
        table: Traversal table of shared latents.
        n_dims: Number of dimensions, at most.
    """
    shown = [f"dim {dim}: {nats:.2f} nat" for dim, nats in _shared_order(table)[:n_dims]]
    return f"KL of the shared dimensions, mean over classes, {_model(table)}: {'; '.join(shown)}"


def spread(n_available: int, n_wanted: int) -> list[int]:
    """Return indices at equal steps through a list, a choice that does not depend on the results.

    >>> spread(38, 4)
    [0, 12, 25, 37]
    """
    return sorted({round(i) for i in np.linspace(0, n_available - 1, min(n_wanted, n_available))})


def _model(table: Arrays) -> str:
    return f"{dataset_label(text(table, 'dataset'))}, {model_count_label(text(table, 'seed'))}"


def _shared_order(table: Arrays) -> list[tuple[int, float]]:
    """Return the dimensions that every class has, with their KL (mean over classes), by falling KL."""
    dims, nats = table["dims"], table["kl_nats"]
    common = set(dims[0].tolist()).intersection(*(set(row.tolist()) for row in dims[1:]))
    means = {dim: float(nats[dims == dim].mean()) for dim in common}
    return sorted(means.items(), key=lambda item: (-item[1], item[0]))


def _classes(table: Arrays, classes: Sequence[int] | None) -> list[int]:
    n_classes = len(table["class_names"])
    chosen = list(range(n_classes)) if classes is None else list(classes)
    if max(chosen) >= n_classes:
        raise UserError(
            f"the traversal table of {text(table, 'dataset')}",
            got=f"{n_classes} classes",
            expected=f"at least {max(chosen) + 1}",
            hint="Make the table from a data set of digits.",
        )
    return chosen


def _steps(table: Arrays) -> slice:
    """Return a slice of every step, or of every second, third, …, which keeps both ends and keeps tiles legible."""
    last = len(table["values"]) - 1
    stride = next((s for s in range(1, last + 1) if last % s == 0 and last // s < _MAX_STEPS), 1)
    return slice(None, None, stride)
