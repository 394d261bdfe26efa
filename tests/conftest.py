"""Small models, a small batch and a small prepared set for the tests."""

from typing import Any

import numpy as np
import pytest
import torch

from nvae.config import MODEL_PARAMS, ModelParams
from nvae.data.prepared import PreparedSet, Split
from nvae.models import build
from nvae.models.n_vae import NVae
from nvae.rng import numpy_generator, torch_generator

torch.set_num_threads(1)


#: Small sizes by parameter; `small_params` selects those that a model has.
SMALL: dict[str, object] = {
    "class_dims": 2,
    "shared_dims": 2,
    "class_weight": 2.0,
    "label_objective": "nll",
    "dirichlet_prior": 1.0,
    "class_bias": True,
    "latent_dims": 4,
    "beta": 4.0,
    "gradient_penalty": 0.5,
    "penalty_images": 4,
    "label_weight": 1.5,
    "label_smoothing": 0.1,
    "likelihood": "bernoulli",
    "pixel_std": 0.2,
    "backbone": "mlp",
    "hidden": (16,),
    "channels": (3, 4),
}


def small_params(name: str, **changes: object) -> ModelParams:
    """Return small parameters of a model; ``changes`` replace single ones."""
    kind = MODEL_PARAMS[name]
    return kind.model_validate({key: value for key, value in SMALL.items() if key in kind.model_fields} | changes)


def network(
    name: str, *, n_classes: int = 3, image_shape: tuple[int, int] = (6, 5), seed: int = 0, **changes: object
) -> Any:
    """Build a small model with random weights in float64."""
    model = build(name, small_params(name, **changes), n_classes=n_classes, image_shape=image_shape).double()
    model.initialise(generator=torch_generator(seed, "weights"))
    return model


def n_vae(**changes: Any) -> NVae:
    """Build a small N-VAE with random weights in float64."""
    model = network("n_vae", **changes)
    assert isinstance(model, NVae)
    return model


def batch(
    n: int = 8, *, n_classes: int = 3, image_shape: tuple[int, int] = (6, 5), seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random binary images, (n, *image_shape) in float64, and labels that cover every class, (n,)."""
    generator = torch_generator(seed, "batch")
    x = (torch.rand((n, *image_shape), generator=generator) > 0.5).double()
    return x, torch.arange(n) % n_classes


@pytest.fixture
def small_set() -> PreparedSet:
    """Return three classes of 8×7 images: the class sets the place of a bright column, a known factor its level."""
    rng = numpy_generator(0, "small_set")

    def split(name: str, n: int) -> Split:
        labels = np.arange(n) % 3
        images = rng.integers(0, 60, (n, 8, 7)).astype(np.uint8)
        factor = rng.uniform(-1, 1, n)
        for row, label in enumerate(labels):
            images[row, :, 2 * label] = 200 + np.round(40 * factor[row]).astype(int)
        names = np.array([f"{name}/{index}" for index in range(n)])
        return Split(images, labels.astype(np.int64), names, factor[:, None])

    return PreparedSet(
        "small", ("a", "b", "c"), ("level",), split("train", 120), split("validation", 30), split("test", 45)
    )
