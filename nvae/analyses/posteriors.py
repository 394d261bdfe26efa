"""One posterior sample per image of the shared latents (Figure 3)."""

import numpy as np

from nvae.analyses.run import Run
from nvae.inference.encoding import encode, posterior_samples, shared_columns
from nvae.rng import torch_generator


def compute(run: Run) -> dict[str, object]:
    """Return the arrays of one run.

    Returns:
        ``z`` (images, shared latents) float32, one posterior sample per image; ``labels`` (images,); ``kl_nats`` and
        ``dims`` (shared latents,), the mean KL of each dimension and its index. Dimensions are in descending order of
        KL.
    """
    if run.images is None:
        raise ValueError("posterior samples need images")
    model, split = run.latent_model, run.images.split
    generator = torch_generator(run.seed, "posterior", "test", device=run.device.type)
    z = posterior_samples(model, split, generator=generator, device=run.device)
    shared = shared_columns(model)
    kl = encode(model, split, device=run.device).kl_nats[:, shared].mean(axis=0, dtype=np.float64)
    order = np.argsort(-kl, kind="stable")
    return {"z": z[:, shared[order]], "labels": split.labels, "kl_nats": kl[order], "dims": order}
