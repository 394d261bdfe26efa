"""What ``params.yaml`` may hold: one frozen, typed section a phase."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

Fraction = Annotated[float, Field(gt=0, lt=1)]
Sizes = Annotated[tuple[PositiveInt, ...], Field(strict=False, min_length=1)]


class Section(BaseModel):
    """A frozen part of the configuration that knows no key but its own and converts no types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DrawnImages(Section):
    """How many images of a built-in data set are drawn, and from which seed."""

    train_images: PositiveInt
    test_images: PositiveInt
    seed: NonNegativeInt


class DrawnFaces(Section):
    """How many persons the built-in faces have, and from which seed."""

    persons: Annotated[int, Field(ge=2, le=38)]
    seed: NonNegativeInt


class IdxData(Section):
    """A data set in IDX files with an official train and test part."""

    kind: Literal["idx"]
    validation_images: PositiveInt
    split_seed: NonNegativeInt
    train_limit: PositiveInt | None
    test_limit: PositiveInt | None
    drawn: DrawnImages | None


class Expected(Section):
    """Counts that a complete faces archive has; anything else is an error."""

    usable: PositiveInt
    kept: PositiveInt
    persons: PositiveInt


class FacesData(Section):
    """Faces in Extended Yale B's layout: light angles in the file names, one folder a person."""

    kind: Literal["faces"]
    angle: Literal["azimuth", "true"]
    max_angle_deg: Annotated[float, Field(gt=0, le=180)]
    inner_box: Annotated[tuple[float, float, float, float], Field(strict=False)]
    height: PositiveInt
    width: PositiveInt
    test_fraction: Fraction
    validation_fraction: Fraction
    split_seed: NonNegativeInt
    persons_limit: PositiveInt | None
    face_boxes: str | None
    expected: Expected | None
    drawn: DrawnFaces | None


DataParams = Annotated[IdxData | FacesData, Field(discriminator="kind")]


class NVaeParams(Section):
    """N-VAE's sizes and objective (paper, §II and appendix B)."""

    class_dims: PositiveInt
    shared_dims: PositiveInt
    class_weight: PositiveFloat
    label_objective: Literal["nll", "dirichlet_kl"]
    dirichlet_prior: PositiveFloat
    class_bias: bool
    likelihood: Literal["bernoulli", "gaussian"]
    pixel_std: PositiveFloat
    backbone: Literal["mlp", "conv"]
    hidden: Sizes
    channels: Sizes


class TrainingParams(Section):
    """One training run's protocol."""

    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    learning_rate_schedule: Literal["constant", "cosine"]
    kl_warmup_epochs: NonNegativeInt


class Variant(Section):
    """A model with some keys changed."""

    model: Literal["n_vae"]
    changes: dict[str, Any]


class TraversalParams(Section):
    """Along what, how far and around what latents are moved."""

    low: float
    high: float
    steps: Annotated[int, Field(ge=2)]
    center: Literal["seed_image", "prior"]


class SamplingParams(Section):
    """Samples at growing sigma (paper, appendix C)."""

    sigmas: Annotated[tuple[PositiveFloat, ...], Field(strict=False, min_length=1)]
    images_per_class: PositiveInt


class EvaluationParams(Section):
    """Probes of known factors."""

    neighbours: PositiveInt
    neighbour_weights: Literal["uniform", "distance"]
    ridge_penalty: NonNegativeFloat


class ExecutionParams(Section):
    """How runs are carried out; never changes what they compute, so no rule depends on it."""

    device: Literal["auto", "cpu", "cuda"]
    checkpoint_every_epochs: PositiveInt
