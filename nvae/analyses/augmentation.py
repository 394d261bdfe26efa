"""The augmentation study: a classifier trained on real and generated images, or on generated ones alone (Figure 9).

On generated images alone its error is their classification accuracy score (Ravuri & Vinyals 2019, NeurIPS).
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
from nvae.models.classifier import build
from nvae.models.protocol import GenerativeModel, Trainable
from nvae.provenance import atomic
from nvae.rng import torch_generator
from nvae.training.batches import Batch, Resident, Shuffled, Source
from nvae.training.checkpoint import Checkpointing
from nvae.training.loop import fit, mean_terms
from nvae.training.stacked import SideBySide, Stacked

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


def compute(run: Run) -> pd.DataFrame:
    """Train the arms that are not finished, and return the table of all.

    Each finished arm is kept in a file of its own with all that it depends on, so that an interrupted run resumes, and
    a larger grid trains its new arms alone.

    Returns:
        Columns ``sigma``, ``generated_share``, ``split``, ``error_pct``.
    """
    if run.arms is None:
        raise ValueError("the augmentation study needs a place for its arms")
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
                part.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        for arm in group:
            for left in run.arms.checkpoints.glob(f"{arm.name}-*.safetensors"):
                # A process that outlived a killed run may have removed it already.
                left.unlink(missing_ok=True)
    rows = [{**vars(arm), "split": split, "error_pct": errors[arm][split]} for arm in grid for split in SPLITS]
    return pd.DataFrame(rows)


def _arms_at_once(run: Run, n_missing: int) -> int:
    """Return how many arms are trained as one program: on one CPU core stacking gains nothing (docs/performance.md)."""
    chosen = run.config.execution.arms_at_once
    if chosen == "auto":
        chosen = n_missing if run.device.type == "cuda" else 1
    return max(1, chosen)


def _finished(path: Path, key: Mapping[str, object]) -> dict[str, float]:
    """Return the errors of a finished arm; nothing if it does not exist or depends on something else."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("depends_on") != json.loads(json.dumps(key)):
        return {}
    errors: dict[str, float] = content["error_pct"]
    return errors


def _train_group(
    run: Run, files: ArmFiles, grid: Sequence[Arm], group: Sequence[Arm], keys: Mapping[Arm, Mapping[str, object]]
) -> list[dict[str, float]]:
    """Train some arms as one program, from their checkpoint if there is one."""
    # The file name has a digest of all that the arms depend on, so that no checkpoint of other code or settings is
    # resumed.
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
    """Train a classifier an arm for the whole budget and see how often it errs; nothing is stopped early or chosen.

    Several are trained as one program; each ends as it would alone, up to rounding. Weights and the order of the real
    images are those of the baseline of the same seed.

    Args:
        model: the generator, trained.
        data: the real images.
        group: the mixes, one or several.
        params: the classifier's sizes.
        protocol: its training, the baseline's.
        seed: of the classifier and of the generated images.
        device: where all is.
        title: for the progress line.
        checkpointing: where to keep what an interrupted run needs.
        splits: whose error is told.

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
    # The classifier draws nothing, but the loop's protocol asks for a generator.
    generator = torch_generator(seed, "evaluation", device=device.type)
    means = {
        split: mean_terms(classifier, Resident.of(data.split(split), device), generator=generator) for split in splits
    }
    return [{split: 100 * (1 - means[split][name]) for split in splits} for name in names]
