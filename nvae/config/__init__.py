"""The typed configuration: the only reader of ``params.yaml``.

Base values stand at the top level, a profile's changes under ``profiles.<name>``; sections by model
and for training have ``defaults`` and changes per data set. Everything is merged, checked whole at
load time, and frozen. A wrong key or value is one :class:`~nvae.errors.UserError` that names it.
"""

from nvae.config.loading import load
from nvae.config.resolved import Config
from nvae.config.schema import (
    DrawnFaces,
    DrawnImages,
    EvaluationParams,
    FacesData,
    IdxData,
    NVaeParams,
    SamplingParams,
    TrainingParams,
    TraversalParams,
)

__all__ = [
    "Config",
    "DrawnFaces",
    "DrawnImages",
    "EvaluationParams",
    "FacesData",
    "IdxData",
    "NVaeParams",
    "SamplingParams",
    "TrainingParams",
    "TraversalParams",
    "load",
]
