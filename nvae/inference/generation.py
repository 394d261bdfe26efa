"""Generation of images of given classes, and classification of images, both in batches."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from nvae.data.prepared import Split
from nvae.errors import UserError
from nvae.inference.images import to_uint8
from nvae.models.classifier import Classifier
from nvae.models.protocol import GenerativeModel, Trainable
from nvae.rng import torch_generator

BATCH = 1000


def classifier(model: Trainable) -> Classifier:
    """Return ``model`` if it is a classifier.

    Raises:
        UserError: If it is not.
    """
    if not isinstance(model, Classifier):
        raise UserError(
            "classifier",
            got=type(model).__name__,
            expected="a classifier",
            hint="Give the folder of a trained classifier.",
        )
    return model


def generate(
    model: GenerativeModel, labels: Tensor, *, sigma: float, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of images (batch, height, width) of the classes ``labels`` (n,), in order, and their labels.

    Args:
        model: Trained model.
        labels: Classes (n,), on the model's device.
        sigma: Standard deviation of the latents.
        generator: Random generator of the latents.
    """
    with torch.no_grad():
        for y in torch.split(labels, BATCH):
            yield model.sample(y, sigma=sigma, generator=generator), y


def classify(classifier: Classifier, batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Return penultimate features (n, features) and predicted labels (n,) of batches of images in [0, 1]."""
    features, predicted = [], []
    with torch.no_grad():
        for x in batches:
            found = classifier.features(x)
            features.append(found)
            predicted.append(classifier.label_head(found).argmax(dim=1))
    return torch.cat(features), torch.cat(predicted)


def accuracy_by_class(predicted: Tensor, labels: Tensor, *, n_classes: int) -> Tensor:
    """Return the share of each class's images with a correct prediction, (n_classes,) float64.

    The value is NaN for a class without images.

    >>> accuracy_by_class(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]), n_classes=2).tolist()
    [0.5, 1.0]
    """
    correct = torch.bincount(labels[predicted == labels], minlength=n_classes).double()
    return (correct / torch.bincount(labels, minlength=n_classes)).cpu()


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
