"""Named random streams: every draw comes from a generator whose seed is derived from (seed, name).

There is no global seeding. Different names give independent streams, and a resumed run that requests the same names
again gets the same numbers.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive a 63-bit seed from a base seed and a path of names, the same on every machine.

    >>> derive_seed(0, "order", 3) == derive_seed(0, "order", 3) != derive_seed(0, "order", 4)
    True
    """
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def torch_generator(seed: int, *names: str | int, device: str = "cpu") -> "torch.Generator":
    """Return a torch generator for the stream ``names`` of ``seed``."""
    # Imported here, so that data preparation, which draws with NumPy only, starts without torch.
    import torch

    return torch.Generator(device=device).manual_seed(derive_seed(seed, *names))


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a NumPy generator for the stream ``names`` of ``seed``."""
    return np.random.default_rng(derive_seed(seed, *names))
