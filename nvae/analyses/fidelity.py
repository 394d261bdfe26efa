"""Generated against real images in a classifier's features, for every σ: why a line of Figure 9 falls or rises."""

import pandas as pd
import torch

from nvae.analyses.run import Run
from nvae.config import FidelityParams
from nvae.data.prepared import PreparedSet, Split
from nvae.inference.generation import accuracy_by_class, classify, generate
from nvae.inference.images import image_batches
from nvae.measures.manifolds import compare, coverage_by_class, frechet_distance
from nvae.models.classifier import Classifier
from nvae.models.protocol import GenerativeModel
from nvae.rng import numpy_generator, torch_generator

SPLITS = ("validation", "test")
#: A class is present if the classifier recognises at least this share of the samples that were asked to be of it.
PRESENT = 0.5


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `fidelity_table`."""
    if run.classifier is None:
        raise ValueError("fidelity reads a classifier")
    return fidelity_table(
        run.generator,
        run.classifier,
        run.data,
        run.config.fidelity,
        sigmas=run.config.augmentation.sigmas,
        seed=run.seed,
        device=run.device,
    )


def fidelity_table(
    model: GenerativeModel,
    classifier: Classifier,
    data: PreparedSet,
    params: FidelityParams,
    *,
    sigmas: tuple[float, ...],
    seed: int,
    device: torch.device,
    splits: tuple[str, ...] = SPLITS,
) -> pd.DataFrame:
    """How true, and how diverse, the samples of a class-conditional generator are at every σ.

    As many images are generated as real ones are looked at, of the same classes. The same standard-normal draw is
    scaled by each σ.

    Args:
        model: trained.
        classifier: trained on the real images of ``data``.
        data: the real images.
        params: how many images, and k of the manifolds.
        sigmas: standard deviations of the latents.
        seed: of the samples; the choice of real images is the same for every seed and model.
        device: where all is.
        splits: whose real images are compared with.

    Returns:
        Columns ``split``, ``sigma``, ``metric``, ``value``. Accuracies are the classifier's on the samples. Distances
        are between penultimate features. Lowest: of the class where it is lowest.

    Source: Heusel et al. 2017 (Fréchet distance, there in Inception's features), Kynkäänniemi et al. 2019 (precision,
        recall), Naeem et al. 2020 (density, coverage).
    """
    rows: list[tuple[str, float, str, float]] = []
    for split in splits:
        chosen = _some(data.split(split), params.images)
        real, _ = classify(classifier, image_batches(chosen.images, device))
        labels = torch.from_numpy(chosen.labels).to(device)
        for sigma in sigmas:
            generator = torch_generator(seed, "fidelity", split, device=device.type)
            batches = (x for x, _ in generate(model, labels, sigma=sigma, generator=generator))
            features, predicted = classify(classifier, batches)
            accuracy = accuracy_by_class(predicted, labels, n_classes=data.n_classes)
            manifolds = compare(real, features, neighbours=params.neighbours)
            coverage = coverage_by_class(
                real, labels, features, labels, n_classes=data.n_classes, neighbours=params.neighbours
            )
            values = {
                "accuracy_pct": 100 * float((predicted == labels).double().mean()),
                "lowest_class_accuracy_pct": 100 * float(accuracy.min()),
                "classes_present": int((accuracy >= PRESENT).sum()),
                "frechet_distance": frechet_distance(real, features),
                **vars(manifolds),
                "lowest_class_coverage": float(coverage.min()),
            }
            rows += [(split, sigma, metric, float(value)) for metric, value in values.items()]
    return pd.DataFrame(rows, columns=["split", "sigma", "metric", "value"])


def _some(split: Split, n: int) -> Split:
    """At most ``n`` images, the same ones each time."""
    order = numpy_generator(0, "fidelity", "images").permutation(len(split))
    return split.take(order[:n])
