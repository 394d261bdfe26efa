"""The typed configuration: the only reader of ``params.yaml``.

The top level of the file has the base values, and ``profiles.<name>`` the changes of a profile. The sections of models
and of training have ``defaults`` and changes per data set. When the file is loaded, everything is merged, checked as a
whole, and frozen. A wrong key or value raises a :class:`~nvae.errors.UserError` that names it.
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
