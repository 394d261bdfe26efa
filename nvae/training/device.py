"""Where to compute, and how exactly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from nvae.errors import UserError


def open_device(name: str, *, threads: int) -> torch.device:
    """Where to compute, with so many threads.

    Args:
        name: ``auto`` takes a CUDA GPU if there is one; ``cuda`` insists on it; or ``cpu``.
        threads: of the CPU.

    Raises:
        UserError: ``cuda`` was asked for and there is none, or no threads.
    """
    if threads < 1:
        raise UserError("--threads", got=threads, expected="1 or more", hint="Leave it out for one.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "execution.device",
            got="cuda, but PyTorch sees no CUDA GPU",
            expected="a machine with one",
            hint="Set it to auto or cpu in params.yaml.",
        )
    torch.set_num_threads(threads)
    _fetch_constants_of_log1p()
    return torch.device(name)


def _fetch_constants_of_log1p() -> None:
    """Make log1p, and with it log-sigmoid and softplus, ten times faster on processors with AVX-512.

    There its result for −0 is a masked load of a constant. No likelihood ever asks for log1p(−0), so the constant's
    page stays out of memory, and every masked access to a page that is not there takes the processor's slow path. This
    one is not masked, and fetches the page.
    """
    torch.log1p(torch.full((64,), -0.0))


def resolve_precision(name: Literal["fp32", "bf16", "auto"], device: torch.device) -> Literal["fp32", "bf16"]:
    """What matrix products are computed in: ``auto`` takes bfloat16 where the hardware multiplies it natively.

    Args:
        name: as in the configuration.
        device: where to compute.
    """
    if name != "auto":
        return name
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return "bf16" if native else "fp32"


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Within it, numbers below the normal range of floating point count as zero, on a CPU.

    Adam's moments of weights that no longer move sink into that range, where a processor is many times slower.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
