"""The one training loop, for every model.

A step gives each of the model's players its turn: its loss, the gradient of its own weights, its own
Adam. Nothing is read back from the device within an epoch.
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

#: (model, epoch) → more columns of the validation row.
EpochCallback = Callable[[Trainable, int], dict[str, float]]

_EVALUATION_BATCH = 1000
#: What a progress line tells, where the model has it.
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
    """Train ``model`` in place, from its initialisation or from an interrupted run's checkpoint.

    Weights, batch order and noise come from streams named after ``seed`` (and the epoch), so a resumed
    run ends with the same weights, bit for bit, as an undisturbed one on the same machine and device.

    Args:
        model: untrained.
        source: of the training batches.
        validation: only monitored.
        params: the protocol.
        seed: of weights and noise.
        device: where to compute.
        title: for the progress line and for messages.
        checkpointing: where to keep what an interrupted run needs; None: nowhere.
        callback: (model, epoch) → further columns of the validation row, called after each epoch.

    Returns:
        The history (a row per epoch and split, terms in nats per example) and the training speed per epoch.

    Raises:
        UserError: a loss term is not finite, or the checkpoint can't be resumed.
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
    """Means over a whole split, without gradients, in evaluation mode.

    Args:
        model: trained or not.
        split: all of it is used, the last, smaller batch with its own weight.
        generator: of the posterior samples and of generated images.

    Returns:
        Each player's objective and the terms in nats per example, and ``accuracy`` where labels are predicted.
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
    """One epoch; its history row and the number of images."""
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
            # The other players' weights get no gradient, and none is computed for them.
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
    """Running sums of loss terms, kept on the device until they are asked for."""

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
                    "the checkpoint before it is kept.",
                )
