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
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit

IMAGES = 12_800
BATCH = 128
CLASSES = 10
SHAPE = (28, 28)
CPU = torch.device("cpu")
#: The nets and the protocol that are measured: profile paper's.
DATASET = "mnist"


def contests() -> Iterator[Contest]:
    """Each model's training step."""
    data = images()

    def usually(step: usual.Step) -> Work:
        return usual.epochs_of(step, data.images, data.labels, batch_size=BATCH)

    n_vae, vae, cgan, classifier = (_initialised(name) for name in ("n_vae", "beta_vae", "cgan", "classifier"))
    assert isinstance(n_vae, NVae)
    assert isinstance(vae, BetaVae)
    assert isinstance(cgan, CGan)
    assert isinstance(classifier, Classifier)
    yield Contest(
        "N-VAE step",
        {
            "ours": ours("n_vae"),
            "pythae": pythae_trainer.n_vae(n_vae, data.images, data.labels, batch_size=BATCH),
            "usual loop": usually(usual.vae_step(n_vae)),
            "floor": _floor(n_vae),
        },
        {"pythae": 1.4, "floor": 0.8},
    )
    yield Contest(
        "VAE step",
        {
            "ours": ours("beta_vae"),
            "pythae": pythae_trainer.vae(vae, data.images, data.labels, batch_size=BATCH),
            "usual loop": usually(usual.vae_step(vae)),
            "floor": _floor(vae),
        },
        {"pythae": 1.4, "floor": 0.8},
    )
    yield Contest(
        "CGAN step", {"ours": ours("cgan"), "usual loop": usually(usual.cgan_step(cgan))}, {"usual loop": 1.65}
    )
    yield Contest(
        "classifier step",
        {
            "ours": ours("classifier"),
            "usual loop": usually(usual.classifier_step(classifier)),
            "floor": _floor(classifier),
        },
        {"usual loop": 1.65},
    )


def images() -> Resident:
    """Grey images with labels; what is on them has no bearing on speed."""
    generator = torch_generator(0, "benchmark")
    pixels = torch.randint(256, (IMAGES, *SHAPE), generator=generator, dtype=torch.uint8)
    return Resident(pixels, torch.arange(IMAGES) % CLASSES)


def ours(name: str) -> Work:
    """One epoch as ``nvae train`` trains it, fresh weights and a look at a validation image included."""
    data = images()
    validation = Resident(data.images[:1], data.labels[:1])
    protocol = _config().training_params(DATASET, name).model_copy(update={"epochs": 1, "batch_size": BATCH})

    def work() -> int:
        with contextlib.redirect_stderr(io.StringIO()):
            fit(_built(name), Shuffled(data, BATCH, 0), validation, protocol, seed=0, device=CPU, title="benchmark")
        return IMAGES

    return work


@functools.cache
def _config() -> Config:
    return config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")


def _built(name: str) -> Trainable:
    return build(name, _config().model_params(DATASET, name), n_classes=CLASSES, image_shape=SHAPE)


def _initialised(name: str) -> Trainable:
    model = _built(name)
    model.initialise(generator=torch_generator(0, "weights"))
    return model


def _floor(model: nn.Module) -> Work:
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    return floor.products(layers, batch_size=BATCH, images=IMAGES)
