"""Classifier of the augmentation study: the encoder that all models share, with a linear head.

Trained on real images, it is the baseline and evaluates generated samples. Trained on generated images, its error on
real ones gives their classification accuracy score (Ravuri & Vinyals 2019, NeurIPS).
"""

import torch
from torch import Tensor
from torch.nn import functional

from nvae.config import ClassifierParams
from nvae.models.backbones import HEAD_GAIN, Backbone, Encoder, Head, kaiming_initialise
from nvae.models.protocol import LossTerms, OptimizerStep, Trainable


class Classifier(Trainable):
    """Network from images to class logits.

    Args:
        params: Sizes and label smoothing.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: ClassifierParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.encoder = Encoder(image_shape, Backbone(params.backbone, params.hidden, params.channels))
        self.label_head = Head(self.encoder.n_features, n_classes)
        self.label_smoothing = params.label_smoothing

    def initialise(self, *, generator: torch.Generator) -> None:
        """Draw Kaiming-normal weights for all layers, smaller ones for the head."""
        kaiming_initialise(self, generator=generator)
        with torch.no_grad():
            self.label_head.weight.mul_(HEAD_GAIN)

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """Return the only step: all weights minimise the cross-entropy."""
        return (OptimizerStep("objective", self, self.loss),)

    def features(self, x: Tensor) -> Tensor:
        """Return penultimate features (batch, n_features) of images (batch, height, width) in [0, 1]."""
        features: Tensor = self.encoder(x)
        return features

    def logits(self, x: Tensor) -> Tensor:
        """Return class logits (batch, K) of images (batch, height, width) in [0, 1]."""
        logits: Tensor = self.label_head(self.features(x))
        return logits

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return the cross-entropy with smoothed labels, per example.

        Nothing is drawn from ``generator``, and there is no KL term. ``label`` is −log q(y | x) without the smoothing.

        Source: Szegedy et al. 2016, §7 (label smoothing).
        """
        logits = self.logits(x)
        objective = functional.cross_entropy(logits, y, reduction="none", label_smoothing=self.label_smoothing)
        label = functional.cross_entropy(logits.detach(), y, reduction="none")
        return LossTerms(objective, {"label": label, "accuracy": (logits.argmax(dim=1) == y).to(x.dtype)})


def build(params: ClassifierParams, *, n_classes: int, image_shape: tuple[int, int]) -> Classifier:
    """Build a classifier with unset weights."""
    return Classifier(params, n_classes=n_classes, image_shape=image_shape)
