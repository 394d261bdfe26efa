"""The augmentation study: classifiers trained on real and generated images, or on generated images alone (Figure 9).

For generated images alone, the accuracy is their classification accuracy score (Ravuri & Vinyals 2019, NeurIPS).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from nvae.analyses.run import ArmFiles, Run
from nvae.config import CLASSIFIER, AugmentationParams, ClassifierParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.models.classifier import build
from nvae.models.protocol import GenerativeModel, Trainable
from nvae.provenance import atomic
from nvae.rng import torch_generator
from nvae.training.batches import Batch, Resident, Shuffled, Source
from nvae.training.checkpoint import Checkpointing
from nvae.training.loop import fit, mean_terms
from nvae.training.stacked import SideBySide, Stacked
from nvae.untrusted import read_json

SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Arm:
    """One point of the grid.

    Args:
        sigma: Standard deviation of the latents.
        generated_share: Share of generated images in each batch, in (0, 1].
    """

    sigma: float
    generated_share: float

    @property
    def name(self) -> str:
        """The name of the arm in file names.

        >>> Arm(1.5, 0.25).name
        'sigma1.5-share0.25'
        """
        return f"sigma{self.sigma!r}-share{self.generated_share!r}"


def arms(params: AugmentationParams) -> tuple[Arm, ...]:
    """Return all arms of the grid."""
    return tuple(Arm(sigma, share) for share in params.generated_shares for sigma in params.sigmas)


def compute(run: Run) -> pd.DataFrame:
    """Train the arms that are not finished, and return the table of all arms.

    Each finished arm is kept in a separate file with everything that it depends on, so that an interrupted run resumes,
    and a larger grid trains only its new arms.

    Returns:
        Columns ``sigma``, ``generated_share``, ``split``, ``error_pct``.
    """
    if run.arms is None:
        raise ValueError("the augmentation study needs a folder for its arms")
    grid = arms(run.config.augmentation)
    keys = {arm: {**run.arms.depends_on, **vars(arm)} for arm in grid}
    records = {arm: run.arms.finished / f"{arm.name}.json" for arm in grid}
    errors = {} if run.arms.restart else {arm: _finished(records[arm], keys[arm]) for arm in grid}
    missing = [arm for arm in grid if not errors.get(arm)]
    at_once = _arms_at_once(run, len(missing))
    for start in range(0, len(missing), at_once):
        group = missing[start : start + at_once]
        for arm, found in zip(group, _train_group(run, run.arms, grid, group, keys), strict=True):
            errors[arm] = found
            with atomic(records[arm]) as part:
                content = {"depends_on": keys[arm], "error_pct": found}
                part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for arm in group:
            for left in run.arms.checkpoints.glob(f"{arm.name}-*.safetensors"):
                # A process that outlived a killed run may have removed it already.
                left.unlink(missing_ok=True)
    rows = [{**vars(arm), "split": split, "error_pct": errors[arm][split]} for arm in grid for split in SPLITS]
    return pd.DataFrame(rows)


def _arms_at_once(run: Run, n_missing: int) -> int:
    """Return the number of arms trained as one program; stacking gains nothing on a CPU core (docs/performance.md)."""
    chosen = run.config.execution.arms_at_once
    if chosen == "auto":
        chosen = n_missing if run.device.type == "cuda" else 1
    return max(1, chosen)


def _finished(path: Path, key: Mapping[str, object]) -> dict[str, float]:
    """Return a finished arm's errors by split; empty if its record is missing or damaged, or of other settings."""
    try:
        content = read_json(path, kind="record of a finished arm", hint="")
    except UserError:
        return {}
    if not isinstance(content, dict) or content.get("depends_on") != json.loads(json.dumps(key)):
        return {}
    errors = content.get("error_pct")
    if not isinstance(errors, dict) or not all(isinstance(errors.get(split), float) for split in SPLITS):
        return {}
    return errors


