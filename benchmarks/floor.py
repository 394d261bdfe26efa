"""Matrix products of a training step alone, a lower bound on the time of dense layers in the same precision."""

from collections.abc import Sequence

import torch
from torch import nn

from benchmarks.contest import Work
from nvae.models.cgan import CGan


def network(model: nn.Module, *, batch_size: int, images: int) -> Work:
    """Return the products of a model that is trained as a whole."""
    return _products(_dense(model), batch_size=batch_size, images=images)


def cgan(model: CGan, *, batch_size: int, images: int) -> Work:
    """Return the fewest products of both players' steps: none of the penalty, and none of images for only one step.

    The discriminator's step passes real and generated images; the generator's step passes both networks, forward and
    backward.
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
    """Return, per batch, the forward, weight-gradient and input-gradient products of every layer.

    Args:
        layers: Layers in the order in which the batch passes them.
        batch_size: Number of rows of each product.
        images: Number of images per turn.
        first: Number of first layers whose input needs no gradient.
        weights_learn: Whether weight gradients are computed.
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
