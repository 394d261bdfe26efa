"""Encoder and decoder networks, shared by all models: a difference in a table is the latent structure's.

``mlp``: dense layers with ReLU. ``conv``: convolutions of kernel 4, stride 2, padding 1, one dense
layer, leaky ReLU of slope 0.2; the decoder mirrors it. Sizes come from the configuration.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

LEAKY_SLOPE = 0.2
#: Heads of a posterior or of labels start small: q(z | x) near the prior, labels near uniform.
HEAD_GAIN = 0.1
_MAX_LOG_VAR = 10.0
_KERNEL, _STRIDE, _PADDING = 4, 2, 1


@dataclass(frozen=True)
class Backbone:
    """Sizes of an encoder and of the decoder that mirrors it.

    Args:
        kind: ``mlp`` or ``conv``.
        hidden: units of the dense layers, encoder order (``conv`` uses the first).
        channels: of the convolutions, encoder order.
    """

    kind: Literal["mlp", "conv"]
    hidden: tuple[int, ...]
    channels: tuple[int, ...]


class Encoder(nn.Module):
    """Images, and conditions on them, to features.

    Args:
        image_shape: (height, width).
        backbone: its sizes.
        n_conditions: length of a vector that joins the image in the first dense layer (a one-hot label); 0: none.

    Attributes:
        n_features: length of the feature vector.
    """

    def __init__(self, image_shape: tuple[int, int], backbone: Backbone, *, n_conditions: int = 0) -> None:
        super().__init__()
        height, width = image_shape
        hidden, channels = backbone.hidden, backbone.channels
        convolutions: list[nn.Module] = []
        if backbone.kind == "mlp":
            dense = _dense((height * width + n_conditions, *hidden))
            self.n_features = hidden[-1]
        else:
            convolutions = [nn.Unflatten(1, (1, height))]
            for previous, current in pairwise((1, *channels)):
                convolutions += [nn.Conv2d(previous, current, _KERNEL, _STRIDE, _PADDING), nn.LeakyReLU(LEAKY_SLOPE)]
            height, width = _shapes(image_shape, len(channels))[-1]
            n_inputs = channels[-1] * height * width + n_conditions
            dense = [nn.Linear(n_inputs, hidden[0]), nn.LeakyReLU(LEAKY_SLOPE)]
            self.n_features = hidden[0]
        self.convolutions = nn.Sequential(*convolutions, nn.Flatten())
        self.dense = nn.Sequential(*dense)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """(batch, height, width) and, if there are any, (batch, n_conditions) → (batch, n_features)."""
        flat: Tensor = self.convolutions(x)
        features: Tensor = self.dense(flat if condition is None else torch.cat([flat, condition], dim=1))
        return features


class Decoder(nn.Module):
    """Latents to the likelihood's pre-activation, one value a pixel.

    Args:
        n_inputs: length of the decoder's input, z_d.
        image_shape: (height, width).
        backbone: the encoder's sizes; mirrored.
    """

    def __init__(self, n_inputs: int, image_shape: tuple[int, int], backbone: Backbone) -> None:
        super().__init__()
        height, width = image_shape
        hidden, channels = backbone.hidden, backbone.channels
        if backbone.kind == "mlp":
            mirrored = tuple(reversed(hidden))
            self.layers = nn.Sequential(*_dense((n_inputs, *mirrored)), nn.Linear(mirrored[-1], height * width))
            return
        shapes = _shapes(image_shape, len(channels))
        height, width = shapes[-1]
        layers: list[nn.Module] = [
            nn.Linear(n_inputs, hidden[0]),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Linear(hidden[0], channels[-1] * height * width),
            nn.LeakyReLU(LEAKY_SLOPE),
            nn.Unflatten(1, (channels[-1], height, width)),
        ]
        for level in range(len(channels) - 1, -1, -1):
            target = channels[level - 1] if level else 1
            # An odd size loses a pixel on the way down; the output padding gives it back.
            (high, wide), (low, narrow) = shapes[level], shapes[level + 1]
            padding = (high - _STRIDE * low, wide - _STRIDE * narrow)
            layers.append(nn.ConvTranspose2d(channels[level], target, _KERNEL, _STRIDE, _PADDING, padding))
            layers.append(nn.LeakyReLU(LEAKY_SLOPE) if level else nn.Flatten())
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """(batch, n_inputs) → (batch, height · width)."""
        output: Tensor = self.layers(z).to(z.dtype)
        return output


class Head(nn.Linear):
    """A last layer, whose output has the weights' precision, whatever its product was computed in."""

    def forward(self, features: Tensor) -> Tensor:
        """(batch, in_features) → (batch, out_features)."""
        return super().forward(features).to(self.weight.dtype)


class PosteriorHead(Head):
    """Features to the mean and the log-variance of q(z | x).

    Args:
        n_features: length of the feature vector.
        n_latents: of the latent vector.
    """

    def __init__(self, n_features: int, n_latents: int) -> None:
        super().__init__(n_features, 2 * n_latents)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """(batch, n_features) → two of (batch, n_latents): mu, log_var."""
        mu, log_var = super().forward(features).chunk(2, dim=1)
        return mu, log_var.clamp(-_MAX_LOG_VAR, _MAX_LOG_VAR)


def kaiming_initialise(module: nn.Module, *, generator: torch.Generator) -> None:
    """Kaiming-normal weights for the rectifier that follows, zero biases; a posterior head's are scaled down.

    PyTorch's default initialisation leaves a VAE far behind after the same number of steps.

    Args:
        module: every Linear, Conv2d and ConvTranspose2d in it is set.
        generator: the source of the weights, on the CPU, so that a GPU starts from the same ones.

    Source: He et al. 2015, eq. 10.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            # A transposed convolution of stride 2 sums a quarter of its kernel into each output pixel.
            fan_in = layer.weight[0].numel()
            if isinstance(layer, nn.ConvTranspose2d):
                fan_in = layer.weight.shape[0] * layer.weight[0, 0].numel() // _STRIDE**2
            values = torch.randn(layer.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            with torch.no_grad():
                layer.weight.copy_(values)
                if isinstance(layer, PosteriorHead):
                    layer.weight.mul_(HEAD_GAIN)
                if layer.bias is not None:
                    layer.bias.zero_()


def _dense(sizes: tuple[int, ...]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for previous, current in pairwise(sizes):
        layers += [nn.Linear(previous, current), nn.ReLU()]
    return layers


def _shapes(image_shape: tuple[int, int], levels: int) -> list[tuple[int, int]]:
    """The spatial shape before and after each convolution."""
    shapes = [image_shape]
    for _ in range(levels):
        height, width = shapes[-1]
        shapes.append((height // _STRIDE, width // _STRIDE))
    return shapes
