"""Generative models behind one small protocol, one idea a file. Imports nothing heavy.

``MODELS`` names the module of each model. Modules are imported by name, so that an edit to one
model does not retrain another.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nvae.models.protocol import GenerativeModel

MODELS = {"n_vae": "nvae.models.n_vae"}


def build(name: str, params: object, *, n_classes: int, image_shape: tuple[int, int]) -> "GenerativeModel":
    """Make an untrained model; its weights are set by ``initialise`` or by loading.

    Args:
        name: a key of ``MODELS``.
        params: that model's section of the configuration.
        n_classes: K.
        image_shape: (height, width) in pixels.
    """
    module = importlib.import_module(MODELS[name])
    model: GenerativeModel = module.build(params, n_classes=n_classes, image_shape=image_shape)
    return model
