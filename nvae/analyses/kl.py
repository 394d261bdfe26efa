"""Detection of factors by KL: the mean KL of each latent dimension on the images of each class (Figures 5 and 10).

A factor that only one class has appears as KL in the block of that class, and a factor that all classes have as KL in
the shared block. The KL in the blocks of other classes should be 0.
"""

import numpy as np
import pandas as pd
import torch

from nvae.analyses.run import Run
from nvae.data.prepared import Split
from nvae.inference.encoding import encode
from nvae.models.protocol import SHARED, LatentModel

_SPLIT = "test"


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run: ``split``, and the columns of `kl_table`."""
    table = kl_table(run.latent_model, run.data.split(_SPLIT), run.data.class_names, device=run.device)
    table.insert(0, "split", _SPLIT)
    return table


def kl_table(model: LatentModel, split: Split, class_names: tuple[str, ...], *, device: torch.device) -> pd.DataFrame:
    """Compute the mean KL(q(z_j | x) ‖ N(0, 1)) of every latent dimension j over the images of every class.

    Args:
        model: Trained model.
        split: Images to average over; every class must occur.
        class_names: Names of the classes.
        device: Device on which the model is.

    Returns:
        One row per (image class, latent dimension): ``image_class``, ``image_class_name``, ``n_images``,
        ``kind`` (``class`` or ``shared``), ``latent_class`` (−1 if shared), ``dim``, ``kl_nats``.

    Source: the KL terms of eq. 6, per dimension; Figure 5.
    """
    kl = encode(model, split, device=device).kl_nats
    axes = model.axes()
    parts = []
    for label, name in enumerate(class_names):
        rows = split.labels == label
        parts.append(
            pd.DataFrame(
                {
                    "image_class": label,
                    "image_class_name": name,
                    "n_images": int(rows.sum()),
                    "kind": ["shared" if axis.latent_class == SHARED else "class" for axis in axes],
                    "latent_class": [axis.latent_class for axis in axes],
                    "dim": [axis.dim for axis in axes],
                    "kl_nats": kl[rows].mean(axis=0, dtype=np.float64),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
