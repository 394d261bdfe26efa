"""Independent runs of one model, trained as one program in which every weight has a leading axis of runs.

On a GPU, where a small network leaves most of the device idle, many runs take little longer than one.
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
    """Joined batches of several sources: images (batch, runs, height, width) and labels (batch, runs).

    Args:
        sources: One source per run, with equally many and equally large batches.
    """

    sources: tuple[Source, ...]

    @property
    def steps(self) -> int:
        """Number of batches per epoch, the same for all sources."""
        (steps,) = {source.steps for source in self.sources}
        return steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        for batches in zip(*(source.epoch(epoch) for source in self.sources), strict=True):
            images, labels = zip(*batches, strict=True)
            yield torch.stack(images, dim=1), torch.stack(labels, dim=1)


class Stacked(Trainable):
    """Runs that start from the same weights and differ in their batches.

    Each run ends as it would alone, up to rounding.

    Args:
        model: Model with one player, whose loss draws no random numbers; it is not trained itself.
        n_runs: Number of runs, at least 1.
    """

    def __init__(self, model: Trainable, n_runs: int) -> None:
        super().__init__()
        self.n_runs = n_runs
        loss = _Loss(model)
        # A tuple hides the module from PyTorch: the weights of a submodule would be trained and saved too.
        self._one = (loss,)
        self._names = [name for name, _ in loss.named_parameters()]
        self.weights = nn.ParameterList(value.new_empty(n_runs, *value.shape) for value in loss.parameters())

    def initialise(self, *, generator: torch.Generator) -> None:
        """Give every run the weights that a single run gets from ``generator``."""
        (loss,) = self._one
        loss.model.initialise(generator=generator)
        with torch.no_grad():
            for stacked, value in zip(self.weights, loss.parameters(), strict=True):
                stacked.copy_(value.expand_as(stacked))

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """Return the only step: it minimises the sum of the runs' objectives, which are independent of each other."""
        return (OptimizerStep("objective", self, self.loss),)

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return every run's objective on its own batch, or on one that all runs share.

        Args:
            x: Images (batch, runs, height, width), or (batch, height, width) if shared.
            y: Labels (batch, runs), or (batch,) if shared.
            generator: Random generator, from which nothing is drawn.
            kl_weight: Warm-up factor as in :class:`~nvae.models.protocol.Loss`.

        Returns:
            The sum of the objectives, and each term's mean over the runs; the terms of run i are named ``{term}_{i}``.
        """
        (loss,) = self._one
        batches = 1 if y.dim() == 2 else None
        weights = dict(zip(self._names, self.weights, strict=True))

        def run_loss(own: dict[str, Tensor], images: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            found: tuple[Tensor, dict[str, Tensor]] = functional_call(loss, own, (images, labels, kl_weight))
            return found

        objective, terms = vmap(run_loss, in_dims=(0, batches, batches), out_dims=1, randomness="error")(weights, x, y)
        means = {name: term.mean(dim=1) for name, term in terms.items()}
        parts = {f"{name}_{run}": term[:, run] for name, term in terms.items() for run in range(self.n_runs)}
        return LossTerms(objective.sum(dim=1), {**means, **parts})


class _Loss(nn.Module):
    """A model's loss as the forward pass of a module, which can be evaluated with other weights."""

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, y: Tensor, kl_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
        (step,) = self.model.optimizer_steps()
        found = step.loss(x, y, generator=torch.Generator(), kl_weight=kl_weight)
        return found.objective, found.terms
