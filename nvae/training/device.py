"""Where to compute."""

import torch

from nvae.errors import UserError


def resolve_device(name: str) -> torch.device:
    """``auto`` takes a CUDA GPU if there is one; ``cuda`` insists on it.

    Raises:
        UserError: ``cuda`` was asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "execution.device",
            got="cuda, but PyTorch sees no CUDA GPU",
            expected="a machine with one",
            mend="Set it to auto or cpu in params.yaml.",
        )
    return torch.device(name)
