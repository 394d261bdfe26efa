"""Transfer: how much of what the latents of a class's images say can also be read by readers of other classes.

The KL of the blocks depends on where the objective puts a factor, and a factor that only one class has costs the same
in the shared block, z_s, as in the block of its class. Transfer looks at what z_s says about the images of one class
instead. If a factor is shared, a reader from images to z_s that was fitted on another class alone can also tell it in
this class. If the factor is the class's own, no other class shows it, and the readers of other classes do not know it.

Source: not in the paper.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import pairwise_distances

from nvae.config import TransferParams
from nvae.errors import UserError
from nvae.rng import numpy_generator

Array = npt.NDArray[np.float64]
_LEAST_VARIANCE = 1e-12
_FEWEST = 3  # images of a class, for a covariance


@dataclass(frozen=True)
class Readable:
    """Images, and the posterior over the latents that the decoder sees.

    Args:
        images: Pixels of each image (n, pixels), in [0, 1].
        labels: Labels (n,).
        shared: Posterior means of the shared latents (n, d_s).
        own: Posterior means of the block of the image's own class (n, d_c); d_c is 0 for a model without blocks.
        variances: Posterior variances of both, shared first (n, d_s + d_c).
    """

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    shared: Array
    own: Array
    variances: Array

    def take(self, rows: npt.NDArray[np.intp]) -> "Readable":
        """Return the images at ``rows`` ((m,) int), in that order."""
        return Readable(self.images[rows], self.labels[rows], self.shared[rows], self.own[rows], self.variances[rows])


@dataclass(frozen=True)
class ClassTransfer:
    """Information about the images of one class, in nats per image.

    Args:
        total: Information in z_s and the class's own block.
        specific: What the readers of other classes cannot tell of z_s, together with the class's own block; the median
            over these readers.
        unread: What the class's own reader cannot tell of z_s, on images that it was not fitted on: the error of the
            readers, without which ``specific`` would be smaller.
    """

    total: float
    specific: float
    unread: float


class Readers:
    """One reader per class: a kernel ridge regression from the class's images to z_s.

    To read another class, each dimension of a reading is rescaled by a slope, which must not be negative, and an
    offset, both fitted on training images of the class that is read, and nothing else.

    Args:
        train: Training images, on which readers and scales are fitted.
        params: Parameters of the readers.
        n_classes: Number of classes, at least 2.
        seed: Seed of the choice of training images.

    Raises:
        UserError: If there is one class only, or a class has fewer than three images.

    Source: not in the paper.
    """

    def __init__(self, train: Readable, params: TransferParams, *, n_classes: int, seed: int) -> None:
        if n_classes < 2:
            raise UserError("transfer", got="one class", expected="at least two", hint="Use a set with more classes.")
        self._classes = range(n_classes)
        fitted = [_limited(part, params.images_per_class, seed) for part in self._by_class(train, "training")]
        self._truth = [part.shared for part in fitted]
        self._readers = [_reader(part, params) for part in fitted]
        # Class that is read → reader → what it tells of that class's training images.
        self._known = [[reader.predict(_pixels(part)) for reader in self._readers] for part in fitted]

    def transfer(self, held: Readable) -> list[ClassTransfer]:
        """Return the transfer of every class.

        Args:
            held: Images on which no reader was fitted.

        Raises:
            UserError: If a class has fewer than three images.
        """
        return [self._of_class(label, part) for label, part in enumerate(self._by_class(held, "held-out"))]

    def _by_class(self, images: Readable, kind: str) -> list[Readable]:
        parts = [images.take(np.flatnonzero(images.labels == label)) for label in self._classes]
        for label, part in enumerate(parts):
            if len(part.labels) < _FEWEST:
                raise UserError(
                    f"transfer, class {label}",
                    got=f"{len(part.labels)} {kind} images",
                    expected=f"at least {_FEWEST}",
                    hint="Use a data set with more images of this class.",
                )
        return parts

    def _of_class(self, label: int, held: Readable) -> ClassTransfer:
        pixels, truth = _pixels(held), self._truth[label]
        told = [reader.predict(pixels) for reader in self._readers]
        left = [
            held.shared - _rescaled(told[other], self._known[label][other], truth)
            for other in self._classes
            if other != label
        ]
        n_shared = held.shared.shape[1]
        return ClassTransfer(
            total=information_nats(np.hstack([held.shared, held.own]), held.variances),
            specific=float(np.median([information_nats(np.hstack([part, held.own]), held.variances) for part in left])),
            unread=information_nats(held.shared - told[label] - truth.mean(axis=0), held.variances[:, :n_shared]),
        )


def information_nats(values: Array, variances: Array) -> float:
    """Return ½ log det(Cov(values) + S) / det S: the capacity of a Gaussian channel.

    Args:
        values: Signal (n, dims).
        variances: Noise of each image and dimension (n, dims); S is the diagonal matrix of their means.

    >>> information_nats(np.array([[-1.0], [1.0], [-1.0], [1.0]]), np.full((4, 1), 0.1)) > 1
    True
    """
    if not values.shape[1]:
        return 0.0
    noise = variances.mean(axis=0)
    scaled = np.atleast_2d(np.cov(values.T)) / np.sqrt(np.outer(noise, noise))
    return 0.5 * float(np.linalg.slogdet(np.eye(len(noise)) + scaled)[1])


def _limited(part: Readable, limit: int, seed: int) -> Readable:
    if len(part.labels) <= limit:
        return part
    rows = numpy_generator(seed, "transfer", int(part.labels[0])).permutation(len(part.labels))[:limit]
    return part.take(rows)


def _pixels(part: Readable) -> Array:
    """Return the images in float64, which the distances need: in float32, scikit-learn computes them more slowly."""
    return part.images.astype(np.float64)


def _reader(part: Readable, params: TransferParams) -> KernelRidge:
    pixels = _pixels(part)
    distances = pairwise_distances(pixels, metric="sqeuclidean")
    median = float(np.median(distances[np.triu_indices_from(distances, k=1)]))
    reader = KernelRidge(kernel="rbf", gamma=params.kernel_scale / max(median, _LEAST_VARIANCE), alpha=params.penalty)
    return reader.fit(pixels, part.shared - part.shared.mean(axis=0))


def _rescaled(told: Array, known: Array, truth: Array) -> Array:
    """Return a reading, each dimension with the slope and the offset that fit the training images of the class best.

    Args:
        told: What the reader tells of the held-out images (n, d_s).
        known: What it tells of the training images (m, d_s).
        truth: Their z_s (m, d_s).
    """
    centred, varied = known - known.mean(axis=0), truth - truth.mean(axis=0)
    slope = (centred * varied).sum(axis=0) / np.maximum((centred**2).sum(axis=0), _LEAST_VARIANCE)
    return np.asarray(np.maximum(slope, 0) * (told - known.mean(axis=0)) + truth.mean(axis=0))
