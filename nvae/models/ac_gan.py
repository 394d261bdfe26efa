"""AC-GAN (Odena, Olah & Shlens 2017, ICML, "Conditional Image Synthesis with Auxiliary Classifier GANs").

The generator receives the label. The discriminator does not: from the image alone it predicts whether the image is
real and which class it belongs to.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nvae.config import AcGanParams
from nvae.models.adversarial import AdversarialModel, backbone_of
from nvae.models.backbones import Encoder, Head
from nvae.models.protocol import LossTerms


class Discriminator(nn.Module):
    """Network from images to the log-odds of being real and to class logits.

    Args:
        params: Sizes of the network.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: AcGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        super().__init__()
        self.encoder = Encoder(image_shape, backbone_of(params))
        self.source_head = Head(self.encoder.n_features, 1)
        self.label_head = Head(self.encoder.n_features, n_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the log-odds (batch,) and the unnormalised class logits (batch, n_classes) of a batch of images."""
        features = self.encoder(x)
        return self.source_head(features)[:, 0], self.label_head(features)


class AcGan(AdversarialModel):
    """Auxiliary-classifier GAN.

    Args:
        params: Sizes, weight of the gradient penalty and weight of the class term.
        n_classes: Number of classes, K.
        image_shape: Height and width of the images in pixels.
    """

    def __init__(self, params: AcGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> None:
        discriminator = Discriminator(params, n_classes=n_classes, image_shape=image_shape)
        super().__init__(params, n_classes=n_classes, image_shape=image_shape, discriminator=discriminator)
        self.label_weight = params.label_weight

    def discriminator_loss(
        self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0
    ) -> LossTerms:
        """Return −(L_S + w L_C), on both real and generated images, + γ penalty, per real image.

        The source uses w = 1.

        Source: Odena et al. 2017, eq. 2 and 3.
        """
        images, labels = self.with_fakes(x, y, generator=generator)
        logits, label_logits = self.discriminator(images)
        source = self.source_terms(logits)
        label_real, label_fake = functional.cross_entropy(label_logits, labels, reduction="none").chunk(2)
        penalty = self.penalty(x, lambda some: self.discriminator(some)[0])
        objective = sum(source.values()) + self.label_weight * (label_real + label_fake)
        terms = {
            **source,
            "label_real": label_real,
            "label_fake": label_fake,
            "penalty": penalty,
            "accuracy": (label_logits[: len(y)].argmax(dim=1) == y).to(x.dtype),
        }
        return LossTerms(objective + self.gradient_penalty * penalty, terms)

    def generator_loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        """Return L_S − w L_C of generated images, with L_S in the non-saturating form.

        Source: Odena et al. 2017, end of §3: the generator maximises L_C − L_S.
        """
        logits, label_logits = self.discriminator(self.sample(y, sigma=1.0, generator=generator))
        label = functional.cross_entropy(label_logits, y, reduction="none")
        return LossTerms(functional.softplus(-logits) + self.label_weight * label, {"generator_label": label})


def build(params: AcGanParams, *, n_classes: int, image_shape: tuple[int, int]) -> AcGan:
    """Build an AC-GAN with unset weights."""
    return AcGan(params, n_classes=n_classes, image_shape=image_shape)
