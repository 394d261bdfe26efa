"""Device, number of threads and numerical precision of the computation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from nvae.errors import UserError

_MOST_THREADS = 1024  # more than any machine has cores


def open_device(name: str, *, threads: int) -> torch.device:
    """Return the device to compute on, and set the number of CPU threads.

    Args:
        name: Name of the device: ``cuda``, ``cpu``, or ``auto``, which selects a CUDA GPU if there is one.
        threads: Number of CPU threads.

    Raises:
        UserError: If ``cuda`` is requested and there is no GPU, or if ``threads`` is out of range.
    """
    if not 1 <= threads <= _MOST_THREADS:
        expected = f"1 to {_MOST_THREADS}"
        raise UserError("--threads", got=threads, expected=expected, hint="Omit the option to use one thread.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "execution.device",
            got="cuda, but PyTorch sees no CUDA GPU",
            expected="a machine with a CUDA GPU",
            hint="Set it to auto or cpu in params.yaml.",
        )
    torch.set_num_threads(threads)
    _fetch_constants_of_log1p()
    return torch.device(name)


def _fetch_constants_of_log1p() -> None:
    """Make log1p, and with it log-sigmoid and softplus, ten times faster on processors with AVX-512.

    On these processors, PyTorch's log1p obtains its result for −0 by a masked load of a constant. No likelihood ever
    computes log1p(−0), so the memory page of the constant is never loaded, and every masked access to a page that is
    not in memory takes the processor's slow path. The access made here is not masked, and loads the page.
    """
    torch.log1p(torch.full((64,), -0.0))


def resolve_precision(name: Literal["fp32", "bf16", "auto"], device: torch.device) -> Literal["fp32", "bf16"]:
    """Return the precision of matrix products; ``auto`` selects bfloat16 where the hardware supports it natively.

    Args:
        name: Precision as in the configuration.
        device: Device that computes.
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
    """Treat denormal floating-point numbers as zero within the context, on a CPU.

    Adam's moments of weights that no longer change decay to denormal numbers, with which a processor is many times
    slower.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
