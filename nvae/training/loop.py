"""The training loop, the same for every model.

In a training step, each player of the model in turn computes its loss and the gradient of its own weights, and updates
them with its own Adam optimizer. No value is read back from the device within an epoch.
"""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from nvae.config import TrainingParams
from nvae.errors import UserError
from nvae.models.protocol import LossTerms, Trainable
from nvae.rng import torch_generator
from nvae.training.adam import Adam
from nvae.training.batches import Resident, Source
from nvae.training.checkpoint import Checkpointing, Optimizers, Row, TrainState
from nvae.training.device import denormals_as_zero, resolve_precision
from nvae.training.progress import Progress

#: Function (model, epoch) → further columns of the validation row.
EpochCallback = Callable[[Trainable, int], dict[str, float]]

_EVALUATION_BATCH = 1000
#: Terms that a progress line reports if the model has them.
_PROGRESS_TERMS = {
    "negative_bound": "validation −bound {:.2f} nats",
    "accuracy": "validation accuracy {:.3f}",
    "sample_accuracy": "accuracy on samples {:.3f}",
    "sample_coverage": "coverage by samples {:.3f}",
}


def fit(
    model: Trainable,
    source: Source,
    validation: Resident,
    params: TrainingParams,
    *,
    seed: int,
    device: torch.device,
    title: str,
    checkpointing: Checkpointing | None = None,
    callback: EpochCallback | None = None,
) -> TrainState:
    """Train ``model`` in place, from its initialisation or from the checkpoint of an interrupted run.

    Weights, batch order and noise come from random streams that are named after ``seed`` (and the epoch). A resumed run
    therefore ends with the same weights, bit for bit, as an uninterrupted one on the same machine and device.

    Args:
        model: Untrained model.
        source: Source of the training batches.
        validation: Validation set, which is only monitored.
        params: Training protocol.
        seed: Seed of the weights and of the noise.
        device: Device that computes.
        title: Name of the run in the progress line and in messages.
        checkpointing: Path and interval of checkpoints; None for no checkpoints.
        callback: Function (model, epoch) → further columns of the validation row, called after each epoch.

    Returns:
        The history (one row per epoch and split, terms in nats per example) and the training speed of each epoch.

    Raises:
        UserError: If a loss term is not finite, or if the checkpoint cannot be resumed.
    """
    model.initialise(generator=torch_generator(seed, "weights"))
    model.to(device)
    optimizers = {
        step.name: Adam(step.player.parameters(), beta1=params.adam_beta1) for step in model.optimizer_steps()
    }
    done = checkpointing.resume(model, optimizers) if checkpointing else TrainState(0, [], [])
    history, throughput = list(done.history), list(done.throughput)
    with denormals_as_zero(), Progress(title, total=params.epochs, done=done.epoch) as progress:
        for epoch in range(done.epoch + 1, params.epochs + 1):
            start = time.monotonic()
            train_row, n_images = _train_epoch(model, optimizers, source, params, seed=seed, epoch=epoch, device=device)
            throughput.append(round(n_images / (time.monotonic() - start), 1))
            generator = torch_generator(seed, "validation", epoch, device=device.type)
            row: Row = {"split": "validation", **mean_terms(model, validation, generator=generator)}
            if callback:
                row |= callback(model, epoch)
            history += [{"epoch": epoch, **train_row}, {"epoch": epoch, **row}]
            _guard(history[-2:], title)
            if checkpointing and epoch < params.epochs:
                checkpointing.after_epoch(model, optimizers, TrainState(epoch, history, throughput))
            notes = [text.format(row[name]) for name, text in _PROGRESS_TERMS.items() if name in row]
            progress.advance(", ".join([*notes, f"{throughput[-1]:,.0f} images/s"]))
    model.eval()
    return TrainState(params.epochs, history, throughput)


def mean_terms(model: Trainable, split: Resident, *, generator: torch.Generator) -> dict[str, float]:
    """Compute means over a whole split, without gradients, in evaluation mode.

    Args:
        model: Model, trained or not.
        split: Split, of which all images are used; the last, smaller batch is weighted by its size.
        generator: Random generator of the posterior samples and of generated images.

    Returns:
        Each player's objective and the terms in nats per example, and ``accuracy`` if the model predicts labels.
    """
    sums = _Sums()
    model.eval()
    with torch.no_grad():
        for start in range(0, len(split), _EVALUATION_BATCH):
            x, y = split.batch(slice(start, start + _EVALUATION_BATCH))
            sums.add({step.name: step.loss(x, y, generator=generator) for step in model.optimizer_steps()})
    return sums.means()


def _train_epoch(
    model: Trainable,
    optimizers: Optimizers,
    source: Source,
    params: TrainingParams,
    *,
    seed: int,
    epoch: int,
    device: torch.device,
) -> tuple[Row, int]:
    """Train for one epoch; return its history row and the number of images."""
    model.train()
    players = [(step, list(step.player.parameters()), optimizers[step.name]) for step in model.optimizer_steps()]
    generator = torch_generator(seed, "noise", epoch, device=device.type)
    batch = (epoch - 1) * source.steps
    sums, kl_weight = _Sums(), 1.0
    autocast = torch.autocast(
        device.type, torch.bfloat16, enabled=resolve_precision(params.precision, device) == "bf16"
    )
    for x, y in source.epoch(epoch):
        batch += 1
        kl_weight = _kl_weight(batch, params.kl_warmup_epochs * source.steps)
        results = {}
        for step, weights, optimizer in players:
            with autocast:
                result = step.loss(x, y, generator=generator, kl_weight=kl_weight)
            for weight in weights:
                weight.grad = None
            # Gradients are computed for this player's weights only.
            result.objective.mean().backward(inputs=weights)  # type: ignore[no-untyped-call]
            optimizer.update(_learning_rate(params, batch, params.epochs * source.steps))
            results[step.name] = result
        sums.add(results)
    warmup = {"kl_weight": kl_weight} if params.kl_warmup_epochs else {}
    return {"split": "train", **warmup, **sums.means()}, sums.count


def _kl_weight(step: int, warmup_steps: int) -> float:
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0


def _learning_rate(params: TrainingParams, step: int, total_steps: int) -> float:
    if params.learning_rate_schedule == "constant":
        return params.learning_rate
    return 0.5 * params.learning_rate * (1 + math.cos(math.pi * (step - 1) / total_steps))


class _Sums:
    """Running sums of loss terms, which stay on the device until ``means`` is called."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._total: Tensor | None = None
        self.count = 0

    def add(self, results: dict[str, LossTerms]) -> None:
        values: dict[str, Tensor] = {}
        for name, result in results.items():
            values |= {name: result.objective, **result.terms}
        sums = torch.stack([value.detach() for value in values.values()]).sum(dim=1, dtype=torch.float64)
        self._names = list(values)
        self._total = sums if self._total is None else self._total + sums
        self.count += len(next(iter(values.values())))

    def means(self) -> dict[str, float]:
        if self._total is None:
            raise ValueError("no batch was added")
        return dict(zip(self._names, (self._total / self.count).tolist(), strict=True))


def _guard(rows: list[Row], title: str) -> None:
    for row in rows:
        for term, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise UserError(
                    title,
                    got=f"{term} = {value} on {row['split']} in epoch {row['epoch']}",
                    expected="a finite loss",
                    hint="Lower learning_rate or lengthen kl_warmup_epochs under `training`; "
                    "the last checkpoint is kept.",
                )
