"""Images from a generator for given classes, in batches, and what a classifier of real images makes of images."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from nvae.errors import UserError
from nvae.models.classifier import Classifier
from nvae.models.protocol import GenerativeModel, Trainable

BATCH = 1000


def classifier(model: Trainable) -> Classifier:
    """``model``, known to be the classifier.

    Raises:
        UserError: it is not.
    """
    if not isinstance(model, Classifier):
        raise UserError(
            "classifier",
            got=type(model).__name__,
            expected="a classifier",
            hint="Name a trained classifier's folder.",
        )
    return model


def generate(
    model: GenerativeModel, labels: Tensor, *, sigma: float, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of images (batch, height, width) of the classes ``labels`` (n,), in order, and their labels (batch,).

    Args:
        model: trained.
        labels: on the model's device.
        sigma: standard deviation of the latents.
        generator: of the latents.
    """
    with torch.no_grad():
        for y in torch.split(labels, BATCH):
            yield model.sample(y, sigma=sigma, generator=generator), y


def classify(classifier: Classifier, batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    """Penultimate features (n, features) and predicted labels (n,) of images (batch, height, width) in [0, 1]."""
    features, predicted = [], []
    with torch.no_grad():
        for x in batches:
            found = classifier.features(x)
            features.append(found)
            predicted.append(classifier.label_head(found).argmax(dim=1))
    return torch.cat(features), torch.cat(predicted)


def accuracy_by_class(predicted: Tensor, labels: Tensor, *, n_classes: int) -> Tensor:
    """Share of each class's images that are predicted right, (n_classes,) float64; NaN for a class without images.

    >>> accuracy_by_class(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]), n_classes=2).tolist()
    [0.5, 1.0]
    """
    right = torch.bincount(labels[predicted == labels], minlength=n_classes).double()
    return (right / torch.bincount(labels, minlength=n_classes)).cpu()
