"""The classifier of the augmentation study: the encoder that all models share, with a linear head.

Trained on real images it is the baseline, and the evaluator of samples; trained on generated ones, its error is their
classification accuracy score (Ravuri & Vinyals 2019, NeurIPS).
"""

import torch
from torch import Tensor
from torch.nn import functional

from nvae.config import ClassifierParams
from nvae.models.backbones import HEAD_GAIN, Backbone, Encoder, Head, kaiming_initialise
from nvae.models.protocol import LossTerms, OptimizerStep, Trainable


class Classifier(Trainable):
    """Images to class logits.

    Args:
        params: sizes, and the smoothing of the targets.
        n_classes: K.
        image_shape: (height, width).
    """

    def __init__(self, params: ClassifierParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.encoder = Encoder(image_shape, Backbone(params.backbone, params.hidden, params.channels))
        self.label_head = Head(self.encoder.n_features, n_classes)
        self.label_smoothing = params.label_smoothing

    def initialise(self, *, generator: torch.Generator) -> None:
        """Kaiming weights everywhere, a small head."""
        kaiming_initialise(self, generator=generator)
        with torch.no_grad():
            self.label_head.weight.mul_(HEAD_GAIN)

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        """One: all weights, the cross-entropy."""
        return (OptimizerStep("objective", self, self.loss),)

    def features(self, x: Tensor) -> Tensor:
        """The penultimate layer, (batch, n_features), of images (batch, height, width) in [0, 1]."""
        features: Tensor = self.encoder(x)
        return features

    def logits(self, x: Tensor) -> Tensor:
        """Class logits (batch, K) of images (batch, height, width) in [0, 1]."""
        logits: Tensor = self.label_head(self.features(x))
        return logits

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """The cross-entropy of the smoothed label, per example; nothing is drawn, and there is no KL.

        ``label`` is −log q(y | x), without the smoothing.

        Source: Szegedy et al. 2016, §7 (label smoothing).
        """
        logits = self.logits(x)
        objective = functional.cross_entropy(logits, y, reduction="none", label_smoothing=self.label_smoothing)
        label = functional.cross_entropy(logits.detach(), y, reduction="none")
        return LossTerms(objective, {"label": label, "accuracy": (logits.argmax(dim=1) == y).to(x.dtype)})


def build(params: ClassifierParams, *, n_classes: int, image_shape: tuple[int, int]) -> Classifier:
    """A classifier with unset weights."""
    return Classifier(params, n_classes=n_classes, image_shape=image_shape)
