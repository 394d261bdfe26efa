"""The matrix products of a training step alone: no loop over dense layers can be faster in the same precision."""

from collections.abc import Sequence

import torch
from torch import nn

from benchmarks.contest import Work


def products(layers: Sequence[nn.Linear], *, batch_size: int, images: int, first: int = 1) -> Work:
    """Forward, weight gradient and, but for the first layers, input gradient of every layer, for every batch.

    Args:
        layers: in the order in which the batch passes them.
        batch_size: rows of each product.
        images: of one turn.
        first: layers whose input needs no gradient.
    """
    sizes = [(layer.in_features, layer.out_features) for layer in layers]
    inputs = [torch.randn(batch_size, wide) for wide, _ in sizes]
    weights = [torch.randn(out, wide) for wide, out in sizes]
    gradients = [torch.randn(batch_size, out) for _, out in sizes]
    outputs = [torch.empty(batch_size, out) for _, out in sizes]
    of_weights = [torch.empty_like(weight) for weight in weights]
    of_inputs = [torch.empty_like(x) for x in inputs]

    def work() -> int:
        for _ in range(-(-images // batch_size)):
            for x, weight, output in zip(inputs, weights, outputs, strict=True):
                torch.mm(x, weight.T, out=output)
            for at in reversed(range(len(sizes))):
                torch.mm(gradients[at].T, inputs[at], out=of_weights[at])
                if at >= first:
                    torch.mm(gradients[at], weights[at], out=of_inputs[at])
        return images

    return work
