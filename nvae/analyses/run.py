"""The input of an analysis: one trained model, the images that it analyses, and the configuration."""

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
    """The images of an analysis that does not require the test images.

    Args:
        split: Images with labels.
        name: Name of an image in the table: ``seed_image`` (from the test split), ``given_image``, ``sampled_image``.
        origin: Origin of the images, for the sidecar.
    """

    split: Split
    name: str
    origin: Mapping[str, object]


@dataclass(frozen=True)
class ArmFiles:
    """The files in which the augmentation study keeps its finished and unfinished arms.

    Args:
        finished: Folder of the results of finished arms.
        checkpoints: Folder of the checkpoints of unfinished arms.
        restart: Whether finished arms are trained again.
        depends_on: Everything that all arms depend on: settings of the classifier and of its training, seed, precision,
            and hashes of the inputs and of the code.
    """

    finished: Path
    checkpoints: Path
    restart: bool
    depends_on: Mapping[str, object]


@dataclass(frozen=True)
class Run:
    """One run with all inputs of an analysis. An analysis reads only the inputs that its entry of ``ANALYSES`` lists.

    Args:
        dataset: Name of the data set.
        variant: Name of the variant.
        seed: Seed of the run, and of the random draws of the analysis.
        config: Configuration of the profile.
        device: Device on which the model is.
        loaded: Trained model.
        prepared: Prepared set that the model was trained on.
        images: Images, for analyses that do not require the test images.
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
        """The number of classes of the model."""
        return len(self.description.class_names)


def _given(value: _T | None, name: str) -> _T:
    """Return an input of the analysis.

    Raises:
        ValueError: If the analysis does not list the input in ``ANALYSES``.
    """
    if value is None:
        raise ValueError(f"the analysis does not list {name!r} among its inputs")
    return value
