"""Sources of training batches: a whole split on the device, in a new order each epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nvae.data.prepared import Split
from nvae.rng import torch_generator

Batch = tuple[Tensor, Tensor]


class Source(Protocol):
    """Batches of images (batch, height, width) float32 in [0, 1] and labels (batch,) int64."""

    @property
    def steps(self) -> int:
        """Number of batches per epoch."""

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch, counted from 1; the same epoch always yields the same batches."""


@dataclass(frozen=True)
class Resident:
    """Split whose images and labels are on the device.

    Args:
        images: Grey levels (n, height, width) uint8.
        labels: Labels (n,) int64.
    """

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, split: Split, device: torch.device) -> "Resident":
        """Copy a split to ``device``."""
        return cls(torch.from_numpy(split.images).to(device), torch.from_numpy(split.labels).to(device))

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Tensor | slice) -> Batch:
        """Return images (batch, height, width) float32 in [0, 1] and labels (batch,) of ``rows``."""
        images = self.images[rows] if isinstance(rows, slice) else self.images.index_select(0, rows)
        return images.float().div_(255), self.labels[rows]


@dataclass(frozen=True)
class Shuffled:
    """Source that yields every image once per epoch.

    Args:
        split: Split on the device.
        batch_size: Images per batch; the last batch may be smaller.
        seed: Seed of the order.
    """

    split: Resident
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Number of batches per epoch."""
        return -(-len(self.split) // self.batch_size)

    def rows(self, epoch: int) -> tuple[Tensor, ...]:
        """Return the rows of each batch of ``epoch``."""
        order = torch.randperm(len(self.split), generator=torch_generator(self.seed, "order", epoch))
        return torch.split(order.to(self.split.labels.device), self.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        for rows in self.rows(epoch):
            yield self.split.batch(rows)
