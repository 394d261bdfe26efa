"""The matrix products of a training step alone: no loop over dense layers can be faster in the same precision."""

from collections.abc import Sequence

import torch
from torch import nn

from benchmarks.contest import Work
from nvae.models.cgan import CGan


def network(model: nn.Module, *, batch_size: int, images: int) -> Work:
    """Of a model that is trained as a whole."""
    return _products(_dense(model), batch_size=batch_size, images=images)


def cgan(model: CGan, *, batch_size: int, images: int) -> Work:
    """Of both players' steps, the least that there are: neither the penalty's nor those of images for one step alone.

    The discriminator's step passes real and generated images; the generator's passes both nets, forward and backward.
    """
    parts = [
        _products(_dense(model.discriminator), batch_size=2 * batch_size, images=2 * images),
        _products(_dense(model.generator), batch_size=batch_size, images=images),
        _products(_dense(model.discriminator), batch_size=batch_size, images=images, first=0, weights_learn=False),
    ]

    def work() -> int:
        for part in parts:
            part()
        return images

    return work


def _dense(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


def _products(
    layers: Sequence[nn.Linear], *, batch_size: int, images: int, first: int = 1, weights_learn: bool = True
) -> Work:
    """Forward, weight gradient and, but for the first layers, input gradient of every layer, for every batch.

    Args:
        layers: in the order in which the batch passes them.
        batch_size: rows of each product.
        images: of one turn.
        first: layers whose input needs no gradient.
        weights_learn: whether there are weight gradients.
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
                if weights_learn:
                    torch.mm(gradients[at].T, inputs[at], out=of_weights[at])
                if at >= first:
                    torch.mm(gradients[at], weights[at], out=of_inputs[at])
        return images

    return work
