"""Probes of codes: regressions that predict known factors from latents."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsRegressor

from nvae.errors import UserError


def neighbour_regression(
    codes: npt.NDArray[np.floating[Any]],
    factors: npt.NDArray[np.float64],
    *,
    neighbours: int,
    weights: Literal["uniform", "distance"],
    key: str,
    images: str,
) -> KNeighborsRegressor:
    """Fit the nearest-neighbour regression that every probe of known factors uses.

    Args:
        codes: Codes of the training images, (n, dims).
        factors: Their factors, (n,) or (n, factors).
        neighbours: Number of neighbours.
        weights: Weights of the neighbours, as in scikit-learn.
        key: Key of ``params.yaml`` that sets the number of neighbours, for the error message.
        images: Description of the training images, for the error message.

    Returns:
        The fitted regression.

    Raises:
        UserError: If there are fewer images than neighbours.

    Source: not in the paper.
    """
    if neighbours > len(codes):
        raise UserError(key, got=neighbours, expected=f"at most the {len(codes)} {images}", hint="Edit params.yaml.")
    return KNeighborsRegressor(neighbours, weights=weights).fit(codes, factors)
