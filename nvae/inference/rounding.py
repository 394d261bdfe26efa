"""What a trained model loses when its weights are kept in half precision."""

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
    """A copy whose weights are those of ``model``, rounded to float16; it computes in float32 as before.

    Raises:
        UserError: a weight is beyond float16's range.
    """
    found = copy.deepcopy(model)
    with torch.no_grad():
        for name, weight in found.named_parameters():
            half = weight.half()
            if not bool(torch.isfinite(half).all()):
                raise UserError(
                    f"weight {name}",
                    got=f"values up to {weight.abs().max().item():.3g}",
                    expected="at most 65504, what half precision can hold",
                    hint="Keep this model in float32.",
                )
            weight.copy_(half)
    return found


def rounding_table(exact: LatentModel, half: LatentModel, data: PreparedSet, *, seed: int) -> pd.DataFrame:
    """What rounding changes on the test images.

    Args:
        exact: the trained model, on the CPU.
        half: the same with rounded weights.
        data: what it was trained on.
        seed: of the posterior samples, the same for both.

    Returns:
        Columns ``split``, ``metric``, ``exact``, ``rounded``: the bound and its terms (nats an image), label accuracy
        (percent); and, ``exact`` being 0, how far the reconstructions are from the exact model's: the largest and the
        mean difference of a pixel, in grey levels of 0 to 255.
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
    """(n, height, width) uint8: each test image, decoded from its posterior mean."""
    split = data.split(_SPLIT)
    decoded = []
    with torch.no_grad():
        for x, labels in zip(image_batches(split.images, _CPU), batched(split.labels), strict=True):
            y = torch.from_numpy(labels)
            decoded.append(to_uint8(model.decode(model.encode(x, y).mu, y)))
    return np.concatenate(decoded)
