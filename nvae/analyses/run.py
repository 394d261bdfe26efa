"""What an analysis works on: one trained model, the images that it looks at, and the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import torch

from nvae.config import Config
from nvae.data.prepared import PreparedSet, Split
from nvae.inference.kinds import generative_model, latent_model
from nvae.models.classifier import Classifier
from nvae.models.protocol import GenerativeModel, LatentModel, Trainable
from nvae.training.saved import ModelDescription

Block = Literal["class", "shared"]
_T = TypeVar("_T")


@dataclass(frozen=True)
class LoadedModel:
    """A trained model in evaluation mode, and its description."""

    model: Trainable
    description: ModelDescription


@dataclass(frozen=True)
class Images:
    """The images that an analysis looks at where these need not be the test images.

    Args:
        split: Images with labels.
        name: Name of an image in the table: ``seed_image`` (from the test split), ``given_image``, ``sampled_image``.
        origin: Where they come from, for the sidecar.
    """

    split: Split
    name: str
    origin: Mapping[str, object]


@dataclass(frozen=True)
class ArmFiles:
    """Where the augmentation study keeps its finished and unfinished arms.

    Args:
        finished: Folder of the results of finished arms.
        checkpoints: Folder of the checkpoints of unfinished ones.
        restart: Whether finished arms are trained again.
        depends_on: What every arm depends on, beside its own settings: hashes of inputs and of the code.
    """

    finished: Path
    checkpoints: Path
    restart: bool
    depends_on: Mapping[str, object]


@dataclass(frozen=True)
class Run:
    """One run as an analysis sees it. An analysis reads only what its entry of ``ANALYSES`` lists.

    Args:
        dataset: Name of the data set.
        variant: Name of the variant.
        seed: Seed of the run, and of the random draws of the analysis.
        config: Configuration of the profile.
        device: Device on which the model is.
        loaded: Trained model.
        prepared: Prepared set that the model was trained on.
        images: Images to look at, for analyses that need not look at the test images.
        classifier: Classifier of real images.
        block: Kind of latents that a traversal moves.
        arms: Files of the augmentation study.
    """

    dataset: str
    variant: str
    seed: int
    config: Config
    device: torch.device
    loaded: LoadedModel | None = field(default=None)
    prepared: PreparedSet | None = field(default=None)
    images: Images | None = field(default=None)
    classifier: Classifier | None = field(default=None)
    block: Block | None = field(default=None)
    arms: ArmFiles | None = field(default=None)

    @property
    def model(self) -> Trainable:
        """The trained model."""
        return _given(self.loaded, "model").model

    @property
    def description(self) -> ModelDescription:
        """The description of the trained model."""
        return _given(self.loaded, "model").description

    @property
    def latent_model(self) -> LatentModel:
        """The trained model, if it has an encoder and a decoder.

        Raises:
            UserError: If it has none.
        """
        return latent_model(self.model)

    @property
    def generator(self) -> GenerativeModel:
        """The trained model, if it generates images.

        Raises:
            UserError: If it does not.
        """
        return generative_model(self.model)

    @property
    def data(self) -> PreparedSet:
        """The prepared set."""
        return _given(self.prepared, "data")

    @property
    def n_classes(self) -> int:
        """The number of classes that the model knows."""
        return len(self.description.class_names)


def _given(value: _T | None, name: str) -> _T:
    """Return what an analysis reads.

    Raises:
        ValueError: If its entry of ``ANALYSES`` does not list it.
    """
    if value is None:
        raise ValueError(f"the analysis does not list {name!r} among what it reads")
    return value
