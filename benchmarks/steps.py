"""Training steps: ours, those of the peers, and the matrix products alone, on the same images."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from benchmarks import floor, ours, pythae_trainer, usual
from benchmarks.contest import Contest, Work
from benchmarks.ours import BATCH, IMAGES
from nvae.models.beta_vae import BetaVae
from nvae.models.cgan import CGan
from nvae.models.classifier import Classifier
from nvae.models.n_vae import NVae
from nvae.models.protocol import LatentModel, Trainable
from nvae.rng import torch_generator

#: Lowest ratios that are aimed at. The peers and the floor always compute in float32.
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
#: Number of classifiers for one generator in the demo's Figure 9.
ARMS = 6


def contests() -> Iterator[Contest]:
    """Yield each model's training step, in both precisions, and stacked classifiers."""
    data = ours.images()

    def usually(step: usual.Step) -> Work:
        return usual.epochs_of(step, data.images, data.labels, batch_size=BATCH)

    def of_vae(model: LatentModel, peer: Work) -> dict[str, Work]:
        return {"pythae": peer, "usual loop": usually(usual.vae_step(model)), "floor": _floor(model)}

    def others(name: str) -> dict[str, Work]:
        model = _initialised(name)
        match model:
            case NVae():
                return of_vae(model, pythae_trainer.n_vae(model, data.images, data.labels, batch_size=BATCH))
            case BetaVae():
                return of_vae(model, pythae_trainer.vae(model, data.images, data.labels, batch_size=BATCH))
            case CGan():
                products = floor.cgan(model, batch_size=BATCH, images=IMAGES)
                return {"usual loop": usually(usual.cgan_step(model)), "floor": products}
            case Classifier():
                return {"usual loop": usually(usual.classifier_step(model)), "floor": _floor(model)}
        raise ValueError(f"nothing is compared with {name}")

    for name, title in NAMES.items():
        peers = others(name)
        for precision, goals in GOALS.items():
            contestants = {"ours": ours.epoch(name, precision=precision), **peers}
            yield Contest(f"{title} step, {precision}", contestants, goals[name])
    sizes = pythae_trainer.OWN_SIZES
    model = _initialised("beta_vae", sizes)
    assert isinstance(model, LatentModel)
    peers = of_vae(model, pythae_trainer.own_vae(data.images, data.labels, batch_size=BATCH))
    for precision, goals in GOALS.items():
        contestants = {"ours": ours.epoch("beta_vae", precision=precision, sizes=sizes), **peers}
        yield Contest(f"VAE step in pythae's sizes, {precision}", contestants, goals["beta_vae"])
    for precision in GOALS:
        alone = ours.epoch("classifier", precision=precision, runs=ARMS)
        stacked = ours.epoch("classifier", precision=precision, runs=ARMS, stacked=True)
        yield Contest(f"{ARMS} classifiers stacked, {precision}", {"ours": stacked, "one by one": alone}, {})


def _initialised(name: str, sizes: Mapping[str, Any] | None = None) -> Trainable:
    model = ours.net(name, sizes=sizes)
    model.initialise(generator=torch_generator(0, "weights"))
    return model


def _floor(model: nn.Module) -> Work:
    return floor.network(model, batch_size=BATCH, images=IMAGES)
