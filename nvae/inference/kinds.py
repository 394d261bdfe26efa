"""A loaded model, known to be of the kind that an analysis needs."""

from nvae.errors import UserError
from nvae.models.protocol import GenerativeModel, LatentModel, Trainable


def latent_model(model: Trainable) -> LatentModel:
    """``model``, known to have an encoder and a decoder.

    Raises:
        UserError: it has none.
    """
    if not isinstance(model, LatentModel):
        raise _wrong(model, "a model with an encoder and a decoder")
    return model


def generative_model(model: Trainable) -> GenerativeModel:
    """``model``, known to generate images.

    Raises:
        UserError: it does not.
    """
    if not isinstance(model, GenerativeModel):
        raise _wrong(model, "a model that generates images")
    return model


def _wrong(model: Trainable, expected: str) -> UserError:
    return UserError("model", got=type(model).__name__, expected=expected, hint="Choose another variant.")
