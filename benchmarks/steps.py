"""Training steps: ours, the peers', and the matrix products alone, on the same images."""

from collections.abc import Iterator

from torch import nn

from benchmarks import floor, ours, pythae_trainer, usual
from benchmarks.contest import Contest, Work
from benchmarks.ours import BATCH, IMAGES
from nvae.models.beta_vae import BetaVae
from nvae.models.cgan import CGan
from nvae.models.classifier import Classifier
from nvae.models.n_vae import NVae
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator

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
    data = ours.images()

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
                products = floor.cgan(model, batch_size=BATCH, images=IMAGES)
                return {"usual loop": usually(usual.cgan_step(model)), "floor": products}
            case Classifier():
                return {"usual loop": usually(usual.classifier_step(model)), "floor": _floor(model)}
        raise ValueError(f"nothing is compared with {name}")

    for name, title in NAMES.items():
        for precision, goals in GOALS.items():
            contestants = {"ours": ours.epoch(name, precision=precision), **others(name)}
            yield Contest(f"{title} step, {precision}", contestants, goals[name])
    for precision in GOALS:
        alone = ours.epoch("classifier", precision=precision, runs=ARMS)
        stacked = ours.epoch("classifier", precision=precision, runs=ARMS, stacked=True)
        yield Contest(f"{ARMS} classifiers stacked, {precision}", {"ours": stacked, "one by one": alone}, {})


def _initialised(name: str) -> Trainable:
    model = ours.net(name)
    model.initialise(generator=torch_generator(0, "weights"))
    return model


def _floor(model: nn.Module) -> Work:
    return floor.network(model, batch_size=BATCH, images=IMAGES)
