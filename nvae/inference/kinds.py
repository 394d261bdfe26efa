"""Checks that a loaded model is of the kind that an analysis needs."""

from nvae.errors import UserError
from nvae.models.protocol import GenerativeModel, LatentModel, Trainable


def latent_model(model: Trainable) -> LatentModel:
    """Return ``model`` if it has an encoder and a decoder.

    Raises:
        UserError: If it has not.
    """
    if not isinstance(model, LatentModel):
        raise _wrong_kind(model, "a model with an encoder and a decoder")
    return model


def generative_model(model: Trainable) -> GenerativeModel:
    """Return ``model`` if it generates images.

    Raises:
        UserError: If it does not.
    """
    if not isinstance(model, GenerativeModel):
        raise _wrong_kind(model, "a model that generates images")
    return model


def _wrong_kind(model: Trainable, expected: str) -> UserError:
    return UserError("model", got=type(model).__name__, expected=expected, hint="Choose another variant.")
