"""Our training, as `nvae train` trains, on images that are made up."""

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
#: The nets and the protocol that are measured: profile paper's.
DATASET = "mnist"


def images(*, classes: int = CLASSES, shape: tuple[int, int] = SHAPE) -> Resident:
    """Grey images with labels; what is on them has no bearing on speed."""
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
    """One epoch as ``nvae train`` trains it, fresh weights and a look at a validation image included.

    Args:
        name: of the variant.
        precision: of matrix products.
        runs: so many, each on all images.
        stacked: as one program, otherwise one after the other.
        classes: of the images.
        shape: of the images.
        sizes: the net's, where they are not the profile's.
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
    """The variant's net, without weights."""
    return build(name, _params().model_params(DATASET, name, sizes), n_classes=classes, image_shape=shape)


@functools.cache
def _params() -> Config:
    return config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")
