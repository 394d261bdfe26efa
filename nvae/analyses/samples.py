"""Class-conditional samples at increasing sigma (Figure 11, appendix C)."""

import numpy as np
import numpy.typing as npt
import torch

from nvae.analyses.run import Run
from nvae.config import SamplesParams
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
    """Generate samples of every class at every sigma.

    The same standard-normal draw is scaled by each sigma, so that a sample can be followed as sigma increases.

    Args:
        model: Trained generator.
        params: Sigmas, and number of images per class.
        n_classes: Number of classes K.
        seed: Seed of the draw.
        device: Device on which the model is.

    Returns:
        Images (sigmas, classes, images, height, width) uint8.
    """
    y = torch.arange(n_classes, device=device).repeat_interleave(params.images_per_class)
    grids = []
    with torch.no_grad():
        for sigma in params.sigmas:
            generator = torch_generator(seed, "samples", device=device.type)
            grids.append(to_uint8(model.sample(y, sigma=sigma, generator=generator)))
    images = np.stack(grids)
    return images.reshape(len(params.sigmas), n_classes, params.images_per_class, *images.shape[2:])
