"""Training steps: ours, the peers', and the matrix products alone, on the same images."""

import contextlib
import functools
import io
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from benchmarks import floor, pythae_trainer, usual
from benchmarks.contest import Contest, Work
from nvae import config
from nvae.config import Config
from nvae.models import build
from nvae.models.beta_vae import BetaVae
from nvae.models.cgan import CGan
from nvae.models.classifier import Classifier
from nvae.models.n_vae import NVae
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.batches import Resident, Shuffled, Source
from nvae.training.loop import fit
from nvae.training.stacked import SideBySide, Stacked

IMAGES = 12_800
BATCH = 128
CLASSES = 10
SHAPE = (28, 28)
CPU = torch.device("cpu")
#: The nets and the protocol that are measured: profile paper's.
DATASET = "mnist"
#: The least ratios that are aimed at. The peers and the floor always compute in float32.
GOALS: dict[str, dict[str, dict[str, float]]] = {
    "fp32": {
        "n_vae": {"pythae": 1.4, "floor": 0.8},
        "beta_vae": {"pythae": 1.4, "floor": 0.8},
        "cgan": {"usual loop": 1.65},
        "classifier": {"usual loop": 1.65},
    },
    "bf16": {"n_vae": {"pythae": 2.0}, "beta_vae": {"pythae": 2.0}, "cgan": {}, "classifier": {}},
}
NAMES = {"n_vae": "N-VAE", "beta_vae": "VAE", "cgan": "CGAN", "classifier": "classifier"}
#: Classifiers of the demo's Figure 9 for one generator.
ARMS = 6


def contests() -> Iterator[Contest]:
    """Each model's training step, in both precisions, and classifiers side by side."""
    data = images()

    def usually(step: usual.Step) -> Work:
        return usual.epochs_of(step, data.images, data.labels, batch_size=BATCH)

    def others(name: str) -> dict[str, Work]:
        # New ones for each contest: where a run has gone on for long, Adam's moments are denormal, and slow.
        model = _initialised(name)
        match model:
            case NVae():
                peer = pythae_trainer.n_vae(model, data.images, data.labels, batch_size=BATCH)
                return {"pythae": peer, "usual loop": usually(usual.vae_step(model)), "floor": _floor(model)}
            case BetaVae():
                peer = pythae_trainer.vae(model, data.images, data.labels, batch_size=BATCH)
                return {"pythae": peer, "usual loop": usually(usual.vae_step(model)), "floor": _floor(model)}
            case CGan():
                return {"usual loop": usually(usual.cgan_step(model))}
            case Classifier():
                return {"usual loop": usually(usual.classifier_step(model)), "floor": _floor(model)}
        raise ValueError(f"nothing is compared with {name}")

    for name, title in NAMES.items():
        for precision, goals in GOALS.items():
            contestants = {"ours": ours(name, precision=precision), **others(name)}
            yield Contest(f"{title} step, {precision}", contestants, goals[name])
    for precision in GOALS:
        alone = ours("classifier", precision=precision, runs=ARMS)
        stacked = ours("classifier", precision=precision, runs=ARMS, stacked=True)
        yield Contest(f"{ARMS} classifiers stacked, {precision}", {"ours": stacked, "one by one": alone}, {})


def images(*, classes: int = CLASSES, shape: tuple[int, int] = SHAPE) -> Resident:
    """Grey images with labels; what is on them has no bearing on speed."""
    generator = torch_generator(0, "benchmark")
    pixels = torch.randint(256, (IMAGES, *shape), generator=generator, dtype=torch.uint8)
    return Resident(pixels, torch.arange(IMAGES) % classes)


def ours(
    name: str,
    *,
    precision: str,
    runs: int = 1,
    stacked: bool = False,
    classes: int = CLASSES,
    shape: tuple[int, int] = SHAPE,
) -> Work:
    """One epoch as ``nvae train`` trains it, fresh weights and a look at a validation image included.

    Args:
        name: of the variant.
        precision: of matrix products.
        runs: so many, each on all images.
        stacked: as one program, otherwise one after the other.
        classes: of the images.
        shape: of the images.
    """
    data = images(classes=classes, shape=shape)
    validation = Resident(data.images[:1], data.labels[:1])
    changes = {"epochs": 1, "batch_size": BATCH, "precision": precision}
    protocol = _config().training_params(DATASET, name, changes)
    source = Shuffled(data, BATCH, 0)

    def train(model: Trainable, source: Source) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            fit(model, source, validation, protocol, seed=0, device=CPU, title="benchmark")

    def built() -> Trainable:
        return build(name, _config().model_params(DATASET, name), n_classes=classes, image_shape=shape)

    def work() -> int:
        if stacked:
            train(Stacked(built(), runs), SideBySide((source,) * runs))
        else:
            for _ in range(runs):
                train(built(), source)
        return runs * IMAGES

    return work


@functools.cache
def _config() -> Config:
    return config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")


def _initialised(name: str) -> Trainable:
    model = build(name, _config().model_params(DATASET, name), n_classes=CLASSES, image_shape=SHAPE)
    model.initialise(generator=torch_generator(0, "weights"))
    return model


def _floor(model: nn.Module) -> Work:
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    return floor.products(layers, batch_size=BATCH, images=IMAGES)
