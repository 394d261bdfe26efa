"""Evaluation of a GAN's samples during training, because its losses show neither progress nor mode collapse."""

from pathlib import Path

import torch

from nvae.config import FidelityParams
from nvae.data.prepared import PreparedSet
from nvae.inference.classifiers import load_classifier
from nvae.inference.generation import accuracy_by_class, classify, generate
from nvae.inference.images import image_batches
from nvae.inference.kinds import generative_model
from nvae.measures.manifolds import coverage_by_class
from nvae.models.classifier import Classifier
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.loop import EpochCallback


def make(
    classifier: Classifier, data: PreparedSet, params: FidelityParams, *, seed: int, device: torch.device
) -> EpochCallback:
    """Return a callback with which the training loop evaluates samples after each epoch.

    Args:
        classifier: Classifier trained on real images of ``data``.
        data: Prepared set, whose validation split the samples have to cover.
        params: Number of samples per class, and k of coverage.
        seed: Seed of the samples.
        device: Device of classifier, images and model.

    Returns:
        Function (model, epoch) → metrics. ``sample_accuracy`` is the share of samples at σ = 1 that the classifier
        assigns to their intended class; ``sample_coverage`` is the coverage of the class's real images by them (Naeem
        et al. 2020). Both are means over classes, and the value of the lowest class is given as ``lowest_…``. A
        collapsed class appears as an accuracy or coverage near 0.
    """
    real, _ = classify(classifier, image_batches(data.validation.images, device))
    real_labels = torch.from_numpy(data.validation.labels).to(device)
    labels = torch.arange(data.n_classes, device=device).repeat_interleave(params.monitor_images_per_class)

    def monitor(model: Trainable, epoch: int) -> dict[str, float]:
        generator = torch_generator(seed, "watch", epoch, device=device.type)
        batches = (x for x, _ in generate(generative_model(model), labels, sigma=1.0, generator=generator))
        features, predicted = classify(classifier, batches)
        accuracy = accuracy_by_class(predicted, labels, n_classes=data.n_classes)
        coverage = coverage_by_class(
            real, real_labels, features, labels, n_classes=data.n_classes, neighbours=params.neighbours
        )
        return {
            "sample_accuracy": float(accuracy.mean()),
            "lowest_sample_accuracy": float(accuracy.min()),
            "sample_coverage": float(coverage.mean()),
            "lowest_sample_coverage": float(coverage.min()),
        }

    return monitor


def load(folder: Path, data: PreparedSet, params: FidelityParams, *, seed: int, device: torch.device) -> EpochCallback:
    """Load the classifier of ``folder``, and return the monitor that `make` builds from it.

    Raises:
        UserError: If there is no trained classifier, or it was trained on other classes or image sizes.
    """
    return make(load_classifier(folder, data, device=device), data, params, seed=seed, device=device)
