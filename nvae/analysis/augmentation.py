"""The augmentation study: a classifier trained on real and generated images, or on generated ones alone (Figure 9).

On generated images alone its error is their classification accuracy score (Ravuri & Vinyals 2019, NeurIPS).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from nvae.config import AugmentationParams, ClassifierParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.models.classifier import build
from nvae.models.protocol import GenerativeModel
from nvae.rng import torch_generator
from nvae.training.batches import Batch, Resident, Shuffled
from nvae.training.checkpoint import Checkpointing
from nvae.training.loop import fit, mean_terms

SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Arm:
    """One point of the grid.

    Args:
        sigma: standard deviation of the latents.
        generated_share: of each batch, in (0, 1].
    """

    sigma: float
    generated_share: float

    @property
    def name(self) -> str:
        """A file name's part.

        >>> Arm(1.5, 0.25).name
        'sigma1.5-share0.25'
        """
        return f"sigma{self.sigma!r}-share{self.generated_share!r}"


def arms(params: AugmentationParams) -> tuple[Arm, ...]:
    """The whole grid."""
    return tuple(Arm(sigma, share) for share in params.generated_shares for sigma in params.sigmas)


@dataclass(frozen=True)
class Mixture:
    """Batches of real images, of which generated ones take the place of a share; drawn when asked for, never stored.

    There are as many batches, as large, as of real images alone: more images do not mean more training.

    Args:
        real: the real images' batches.
        model: draws the others.
        arm: σ and the share.
        n_classes: K; generated labels go through all classes in turn.
        seed: of the latents.
    """

    real: Shuffled
    model: GenerativeModel
    arm: Arm
    n_classes: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches an epoch: as of real images alone."""
        return self.real.steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch, the real images first in each."""
        device = self.real.split.labels.device
        generator = torch_generator(self.seed, "augmentation", epoch, device=device.type)
        drawn = 0
        for rows in self.real.rows(epoch):
            n = round(self.arm.generated_share * len(rows))
            y = torch.arange(drawn, drawn + n, device=device) % self.n_classes
            drawn += n
            with torch.no_grad():
                x = self.model.sample(y, sigma=self.arm.sigma, generator=generator)
            if n < len(rows):
                real_x, real_y = self.real.split.batch(rows[n:])
                x, y = torch.cat([real_x, x]), torch.cat([real_y, y])
            yield x, y


def train_arm(
    model: GenerativeModel,
    data: PreparedSet,
    arm: Arm,
    params: ClassifierParams,
    protocol: TrainingParams,
    *,
    seed: int,
    device: torch.device,
    title: str,
    checkpointing: Checkpointing | None = None,
    splits: tuple[str, ...] = SPLITS,
) -> dict[str, float]:
    """Train one classifier for the whole budget and see how often it errs; nothing is stopped early or chosen.

    Weights and the order of the real images are those of the baseline of the same seed.

    Args:
        model: the generator, trained.
        data: the real images.
        arm: the mix.
        params: the classifier's sizes.
        protocol: its training, the baseline's.
        seed: of the classifier and of the generated images.
        device: where all is.
        title: for the progress line.
        checkpointing: where to keep what an interrupted run needs.
        splits: whose error is told.

    Returns:
        Split → error in %.
    """
    classifier = build(params, n_classes=data.n_classes, image_shape=data.image_shape)
    real = Shuffled(Resident.of(data.train, device), protocol.batch_size, seed)
    fit(
        classifier,
        Mixture(real, model, arm, data.n_classes, seed),
        Resident.of(data.validation, device),
        protocol,
        seed=seed,
        device=device,
        title=title,
        checkpointing=checkpointing,
    )
    # The classifier draws nothing, but the loop's protocol asks for a generator.
    generator = torch_generator(seed, "evaluation", device=device.type)
    found = {}
    for split in splits:
        accuracy = mean_terms(classifier, Resident.of(data.split(split), device), generator=generator)["accuracy"]
        found[split] = 100 * (1 - accuracy)
    return found
