"""The schema of ``params.yaml``: one frozen, typed class per section."""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from pydantic_core import PydanticCustomError

from nvae.errors import UserError
from nvae.untrusted import project_path

_N = TypeVar("_N", int, float)
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Sizes = Annotated[tuple[PositiveInt, ...], Field(strict=False, min_length=1)]


def _plain(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise PydanticCustomError("plain", "a name of letters, digits and underscores that begins with a letter")
    return name


def _in_project(path: str) -> str:
    try:
        project_path(path, what="", hint="")
    except UserError as error:
        raise PydanticCustomError("path", "{expected}", {"expected": error.expected}) from None
    return path


def _distinct(values: tuple[_N, ...]) -> tuple[_N, ...]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("distinct", "distinct values")
    return values


#: Name that becomes part of paths, commands, patterns and web pages.
PlainName = Annotated[str, AfterValidator(_plain)]
ProjectPath = Annotated[str, AfterValidator(_in_project)]
Seeds = Annotated[tuple[NonNegativeInt, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]
Grid = Annotated[tuple[PositiveFloat, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class Section(BaseModel):
    """A frozen part of the configuration; it refuses unknown keys, values of other types and infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DrawnImages(Section):
    """Numbers of images of a built-in data set, and the seed from which they are drawn."""

    train_images: PositiveInt
    test_images: PositiveInt
    seed: NonNegativeInt


class DrawnDial(DrawnImages):
    """The number of class-exclusive factors of the built-in dial, and the range in which its spots move."""

    exclusive_factors: Annotated[int, Field(ge=0, le=6)]
    reach: Annotated[float, Field(gt=0, le=2)]


class DrawnFaces(Section):
    """Number of persons of the built-in faces, and the seed from which they are drawn."""

    persons: Annotated[int, Field(ge=2, le=38)]
    seed: NonNegativeInt


class IdxData(Section):
    """A data set in IDX files with an official training and test set; ``family`` as in :class:`FacesData`."""

    kind: Literal["idx"]
    family: PlainName | None = None
    validation_images: PositiveInt
    split_seed: NonNegativeInt
    train_limit: PositiveInt | None
    test_limit: PositiveInt | None
    drawn: DrawnDial | DrawnImages | None


class Expected(Section):
    """Counts of a complete archive of faces; other counts are an error."""

    usable: PositiveInt
    kept: PositiveInt
    persons: PositiveInt


class FacesData(Section):
    """Faces in the layout of Extended Yale B: light angles in the file names, one folder per person.

    Data sets of one ``family`` share the sections of ``models`` and ``training`` that have its name, and the recipe if
    they are built in. A data set without a family has its own sections.
    """

    kind: Literal["faces"]
    family: PlainName | None = None
    angle: Literal["azimuth", "true"]
    max_angle_deg: Annotated[float, Field(gt=0, le=180)]
    inner_box: Annotated[tuple[float, float, float, float], Field(strict=False)]
    height: PositiveInt
    width: PositiveInt
    test_fraction: Fraction
    validation_fraction: Fraction
    split_seed: NonNegativeInt
    persons_limit: PositiveInt | None
    face_boxes: ProjectPath | None
    expected: Expected | None
    drawn: DrawnFaces | None


class MarkedData(Section):
    """A null of the data set ``of``: shuffled labels, which marks in the images show."""

    kind: Literal["marked"]
    of: PlainName
    seed: NonNegativeInt


class CloneData(Section):
    """A null of the data set ``of``: all classes have the images of the same class; None: the one that varies most."""

    kind: Literal["clone"]
    of: PlainName
    label: NonNegativeInt | None


RawData = IdxData | FacesData
NullData = MarkedData | CloneData
DataParams = Annotated[RawData | NullData, Field(discriminator="kind")]


Likelihood = Literal["bernoulli", "gaussian"]


class ModelParams(Section):
    """Parameters that all models share: the sizes of their networks."""

    backbone: Literal["mlp", "conv"]
    hidden: Sizes
    channels: Sizes


class VaeParams(ModelParams):
    """Parameters that all variational autoencoders share: the likelihood of the pixels."""

    likelihood: Likelihood
    pixel_std: PositiveFloat


class NVaeParams(VaeParams):
    """N-VAE's sizes and objective (paper, §II and appendix B)."""

    class_dims: PositiveInt
    shared_dims: PositiveInt
    class_weight: PositiveFloat
    label_objective: Literal["nll", "dirichlet_kl"]
    dirichlet_prior: PositiveFloat
    class_bias: bool


class BetaVaeParams(VaeParams):
    """The β-VAE's size and weight."""

    latent_dims: PositiveInt
    beta: PositiveFloat


class CVaeParams(VaeParams):
    """The conditional VAE's size."""

    latent_dims: PositiveInt


class CGanParams(ModelParams):
    """The conditional GAN's size and the gradient penalty of its discriminator."""

    latent_dims: PositiveInt
    gradient_penalty: NonNegativeFloat
    penalty_images: PositiveInt


class AcGanParams(CGanParams):
    """AC-GAN's size, penalty and the weight of its class term."""

    label_weight: PositiveFloat


class ClassifierParams(ModelParams):
    """The classifier's sizes and the smoothing of its targets."""

    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


#: The section of ``models`` that each model reads.
MODEL_PARAMS: dict[str, type[ModelParams]] = {
    "n_vae": NVaeParams,
    "beta_vae": BetaVaeParams,
    "cvae": CVaeParams,
    "cgan": CGanParams,
    "ac_gan": AcGanParams,
    "classifier": ClassifierParams,
}
ModelName = Literal["n_vae", "beta_vae", "cvae", "cgan", "ac_gan", "classifier"]


class TrainingParams(Section):
    """The training protocol of one run."""

    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    learning_rate_schedule: Literal["constant", "cosine"]
    adam_beta1: Annotated[float, Field(ge=0, lt=1)]
    kl_warmup_epochs: NonNegativeInt
    precision: Literal["fp32", "bf16", "auto"]


class Variant(Section):
    """A model with some keys of its section and of ``training`` changed."""

    model: ModelName
    changes: dict[str, Any]
    training: dict[str, Any]


class TraversalsParams(Section):
    """The range, the number of steps and the centre of traversals."""

    low: float
    high: float
    steps: Annotated[int, Field(ge=2)]
    center: Literal["seed_image", "prior"]


class SamplesParams(Section):
    """Samples at growing sigma (paper, appendix C)."""

    sigmas: Grid
    images_per_class: PositiveInt


class AggregateParams(Section):
    """Distances of the aggregate posterior from the prior, and the linear probe of the classes."""

    projections: PositiveInt
    probe_penalty: PositiveFloat


class AugmentationParams(Section):
    """The grid of the augmentation study (paper, Figure 9)."""

    sigmas: Grid
    generated_shares: Annotated[tuple[Share, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class FidelityParams(Section):
    """Comparison of generated images with real ones in the features of a classifier."""

    images: PositiveInt
    monitor_images_per_class: PositiveInt
    neighbours: PositiveInt


class MetricsParams(Section):
    """Probes of known factors in the table of metrics."""

    neighbours: PositiveInt
    neighbour_weights: Literal["uniform", "distance"]
    ridge_penalty: NonNegativeFloat


class FactorsParams(Section):
    """Prediction of known factors from latents in the table of factors."""

    neighbours: PositiveInt
    neighbour_weights: Literal["uniform", "distance"]
    bins: Annotated[int, Field(ge=2)]


class ResponsesParams(Section):
    """Measurement of traversals: the number of images, and the mark that is measured on each class's images."""

    images_per_class: PositiveInt
    features: dict[str, dict[NonNegativeInt, Literal["loop", "crossbar"]]]


class CalibrationParams(Section):
    """The settings of the built-in dial at which the KL is compared with the share of class-exclusive factors."""

    exclusive_factors: Annotated[
        tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(strict=False, min_length=2), AfterValidator(_distinct)
    ]


class GroundTruthParams(Section):
    """Seeds of the data sets whose factors are known."""

    seeds: Seeds


class TransferParams(Section):
    """The readers of the transfer analysis: kernel ridge regression, fitted for each class."""

    images_per_class: PositiveInt
    kernel_scale: PositiveFloat
    penalty: PositiveFloat


class LadderParams(Section):
    """The settings at which N-VAE is trained to see which readings depend on them, with seeds of its own.

    ``shared_dims`` has the sizes of z_s per family of data sets.
    """

    seeds: Seeds
    train_images: PositiveInt | None
    shared_dims: dict[str, Sizes]
    class_weights: Grid
    likelihoods: Annotated[tuple[Likelihood, ...], Field(strict=False, min_length=1)]


class ExecutionParams(Section):
    """How runs are executed; it affects results by rounding at most, so no rule depends on it."""

    device: Literal["auto", "cpu", "cuda"]
    checkpoint_every_s: NonNegativeFloat
    arms_at_once: Literal["auto"] | PositiveInt
