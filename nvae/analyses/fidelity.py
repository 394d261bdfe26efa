"""Comparison of generated with real images in a classifier's features, for every σ, which helps to explain Figure 9."""

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
#: A class is present if the classifier assigns at least this share of the samples of the class to it.
PRESENT = 0.5


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `fidelity_table`."""
    if run.classifier is None:
        raise ValueError("fidelity needs a classifier")
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
    """Measure the fidelity and the diversity of the samples of a class-conditional generator at every σ.

    The number of generated images of each class is that of the real images they are compared with. The same
    standard-normal draw is scaled by each σ.

    Args:
        model: Trained generator.
        classifier: Classifier that was trained on the real images of ``data``.
        data: Prepared set with the real images.
        params: Number of images, and number k of neighbours of the manifolds.
        sigmas: Standard deviations of the latents.
        seed: Seed of the samples; the choice of real images is the same for every seed and model.
        device: Device of the computation.
        splits: Names of the splits with whose real images the samples are compared.

    Returns:
        Columns ``split``, ``sigma``, ``metric``, ``value``. Accuracies are those of the classifier on the samples.
        Distances are between penultimate features. ``lowest_class_…`` is the value of the class where it is lowest.

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
    """Return at most ``n`` randomly chosen images, the same ones in each call."""
    order = numpy_generator(0, "fidelity", "images").permutation(len(split))
    return split.take(order[:n])
