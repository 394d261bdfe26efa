"""Generative models, and the classifier that judges them, behind one small protocol, one idea a file.

Imports nothing heavy.

``MODELS`` names the module of each model. Modules are imported by name, so that an edit to one
model does not retrain another.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nvae.models.protocol import Trainable


@dataclass(frozen=True)
class ModelSpec:
    """What can be asked of a model, told without importing it.

    Args:
        module: where its ``build`` is.
        encodes: it has a posterior over latents.
        monitored: a classifier judges its samples after each epoch, since its losses say little (a GAN's).
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
    """Make an untrained model; its weights are set by ``initialise`` or by loading.

    Args:
        name: a key of ``MODELS``.
        params: that model's section of the configuration.
        n_classes: K.
        image_shape: (height, width) in pixels.
    """
    module = importlib.import_module(MODELS[name].module)
    model: Trainable = module.build(params, n_classes=n_classes, image_shape=image_shape)
    return model
