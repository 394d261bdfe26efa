"""The watch over a GAN's training. Imported by name, only for models that are watched: see `nvae.closure`."""

from pathlib import Path

import torch

from nvae.analysis import watch
from nvae.commands._judge import open_judge
from nvae.config import FidelityParams
from nvae.data.prepared import PreparedSet
from nvae.training.loop import Watch


def make(folder: Path, data: PreparedSet, params: FidelityParams, *, seed: int, device: torch.device) -> Watch:
    """As `nvae.analysis.watch.make`, with the classifier of ``folder``."""
    return watch.make(open_judge(folder, data, device=device), data, params, seed=seed, device=device)
