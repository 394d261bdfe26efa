"""The typed configuration: the only reader of ``params.yaml``.

Base values stand at the top level, a profile's changes under ``profiles.<name>``; sections by model
and for training have ``defaults`` and changes per data set. Everything is merged, checked whole at
load time, and frozen. A wrong key or value is one :class:`~nvae.errors.UserError` that names it.
"""

from nvae.config.loading import load
from nvae.config.resolved import CLASSIFIER, Config
from nvae.config.schema import (
    MODEL_PARAMS,
    AcGanParams,
    AggregateParams,
    AugmentationParams,
    BetaVaeParams,
    CalibrationParams,
    CGanParams,
    ClassifierParams,
    CVaeParams,
    DrawnDial,
    DrawnFaces,
    DrawnImages,
    FacesData,
    FactorsParams,
    FidelityParams,
    IdxData,
    MetricsParams,
    ModelParams,
    NVaeParams,
    ResponsesParams,
    SamplesParams,
    TrainingParams,
    TraversalsParams,
    VaeParams,
)

__all__ = [
    "CLASSIFIER",
    "MODEL_PARAMS",
    "AcGanParams",
    "AggregateParams",
    "AugmentationParams",
    "BetaVaeParams",
    "CGanParams",
    "CVaeParams",
    "CalibrationParams",
    "ClassifierParams",
    "Config",
    "DrawnDial",
    "DrawnFaces",
    "DrawnImages",
    "FacesData",
    "FactorsParams",
    "FidelityParams",
    "IdxData",
    "MetricsParams",
    "ModelParams",
    "NVaeParams",
    "ResponsesParams",
    "SamplesParams",
    "TrainingParams",
    "TraversalsParams",
    "VaeParams",
    "load",
]
