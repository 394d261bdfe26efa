"""Class-conditional samples at growing sigma (Figure 11, appendix C)."""

import numpy as np
import numpy.typing as npt
import torch

from nvae.analyses.run import Run
from nvae.config import SamplesParams
from nvae.data.prepared import Split
from nvae.inference.images import to_uint8
from nvae.models.protocol import GenerativeModel
from nvae.rng import torch_generator


def compute(run: Run) -> dict[str, object]:
    """Return the arrays of one run: ``images`` as of `sample_grid`, and ``sigmas``."""
    params = run.config.samples
    images = sample_grid(run.generator, params, n_classes=run.n_classes, seed=run.seed, device=run.device)
    return {"images": images, "sigmas": params.sigmas}


def sample_grid(
    model: GenerativeModel, params: SamplesParams, *, n_classes: int, seed: int, device: torch.device
) -> npt.NDArray[np.uint8]:
    """Samples of every class at every sigma.

    The same standard-normal draw is scaled by each sigma, so that a sample can be followed as sigma grows.

    Args:
        model: trained.
        params: the sigmas and how many images a class.
        n_classes: K.
        seed: of the draw.
        device: where the model is.

    Returns:
        (sigmas, classes, images, height, width) uint8.
    """
    y = torch.arange(n_classes, device=device).repeat_interleave(params.images_per_class)
    grids = []
    with torch.no_grad():
        for sigma in params.sigmas:
            generator = torch_generator(seed, "samples", device=device.type)
            grids.append(to_uint8(model.sample(y, sigma=sigma, generator=generator)))
    images = np.stack(grids)
    return images.reshape(len(params.sigmas), n_classes, params.images_per_class, *images.shape[2:])


def sampled_split(
    model: GenerativeModel, images_per_class: int, *, n_classes: int, seed: int, device: torch.device
) -> Split:
    """Samples of every class at the prior's σ = 1, as a split that can be looked at where there is no data.

    Args:
        model: trained.
        images_per_class: how many, at least 1.
        n_classes: K.
        seed: of the draw.
        device: where the model is.
    """
    y = torch.arange(n_classes, device=device).repeat_interleave(images_per_class)
    generator = torch_generator(seed, "sampled split", device=device.type)
    with torch.no_grad():
        images = to_uint8(model.sample(y, sigma=1.0, generator=generator))
    names = np.array([f"sampled/{row:05}" for row in range(len(images))])
    return Split(images, y.cpu().numpy(), names)
