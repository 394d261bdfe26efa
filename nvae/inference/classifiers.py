"""The classifier of real images that evaluates samples."""

from pathlib import Path

import torch

from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.generation import classifier
from nvae.models.classifier import Classifier
from nvae.training.saved import load_model


def load_classifier(folder: Path, data: PreparedSet, *, device: torch.device) -> Classifier:
    """Load the trained classifier that evaluates samples.

    Args:
        folder: Folder of the classifier's run.
        data: Prepared set whose classes and image size the classifier must have.
        device: Device on which the classifier is loaded.

    Raises:
        UserError: If there is no trained classifier, or it was trained on other classes or image sizes.
    """
    model, description = load_model(folder, device=device)
    known = (description.class_names, description.image_shape)
    if known != (data.class_names, data.image_shape):
        raise UserError(
            folder.as_posix(),
            got=f"a model of {description.dataset}",
            expected=f"a classifier of the classes and the image size of {data.name}",
            hint="Pass the folder of one as --classifier, or train it.",
        )
    return classifier(model)
