"""Models made by hand, whose answer is known."""

import torch
from torch import Tensor

from nvae.models.protocol import GenerativeModel, LatentModel, LossTerms, OptimizerStep


class Columns(GenerativeModel):
    """Draws the column of ``shown(y)``, as bright as a latent says, on a little noise: images like ``small_set``'s.

    Args:
        shown: for each class, the class that is drawn.
        spread: how far the level goes up and down with the latent; 0: all images of a class are the same.
    """

    def __init__(self, shown: tuple[int, ...] = (0, 1, 2), *, spread: float = 1.0) -> None:
        super().__init__()
        self.shown = torch.tensor(shown)
        self.spread = spread

    def initialise(self, *, generator: torch.Generator) -> None:
        del generator

    def optimizer_steps(self) -> tuple[OptimizerStep, ...]:
        return ()

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        z = sigma * torch.randn((len(y), 57), generator=generator)
        images = 30 + self.spread * (30 * z[:, 1:].tanh()).reshape(-1, 8, 7)
        level = 200 + self.spread * 40 * z[:, 0].tanh()
        images[torch.arange(len(y)), :, 2 * self.shown[y]] = level[:, None]
        return images.clamp(0, 255) / 255


class Untrained(LatentModel):
    """What a model whose posterior is made by hand is never asked: an analysis that trains or samples it is wrong."""

    def initialise(self, *, generator: torch.Generator) -> None:
        raise AssertionError("nothing trains this model")

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        raise AssertionError("nothing trains this model")

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        raise AssertionError("nothing samples this model")

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        raise AssertionError("nothing decodes with this model")
