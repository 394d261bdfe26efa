"""Conversion between arrays of grey levels and batches on a device."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

BATCH = 1000


def batched(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Yield parts of at most ``BATCH`` rows, in order."""
    for start in range(0, len(array), BATCH):
        yield array[start : start + BATCH]


def image_batches(images: npt.NDArray[np.uint8], device: torch.device) -> Iterator[Tensor]:
    """Yield batches (batch, height, width) float32 in [0, 1] of images (n, height, width) uint8, in order."""
    for batch in batched(images):
        yield torch.from_numpy(batch).to(device).float().div_(255)


def to_uint8(images: Tensor) -> npt.NDArray[np.uint8]:
    """Convert images in [0, 1] to grey levels from 0 to 255, rounded."""
    levels: npt.NDArray[np.uint8] = images.mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return levels
