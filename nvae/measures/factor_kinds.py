"""Which kind each factor is, and what KL says of it: the paper's idea beside the truth, where that is known."""

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
        name: its name.
        column: its column among the set's factors.
        label: the class whose own it is, or ``SHARED``.
    """

    name: str
    column: int
    label: int

    @property
    def kind(self) -> str:
        """``shared`` or ``exclusive``."""
        return "shared" if self.label == SHARED else "exclusive"


def known_factors(data: PreparedSet) -> tuple[Factor, ...]:
    """The set's factors; one that has a value in the images of one class alone is exclusive to it.

    Raises:
        UserError: the set knows none, or one that some but not all classes have.
    """
    if not data.factor_names or data.train.factors is None:
        raise UserError(
            f"data set {data.name}",
            got="images whose factors are unknown",
            expected="a set with factors, as the built-in ones and Yale B have",
            hint="Choose another set.",
        )
    found = []
    for column, name in enumerate(data.factor_names):
        labels = np.unique(data.train.labels[~np.isnan(data.train.factors[:, column])])
        if len(labels) not in (1, data.n_classes):
            raise UserError(
                f"factor {name} of {data.name}",
                got=f"values in {len(labels)} of {data.n_classes} classes",
                expected="in one class or in all",
                hint="Leave it out of the set's factors.",
            )
        found.append(Factor(name, column, int(labels[0]) if len(labels) == 1 < data.n_classes else SHARED))
    return tuple(found)


def exclusive_share(factors: tuple[Factor, ...], n_classes: int) -> float:
    """How many of the factors that vary within a class are its own: a share, mean over the classes."""
    shared = sum(factor.label == SHARED for factor in factors)
    own = np.bincount([factor.label for factor in factors if factor.label != SHARED], minlength=n_classes)
    return float(np.mean(own / (own + shared)))


def block_share(kl: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], owners: Columns) -> float:
    """KL(own block) / (KL(own block) + KL(z_s)), from sums over the images: what the paper reads off Figure 5.

    Args:
        kl: (n, latents) in nats, none below 0.
        labels: (n,).
        owners: (latents,), the class whose block a latent belongs to, or ``SHARED``.

    Returns:
        Between 0 and 1; NaN if neither carries anything.
    """
    own = float(kl[owners == labels[:, None]].sum())
    both = own + float(kl[:, owners == SHARED].sum())
    return own / both if both else float("nan")


def class_specific_share(kl: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """The share of the KL that not every class has: 1 − Σ_j min_c KL_j(c) / Σ_j mean_c KL_j(c).

    KL_j(c) is dimension j's mean KL on the images of class c. It needs no blocks, so it can be asked of every model: a
    dimension that all classes use alike counts as common, one that a single class uses as that class's.

    Args:
        kl: (n, latents) in nats.
        labels: (n,), every class at least once.

    Returns:
        Between 0 and 1; NaN if there is no KL.

    Source: not in the paper.
    """
    by_class = np.stack([kl[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)])
    total = float(by_class.mean(axis=0).sum())
    return 1 - float(by_class.min(axis=0).sum()) / total if total else float("nan")
