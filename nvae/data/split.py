"""Seeded, stratified choice of the rows that are held out of a split.

Each class has its own random stream, so that adding a class does not change the choice in the other classes.
"""

import numpy as np
import numpy.typing as npt

from nvae.errors import UserError
from nvae.rng import numpy_generator

Rows = npt.NDArray[np.intp]


def shares(counts: npt.NDArray[np.int64], total: int) -> npt.NDArray[np.int64]:
    """Split ``total`` in proportion to ``counts`` by largest remainder; a tie goes to the lower class number.

    Args:
        counts: Number of images per class, (n_classes,).
        total: Number to distribute, at most ``counts.sum()``.

    Returns:
        Shares per class, (n_classes,), with sum ``total``; each differs from the exact proportion by less than one.

    >>> shares(np.array([50, 30, 20]), 5).tolist()
    [3, 1, 1]
    """
    # Integer arithmetic, so that floating-point rounding does not decide a tie.
    whole, remainders = np.divmod(counts * total, counts.sum())
    left_over = total - int(whole.sum())
    whole[np.argsort(-remainders, kind="stable")[:left_over]] += 1
    return whole.astype(np.int64)


def hold_out(
    labels: npt.NDArray[np.int64], per_class: npt.NDArray[np.int64], *, seed: int, stream: str
) -> tuple[Rows, Rows]:
    """Choose ``per_class[k]`` rows of each class k at random.

    Args:
        labels: Class of each row, (n,), 0 to n_classes − 1.
        per_class: Number of rows to hold out per class, (n_classes,), at most the size of the class.
        seed: Split seed of the data set.
        stream: Purpose of the choice, such as ``validation``; another name gives another choice.

    Returns:
        The remaining rows and the held-out rows, both in ascending order.
    """
    held = np.zeros(len(labels), dtype=bool)
    for label, n in enumerate(per_class):
        rows = np.flatnonzero(labels == label)
        held[numpy_generator(seed, "split", stream, label).permutation(rows)[:n]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def hold_out_total(
    labels: npt.NDArray[np.int64], n: int, *, n_classes: int, seed: int, stream: str, what: str
) -> tuple[Rows, Rows]:
    """Hold out ``n`` rows, distributed over the classes in proportion to their sizes.

    Args:
        labels: Class of each row, (rows,).
        n: Number of rows to hold out.
        n_classes: Number of classes.
        seed: Split seed of the data set.
        stream: Purpose of the choice, as in :func:`hold_out`.
        what: Configuration key that sets ``n``, for error messages.

    Returns:
        The remaining rows and the held-out rows, both in ascending order.

    Raises:
        UserError: If a class would have no image in one of the two parts.
    """
    counts = np.bincount(labels, minlength=n_classes).astype(np.int64)
    if n >= len(labels):
        raise UserError(what, got=n, expected=f"less than the {len(labels)} images there are", hint="Lower it.")
    per_class = shares(counts, n)
    if per_class.min() < 1 or (counts - per_class).min() < 1:
        raise UserError(
            what,
            got=f"{n} of {len(labels)} images",
            expected=f"a number that leaves each of the {n_classes} classes an image in both parts",
            hint="Choose a number from the number of classes to the number of images minus the number of classes.",
        )
    return hold_out(labels, per_class, seed=seed, stream=stream)