def _train_group(
    run: Run, files: ArmFiles, grid: Sequence[Arm], group: Sequence[Arm], keys: Mapping[Arm, Mapping[str, object]]
) -> list[dict[str, float]]:
    """Train some arms as one program, from their checkpoint if it exists."""
    # The file name contains a digest of everything that the arms depend on, so that no checkpoint of other code or
    # settings is resumed.
    depends_on = {"arms": [keys[arm] for arm in group]}
    digest = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()[:16]
    checkpoint = files.checkpoints / f"{group[0].name}-{digest}.safetensors"
    numbers = ", ".join(str(grid.index(arm) + 1) for arm in group)
    noun = "arms" if len(group) > 1 else "arm"
    return train_arms(
        run.generator,
        run.data,
        group,
        run.config.classifier_params(run.dataset),
        run.config.training_params(run.dataset, CLASSIFIER),
        seed=run.seed,
        device=run.device,
        title=f"augmentation {run.dataset}/{run.variant} seed {run.seed}, {noun} {numbers} of {len(grid)} "
        f"({', '.join(arm.name for arm in group)})",
        checkpointing=Checkpointing(checkpoint, depends_on, run.config.execution.checkpoint_every_s),
    )


@dataclass(frozen=True)
class Mixture:
    """Batches of real images in which generated images replace a share; they are generated when needed, never stored.

    The number and the size of the batches are those of the real images alone, so that all arms train equally long.

    Args:
        real: Batches of real images.
        model: Generator of the other images.
        arm: Standard deviation of the latents, and share of generated images.
        n_classes: Number of classes K; the generated labels cycle through all classes.
        seed: Seed of the latents.
    """

    real: Shuffled
    model: GenerativeModel
    arm: Arm
    n_classes: int
    seed: int

    @property
    def steps(self) -> int:
        """The number of batches per epoch, the same as for the real images alone."""
        return self.real.steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, with the real images first in each batch."""
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


def train_arms(
    model: GenerativeModel,
    data: PreparedSet,
    group: Sequence[Arm],
    params: ClassifierParams,
    protocol: TrainingParams,
    *,
    seed: int,
    device: torch.device,
    title: str,
    checkpointing: Checkpointing | None = None,
    splits: tuple[str, ...] = SPLITS,
) -> list[dict[str, float]]:
    """Train one classifier per arm for the whole budget, without early stopping, and compute its errors.

    Several arms are trained as one program, with the same results as alone, up to rounding. The initial weights and
    the order of the real images are those of the baseline of the same seed.

    Args:
        model: Trained generator.
        data: Prepared set with the real images.
        group: Arms to train, one or several.
        params: Sizes of the classifiers.
        protocol: Training protocol, that of the baseline.
        seed: Seed of the classifiers and of the generated images.
        device: Device of the computation.
        title: Title of the progress line.
        checkpointing: Checkpointing of the training; None writes no checkpoint.
        splits: Names of the splits on which the classifiers are evaluated.

    Returns:
        For each arm, split → error in %.
    """
    classifier: Trainable = build(params, n_classes=data.n_classes, image_shape=data.image_shape)
    real = Shuffled(Resident.of(data.train, device), protocol.batch_size, seed)
    sources: tuple[Source, ...] = tuple(Mixture(real, model, arm, data.n_classes, seed) for arm in group)
    names = ["accuracy"]
    if len(group) > 1:
        classifier = Stacked(classifier, len(group))
        sources = (SideBySide(sources),)
        names = [f"accuracy_{run}" for run in range(len(group))]
    fit(
        classifier,
        sources[0],
        Resident.of(data.validation, device),
        protocol,
        seed=seed,
        device=device,
        title=title,
        checkpointing=checkpointing,
    )
    # The classifier draws no random numbers, but the protocol of the loop requires a generator.
    generator = torch_generator(seed, "evaluation", device=device.type)
    means = {
        split: mean_terms(classifier, Resident.of(data.split(split), device), generator=generator) for split in splits
    }
    return [{split: 100 * (1 - means[split][name]) for split in splits} for name in names]
