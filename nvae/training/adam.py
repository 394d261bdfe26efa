"""Adam with less overhead per step than PyTorch's own."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_BETA2 = 0.999
#: The newest version of PyTorch, major and minor, with which the direct call of the kernel was tested. The kernel has
#: no public name: with a newer version, or without the kernel, PyTorch's own step is taken.
_TESTED_UP_TO = (2, 14)


def has_kernel() -> bool:
    """Whether the kernel of the fused step can be called directly."""
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    return version <= _TESTED_UP_TO and hasattr(torch, "_fused_adam_")


class Adam(torch.optim.Adam):
    """PyTorch's Adam with a faster step.

    The step of PyTorch inspects weights, hooks and options anew each time, which takes a twentieth of the training step
    of a small network. `update` calls the same kernel on the same tensors, so weights and moments are identical, bit
    for bit. Where the kernel cannot be called directly, `update` takes PyTorch's own step.

    Args:
        weights: Weights of one player.
        beta1: Decay rate of the first moment.

    Source: Kingma & Ba 2015, algorithm 1.
    """

    def __init__(self, weights: Iterable[torch.nn.Parameter], *, beta1: float) -> None:
        super().__init__(weights, betas=(beta1, _BETA2), fused=True)
        self._kept: tuple[list[Tensor], ...] = ()

    def update(self, learning_rate: float) -> None:
        """Take one step along the current gradients of the weights."""
        (group,) = self.param_groups
        group["lr"] = learning_rate
        weights = group["params"]
        gradients = [weight.grad for weight in weights]
        if not self._kept or any(gradient is None for gradient in gradients):
            self.step()
            if has_kernel() and len(self.state) == len(weights):
                names = ("exp_avg", "exp_avg_sq", "step")
                self._kept = tuple([self.state[weight][name] for weight in weights] for name in names)
            return
        means, squares, steps = self._kept
        beta1, beta2 = group["betas"]
        with torch.no_grad():
            torch._foreach_add_(steps, 1)
            torch._fused_adam_(
                weights,
                gradients,
                means,
                squares,
                [],
                steps,
                lr=learning_rate,
                beta1=beta1,
                beta2=beta2,
                weight_decay=0.0,
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
            )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore moments and settings from a state dictionary."""
        self._kept = ()
        super().load_state_dict(state_dict)
