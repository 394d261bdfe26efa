"""Kind of each factor, shared or exclusive, and the KL shares that estimate it as the paper proposes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.models.protocol import SHARED

Columns = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Factor:
    """One factor of variation.

    Args:
        name: Name of the factor.
        column: Column of the factor in the set's factors.
        label: Class that the factor is exclusive to, or ``SHARED``.
    """

    name: str
    column: int
    label: int

    @property
    def kind(self) -> str:
        """Kind of the factor, ``shared`` or ``exclusive``."""
        return "shared" if self.label == SHARED else "exclusive"


def known_factors(data: PreparedSet) -> tuple[Factor, ...]:
    """Return the set's factors; a factor with values in the images of only one class is exclusive to it.

    Raises:
        UserError: If the factors are unknown, or if a factor has values in some classes but not in all.
    """
    if not data.factor_names or data.train.factors is None:
        raise UserError(
            f"data set {data.name}",
            got="images whose factors are unknown",
            expected="a data set with known factors, such as a built-in one or Yale B",
            hint="Choose another data set.",
        )
    found = []
    for column, name in enumerate(data.factor_names):
        labels = np.unique(data.train.labels[~np.isnan(data.train.factors[:, column])])
        if len(labels) not in (1, data.n_classes):
            raise UserError(
                f"factor {name} of {data.name}",
                got=f"values in {len(labels)} of {data.n_classes} classes",
                expected="in one class or in all",
                hint="Remove it from the factors of the data set.",
            )
        found.append(Factor(name, column, int(labels[0]) if len(labels) == 1 < data.n_classes else SHARED))
    return tuple(found)


def exclusive_share(factors: tuple[Factor, ...], n_classes: int) -> float:
    """Return the share of the factors varying within a class that are exclusive to it, as a mean over the classes."""
    shared = sum(factor.label == SHARED for factor in factors)
    own = np.bincount([factor.label for factor in factors if factor.label != SHARED], minlength=n_classes)
    return float(np.mean(own / (own + shared)))


def block_share(kl: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], owners: Columns) -> float:
    """Return KL(own block) / (KL(own block) + KL(z_s)), from sums over the images, as the paper reads off Figure 5.

    Args:
        kl: KL (n, latents) in nats, non-negative.
        labels: Labels (n,).
        owners: Owners (latents,), each the class whose block the latent belongs to, or ``SHARED``.

    Returns:
        Share between 0 and 1; NaN if both KL are 0.
    """
    own = float(kl[owners == labels[:, None]].sum())
    both = own + float(kl[:, owners == SHARED].sum())
    return own / both if both else float("nan")


def class_specific_share(kl: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """Return the share of the KL that is not common to all classes: 1 − Σ_j min_c KL_j(c) / Σ_j mean_c KL_j(c).

    KL_j(c) is dimension j's mean KL on the images of class c. The share needs no latent blocks and is therefore defined
    for every model. A dimension that all classes use equally counts as common; one that a single class uses counts as
    specific to that class.

    Args:
        kl: KL (n, latents) in nats.
        labels: Labels (n,), with every class at least once.

    Returns:
        Share between 0 and 1; NaN if there is no KL.

    Source: not in the paper.
    """
    by_class = np.stack([kl[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)])
    total = float(by_class.mean(axis=0).sum())
    return 1 - float(by_class.min(axis=0).sum()) / total if total else float("nan")
