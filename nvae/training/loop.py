"""The one training loop, for every model.

The data set stays on the device as one uint8 tensor; a batch is a row selection. Nothing is read
back from the device within an epoch.
"""

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from nvae.config import TrainingParams
from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError
from nvae.models.protocol import GenerativeModel, LossTerms
from nvae.rng import torch_generator
from nvae.training.checkpoint import Checkpointing, Progressed, Row
from nvae.training.progress import Progress

_EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class Resident:
    """A split on the device.

    Args:
        images: (n, height, width) uint8.
        labels: (n,) int64.
    """

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, split: Split, device: torch.device) -> "Resident":
        """Copy a split to ``device``."""
        return cls(torch.from_numpy(split.images).to(device), torch.from_numpy(split.labels).to(device))

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Images (batch, height, width) float32 in [0, 1] and labels (batch,) of ``rows``."""
        return self.images[rows].float().div_(255), self.labels[rows]


def fit(
    model: GenerativeModel,
    data: PreparedSet,
    params: TrainingParams,
    *,
    seed: int,
    device: torch.device,
    title: str,
    checkpointing: Checkpointing | None = None,
) -> Progressed:
    """Train ``model`` in place, from its initialisation or from an interrupted run's checkpoint.

    Weights, batch order and noise come from streams named after ``seed`` (and the epoch), so a resumed
    run ends with the same weights, bit for bit, as an undisturbed one on the same machine and device.

    Args:
        model: untrained.
        data: trained on its train split; the validation split is only watched.
        params: the protocol.
        seed: of every stream.
        device: where to compute.
        title: for the progress line.
        checkpointing: where to keep what an interrupted run needs; None: nowhere.

    Returns:
        The history (a row per epoch and split, terms in nats per example) and the training speed per epoch.

    Raises:
        UserError: a loss term is not finite, or the checkpoint can't be resumed.
    """
    model.initialise(generator=torch_generator(seed, "weights"))
    model.to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=params.learning_rate, fused=True)
    done = checkpointing.resume(model, optimiser) if checkpointing else Progressed(0, [], [])
    history, throughput = list(done.history), list(done.throughput)
    train, validation = Resident.of(data.train, device), Resident.of(data.validation, device)
    with Progress(title, total=params.epochs, done=done.epoch) as progress:
        for epoch in range(done.epoch + 1, params.epochs + 1):
            start = time.monotonic()
            rows = [_train_epoch(model, optimiser, train, params, seed=seed, epoch=epoch)]
            throughput.append(round(len(data.train) / (time.monotonic() - start), 1))
            generator = torch_generator(seed, "validation", epoch, device=device.type)
            rows.append({"split": "validation", **mean_terms(model, validation, generator=generator)})
            history += [{"epoch": epoch, **row} for row in rows]
            _guard(history[-2:], data.name)
            if checkpointing and epoch < params.epochs:
                checkpointing.after_epoch(model, optimiser, Progressed(epoch, history, throughput))
            latest = rows[-1]
            progress.advance(
                f"validation bound {-float(latest['negative_bound']):.2f} nats, "
                f"accuracy {float(latest['accuracy']):.3f}, {throughput[-1]:,.0f} images/s"
            )
    return Progressed(params.epochs, history, throughput)


def mean_terms(model: GenerativeModel, split: Resident, *, generator: torch.Generator) -> dict[str, float]:
    """Means over a whole split, without gradients.

    Args:
        model: trained or not.
        split: all of it is used, the last, smaller batch with its own weight.
        generator: of the posterior samples.

    Returns:
        Each term and the objective in nats per example, and ``accuracy``.
    """
    sums = _Sums()
    with torch.no_grad():
        for start in range(0, len(split.labels), _EVALUATION_BATCH):
            x, y = split.batch(slice(start, start + _EVALUATION_BATCH))
            sums.add(model.loss(x, y, generator=generator))
    return sums.means()


def _train_epoch(
    model: GenerativeModel,
    optimiser: torch.optim.Optimizer,
    train: Resident,
    params: TrainingParams,
    *,
    seed: int,
    epoch: int,
) -> Row:
    device = train.labels.device
    order = torch.randperm(len(train.labels), generator=torch_generator(seed, "order", epoch)).to(device)
    generator = torch_generator(seed, "noise", epoch, device=device.type)
    chunks = torch.split(order, params.batch_size)
    step = (epoch - 1) * len(chunks)
    sums, kl_weight = _Sums(), 1.0
    for rows in chunks:
        step += 1
        kl_weight = _kl_weight(step, params.kl_warmup_epochs * len(chunks))
        for group in optimiser.param_groups:
            group["lr"] = _learning_rate(params, step, params.epochs * len(chunks))
        x, y = train.batch(rows)
        result = model.loss(x, y, generator=generator, kl_weight=kl_weight)
        optimiser.zero_grad(set_to_none=True)
        result.objective.mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        sums.add(result)
    return {"split": "train", "kl_weight": kl_weight, **sums.means()}


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
        self._count = 0

    def add(self, result: LossTerms) -> None:
        values = {"objective": result.objective, **result.terms, "accuracy": result.correct}
        sums = torch.stack([value.detach() for value in values.values()]).sum(dim=1, dtype=torch.float64)
        self._names = list(values)
        self._total = sums if self._total is None else self._total + sums
        self._count += len(result.objective)

    def means(self) -> dict[str, float]:
        if self._total is None:
            raise ValueError("no batch was added")
        return dict(zip(self._names, (self._total / self._count).tolist(), strict=True))


def _guard(rows: list[Row], dataset: str) -> None:
    for row in rows:
        for term, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise UserError(
                    f"training on {dataset}",
                    got=f"{term} = {value} on {row['split']} in epoch {row['epoch']}",
                    expected="a finite loss",
                    mend="Lower training.learning_rate or lengthen training.kl_warmup_epochs; "
                    "the checkpoint before it is kept.",
                )
