"""How a GAN's samples fare while it trains: its losses tell neither that it learns nor that it collapsed."""

import torch

from nvae.config import FidelityParams
from nvae.data.prepared import PreparedSet
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
    """What the training loop asks after each epoch.

    Args:
        classifier: trained on real images of ``data``.
        data: its validation split is what samples have to cover.
        params: how many samples a class, and k of coverage.
        seed: of the samples.
        device: where all is.

    Returns:
        (model, epoch) → ``sample_accuracy``, the share of samples at σ = 1 that the classifier assigns to the class
        that was asked for, and ``sample_coverage``, the coverage of the class's real images by them (Naeem et al. 2020), as
        means over classes, each with its lowest class as ``lowest_…``. A collapsed class shows as accuracy or
        coverage near 0.
    """
    real, _ = classify(classifier, image_batches(data.validation.images, device))
    real_labels = torch.from_numpy(data.validation.labels).to(device)
    labels = torch.arange(data.n_classes, device=device).repeat_interleave(params.monitor_images_per_class)

    def watch(model: Trainable, epoch: int) -> dict[str, float]:
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

    return watch
