"""Seeded, stratified choices of rows: which images are held out, class by class.

Each class draws from a random stream of its own, so adding a class leaves the others' choices as they are.
"""

import numpy as np
import numpy.typing as npt

from nvae.errors import UserError
from nvae.rng import numpy_generator

Rows = npt.NDArray[np.intp]


def shares(counts: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Split ``total`` in proportion to ``counts`` by largest remainder, ties to the lower class.

    Args:
        counts: (n_classes,) images of each class.
        total: how many to hand out, at most ``counts.sum()``.

    Returns:
        (n_classes,) with sum ``total``; each differs from its exact share by less than one.

    >>> shares(np.array([50, 30, 20]), 5).tolist()
    [3, 1, 1]
    """
    # Whole-number arithmetic: a float's rounding must not decide a tie.
    whole, remainders = np.divmod(counts * total, counts.sum())
    left_over = total - int(whole.sum())
    whole[np.argsort(-remainders, kind="stable")[:left_over]] += 1
    return whole.astype(np.int64)


def hold_out(
    labels: npt.NDArray[np.int64], per_class: npt.NDArray[np.int64], *, seed: int, stream: str
) -> tuple[Rows, Rows]:
    """Choose ``per_class[k]`` rows of each class k at random.

    Args:
        labels: (n,) class of each row, 0 to n_classes − 1.
        per_class: (n_classes,) how many of each class to hold out, at most as many as it has.
        seed: the data set's split seed.
        stream: what the choice is for (``validation``); another name gives another choice.

    Returns:
        Rows that stay and rows held out, both ascending.
    """
    held = np.zeros(len(labels), dtype=bool)
    for label, n in enumerate(per_class):
        rows = np.flatnonzero(labels == label)
        held[numpy_generator(seed, "split", stream, label).permutation(rows)[:n]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def hold_out_total(
    labels: npt.NDArray[np.int64], n: int, *, n_classes: int, seed: int, stream: str, what: str
) -> tuple[Rows, Rows]:
    """Hold out ``n`` rows, each class in proportion.

    Args:
        labels: (rows,) class of each row.
        n: how many to hold out.
        n_classes: number of classes.
        seed: the data set's split seed.
        stream: what the choice is for.
        what: the configuration key that set ``n``, for messages.

    Returns:
        Rows that stay and rows held out, both ascending.

    Raises:
        UserError: if some class would have no image on one of the two sides.
    """
    counts = np.bincount(labels, minlength=n_classes).astype(np.int64)
    if n >= len(labels):
        raise UserError(what, got=n, expected=f"less than the {len(labels)} images there are", hint="Lower it.")
    per_class = shares(counts, n)
    if per_class.min() < 1 or (counts - per_class).min() < 1:
        raise UserError(
            what,
            got=f"{n} of {len(labels)} images",
            expected=f"a number that leaves each of {n_classes} classes an image on either side",
            hint="Choose it between the number of classes and the number of images less that.",
        )
    return hold_out(labels, per_class, seed=seed, stream=stream)
