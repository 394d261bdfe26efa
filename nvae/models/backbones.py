"""Encoder and decoder networks, shared by all models, so that results differ by the latent structure alone.

``mlp``: dense layers with ReLU. ``conv``: convolutions with kernel 4, stride 2 and padding 1, one dense layer, and
leaky ReLU with slope 0.2; the decoder mirrors the encoder. The configuration sets the sizes.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

LEAKY_SLOPE = 0.2
#: Initial scale of posterior and label heads: q(z | x) starts near the prior, the labels start near uniform.
HEAD_GAIN = 0.1
_MAX_LOG_VAR = 10.0
_KERNEL, _STRIDE, _PADDING = 4, 2, 1


@dataclass(frozen=True)
class Backbone:
    """Sizes of an encoder and of the decoder that mirrors it.

    Args:
        kind: Architecture, ``mlp`` or ``conv``.
        hidden: Units of the dense layers in encoder order; ``conv`` uses only the first.
        channels: Channels of the convolutions in encoder order.
    """

    kind: Literal["mlp", "conv"]
    hidden: tuple[int, ...]
    channels: tuple[int, ...]


class Encoder(nn.Module):
    """Network from images, and optional conditions, to features.

    Args:
        image_shape: Height and width of the images in pixels.
        backbone: Sizes of the network.
        n_conditions: Length of a vector (a one-hot label) that is concatenated to the input of the first dense layer;
            0 for none.

    Attributes:
        n_features: Length of the feature vector.
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
        """Return features (batch, n_features) of images (batch, height, width) and (batch, n_conditions) conditions."""
        flat: Tensor = self.convolutions(x)
        features: Tensor = self.dense(flat if condition is None else torch.cat([flat, condition], dim=1))
        return features


class Decoder(nn.Module):
    """Network from latents to the likelihood's pre-activation, one value per pixel.

    Args:
        n_inputs: Length of the decoder's input, z_d.
        image_shape: Height and width of the images in pixels.
        backbone: Sizes of the encoder, which the decoder mirrors.
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
            # The encoder rounds half of an odd size down; the output padding restores the lost pixel.
            (high, wide), (low, narrow) = shapes[level], shapes[level + 1]
            padding = (high - _STRIDE * low, wide - _STRIDE * narrow)
            layers.append(nn.ConvTranspose2d(channels[level], target, _KERNEL, _STRIDE, _PADDING, padding))
            layers.append(nn.LeakyReLU(LEAKY_SLOPE) if level else nn.Flatten())
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Return pre-activations (batch, height · width) of inputs (batch, n_inputs)."""
        output: Tensor = self.layers(z).to(z.dtype)
        return output


class Head(nn.Linear):
    """Last layer, whose output has the precision of its weights, also under autocast."""

    def forward(self, features: Tensor) -> Tensor:
        """Return outputs (batch, out_features) of features (batch, in_features)."""
        return super().forward(features).to(self.weight.dtype)


class PosteriorHead(Head):
    """Layer from features to the mean and the log-variance of q(z | x).

    Args:
        n_features: Length of the feature vector.
        n_latents: Length of the latent vector.
    """

    def __init__(self, n_features: int, n_latents: int) -> None:
        super().__init__(n_features, 2 * n_latents)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return mu and log_var, (batch, n_latents) each, of features (batch, n_features)."""
        mu, log_var = super().forward(features).chunk(2, dim=1)
        return mu, log_var.clamp(-_MAX_LOG_VAR, _MAX_LOG_VAR)


def kaiming_initialise(module: nn.Module, *, generator: torch.Generator) -> None:
    """Set Kaiming-normal weights for a following rectifier, smaller ones in posterior heads, and zero biases.

    With PyTorch's default initialisation, a VAE is far behind after the same number of steps.

    Args:
        module: Module in which every Linear, Conv2d and ConvTranspose2d layer is set.
        generator: Random generator of the weights, on the CPU, so that a GPU starts from the same weights.

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
    """Return the spatial shape before the first and after each convolution."""
    shapes = [image_shape]
    for _ in range(levels):
        height, width = shapes[-1]
        shapes.append((height // _STRIDE, width // _STRIDE))
    return shapes
