"""Independent runs of one model as one program: every weight gets a leading axis of runs.

On a GPU, where a small net leaves most of the device idle, many runs take little longer than one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from nvae.models.protocol import LossTerms, OptimizerStep, Trainable
from nvae.training.batches import Batch, Source


@dataclass(frozen=True)
class SideBySide:
    """The batches of several sources, joined: images (batch, runs, height, width) and labels (batch, runs).

    Args:
        sources: one a run, with equally many and equally large batches.
    """

    sources: tuple[Source, ...]

    @property
    def steps(self) -> int:
        """Batches an epoch, the same for all."""
        (steps,) = {source.steps for source in self.sources}
        return steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch."""
        for batches in zip(*(source.epoch(epoch) for source in self.sources), strict=True):
            images, labels = zip(*batches, strict=True)
            yield torch.stack(images, dim=1), torch.stack(labels, dim=1)


class Stacked(Trainable):
    """Runs that start alike and differ in their batches; each ends as it would alone, up to rounding.

    Args:
        model: has one player, whose loss draws nothing. It is not trained itself.
        n_runs: at least 1.
    """

    def __init__(self, model: Trainable, n_runs: int) -> None:
        super().__init__()
        self.n_runs = n_runs
        loss = _Loss(model)
        # In a tuple, since as a submodule its weights would be trained and saved too.
        self._one = (loss,)
        self._names = [name for name, _ in loss.named_parameters()]
        self.weights = nn.ParameterList(value.new_empty(n_runs, *value.shape) for value in loss.parameters())

    def initialise(self, *, generator: torch.Generator) -> None:
        """Every run gets the weights that one alone gets of ``generator``."""
        (loss,) = self._one
        loss.model.initialise(generator=generator)
        with torch.no_grad():
            for stacked, value in zip(self.weights, loss.parameters(), strict=True):
                stacked.copy_(value.expand_as(stacked))

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """One: all runs' weights, the sum of their objectives, so that none feels the others."""
        return (OptimizerStep("objective", self, self.loss),)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Every run's objective on its own batch, or on one that all share.

        Args:
            x: (batch, runs, height, width), or (batch, height, width).
            y: (batch, runs), or (batch,).
            generator: nothing is drawn.
            kl_weight: as in :class:`~nvae.models.protocol.Loss`.

        Returns:
            The sum of the objectives, and each term's mean over the runs; those of run i are named ``{term}_{i}``.
        """
        (loss,) = self._one
        batches = 1 if y.dim() == 2 else None
        weights = dict(zip(self._names, self.weights, strict=True))

        def of_one(own: dict[str, Tensor], images: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            found: tuple[Tensor, dict[str, Tensor]] = functional_call(loss, own, (images, labels, kl_weight))
            return found

        objective, terms = vmap(of_one, in_dims=(0, batches, batches), out_dims=1, randomness="error")(weights, x, y)
        means = {name: term.mean(dim=1) for name, term in terms.items()}
        parts = {f"{name}_{run}": term[:, run] for name, term in terms.items() for run in range(self.n_runs)}
        return LossTerms(objective.sum(dim=1), {**means, **parts})


class _Loss(nn.Module):
    """A model's loss as a module's forward, which is what can be called with other weights."""

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, y: Tensor, kl_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
        (step,) = self.model.optimizer_steps()
        found = step.loss(x, y, generator=torch.Generator(), kl_weight=kl_weight)
        return found.objective, found.terms
