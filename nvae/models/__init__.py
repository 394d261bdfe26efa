"""Generative models and the classifier that evaluates them, behind one small protocol, with one module per model.

``MODELS`` names the module of each model. This package imports nothing heavy; modules are imported by name, so
that an edit to one model does not retrain another.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nvae.models.protocol import Trainable


@dataclass(frozen=True)
class ModelSpec:
    """Properties of a model that are known without importing its module.

    Args:
        module: Dotted name of the module that has its ``build``.
        encodes: Whether the model has a posterior over latents.
        monitored: Whether a classifier evaluates its samples after each epoch, because its losses are uninformative, as
            in a GAN.
    """

    module: str
    encodes: bool = False
    monitored: bool = False


MODELS = {
    "n_vae": ModelSpec("nvae.models.n_vae", encodes=True),
    "beta_vae": ModelSpec("nvae.models.beta_vae", encodes=True),
    "cvae": ModelSpec("nvae.models.cvae", encodes=True),
    "cgan": ModelSpec("nvae.models.cgan", monitored=True),
    "ac_gan": ModelSpec("nvae.models.ac_gan", monitored=True),
    "classifier": ModelSpec("nvae.models.classifier"),
}


def build(name: str, params: object, *, n_classes: int, image_shape: tuple[int, int]) -> "Trainable":
    """Build an untrained model, whose weights are set later by ``initialise`` or by loading.

    Args:
        name: Key of ``MODELS``.
        params: Section of the configuration for that model.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """
    module = importlib.import_module(MODELS[name].module)
    model: Trainable = module.build(params, n_classes=n_classes, image_shape=image_shape)
    return model
