"""The monitor of a GAN's training. Imported by name, for monitored models alone: see `nvae.provenance.closure`."""

from pathlib import Path

import torch

from nvae.commands._classifier import open_classifier
from nvae.config import FidelityParams
from nvae.data.prepared import PreparedSet
from nvae.inference import gan_monitor
from nvae.training.loop import EpochCallback


def make(folder: Path, data: PreparedSet, params: FidelityParams, *, seed: int, device: torch.device) -> EpochCallback:
    """As `nvae.inference.gan_monitor.make`, with the classifier of ``folder``."""
    return gan_monitor.make(open_classifier(folder, data, device=device), data, params, seed=seed, device=device)
