"""Loss of accuracy when the weights of a trained model are stored in half precision."""

import copy

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.images import batched, image_batches, to_uint8
from nvae.models.protocol import LatentModel
from nvae.rng import torch_generator
from nvae.training.batches import Resident
from nvae.training.loop import mean_terms

_SPLIT = "test"
_CPU = torch.device("cpu")


def rounded(model: LatentModel) -> LatentModel:
    """Return a copy of ``model`` with its weights rounded to float16; the copy still computes in float32.

    Raises:
        UserError: If a weight is outside the range of float16.
    """
    found = copy.deepcopy(model)
    with torch.no_grad():
        for name, weight in found.named_parameters():
            half = weight.half()
            if not bool(torch.isfinite(half).all()):
                raise UserError(
                    f"weight {name}",
                    got=f"values up to {weight.abs().max().item():.3g}",
                    expected="at most 65504, the largest value in half precision",
                    hint="Keep this model in float32.",
                )
            weight.copy_(half)
    return found


def rounding_table(exact: LatentModel, half: LatentModel, data: PreparedSet, *, seed: int) -> pd.DataFrame:
    """Measure what rounding changes on the test images.

    Args:
        exact: Trained model, on the CPU.
        half: Same model with rounded weights.
        data: Prepared set that the model was trained on.
        seed: Seed of the posterior samples, the same for both models.

    Returns:
        Columns ``split``, ``metric``, ``exact`` and ``rounded``. Metrics are the bound and its terms (nats per image),
        the label accuracy (percent), and the distance of the reconstructions from those of the exact model, which is 0
        in ``exact``. The distance is the largest and the mean difference of a pixel, in grey levels from 0 to 255.
    """
    means = [_means(model, data, seed) for model in (exact, half)]
    rows = [(_SPLIT, name, value, means[1][name]) for name, value in means[0].items()]
    pictures = [_reconstructions(model, data) for model in (exact, half)]
    distance = np.abs(pictures[0].astype(np.int16) - pictures[1])
    rows.append((_SPLIT, "largest_difference_grey_levels", 0.0, float(distance.max())))
    rows.append((_SPLIT, "mean_difference_grey_levels", 0.0, float(distance.mean())))
    return pd.DataFrame(rows, columns=["split", "metric", "exact", "rounded"])


def _means(model: LatentModel, data: PreparedSet, seed: int) -> dict[str, float]:
    resident = Resident.of(data.split(_SPLIT), _CPU)
    means = mean_terms(model, resident, generator=torch_generator(seed, "evaluation", _SPLIT))
    accuracy = {"accuracy_pct": 100 * means.pop("accuracy")} if "accuracy" in means else {}
    return {**accuracy, **{f"{name}_nats": value for name, value in means.items()}}


def _reconstructions(model: LatentModel, data: PreparedSet) -> npt.NDArray[np.uint8]:
    """Decode each test image from its posterior mean; return grey levels (n, height, width) uint8."""
    split = data.split(_SPLIT)
    decoded = []
    with torch.no_grad():
        for x, labels in zip(image_batches(split.images, _CPU), batched(split.labels), strict=True):
            y = torch.from_numpy(labels)
            decoded.append(to_uint8(model.decode(model.encode(x, y).mu, y)))
    return np.concatenate(decoded)
