"""Training as `nvae train` does it, on random images."""

import contextlib
import functools
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from benchmarks.contest import Work
from nvae import config
from nvae.config import Config
from nvae.models import build
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.batches import Resident, Shuffled, Source
from nvae.training.device import open_device
from nvae.training.loop import fit
from nvae.training.stacked import SideBySide, Stacked

IMAGES = 12_800
BATCH = 128
CLASSES = 10
SHAPE = (28, 28)
#: Data set whose networks and protocol, in profile paper, are measured.
DATASET = "mnist"


def images(*, classes: int = CLASSES, shape: tuple[int, int] = SHAPE) -> Resident:
    """Return random grey images with labels; their content does not affect the speed."""
    generator = torch_generator(0, "benchmark")
    pixels = torch.randint(256, (IMAGES, *shape), generator=generator, dtype=torch.uint8)
    return Resident(pixels, torch.arange(IMAGES) % classes)


def epoch(
    name: str,
    *,
    precision: str,
    runs: int = 1,
    stacked: bool = False,
    classes: int = CLASSES,
    shape: tuple[int, int] = SHAPE,
    sizes: Mapping[str, Any] | None = None,
) -> Work:
    """Return one epoch of training as in ``nvae train``, with new weights and the evaluation of a validation image.

    Args:
        name: Name of the variant.
        precision: Precision of matrix products.
        runs: Number of runs, each on all images.
        stacked: Whether the runs are one program; otherwise they run one after another.
        classes: Number of classes of the images.
        shape: Height and width of the images in pixels.
        sizes: Sizes of the network that differ from the profile's.
    """
    data = images(classes=classes, shape=shape)
    validation = Resident(data.images[:1], data.labels[:1])
    changes = {"epochs": 1, "batch_size": BATCH, "precision": precision}
    protocol = _params().training_params(DATASET, name, changes)
    source = Shuffled(data, BATCH, 0)
    model = functools.partial(net, name, classes=classes, shape=shape, sizes=sizes)

    def train(model: Trainable, source: Source) -> None:
        device = open_device("cpu", threads=1)
        with contextlib.redirect_stderr(io.StringIO()):
            fit(model, source, validation, protocol, seed=0, device=device, title="benchmark")

    def work() -> int:
        if stacked:
            train(Stacked(model(), runs), SideBySide((source,) * runs))
        else:
            for _ in range(runs):
                train(model(), source)
        return runs * IMAGES

    return work


def net(
    name: str, *, classes: int = CLASSES, shape: tuple[int, int] = SHAPE, sizes: Mapping[str, Any] | None = None
) -> Trainable:
    """Build the network of the variant, without weights."""
    return build(name, _params().model_params(DATASET, name, sizes), n_classes=classes, image_shape=shape)


@functools.cache
def _params() -> Config:
    return config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")
