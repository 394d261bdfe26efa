"""Models constructed by hand, whose results are known."""

import torch
from torch import Tensor

from nvae.models.protocol import GenerativeModel, LatentModel, LossTerms, OptimizerStep


class Columns(GenerativeModel):
    """Generator that draws the column of ``shown(y)`` on weak noise, as in ``small_set``; a latent sets its brightness.

    Args:
        shown: Class that is drawn, for each class.
        spread: Scale of the variation of the level with the latent; with 0, all images of a class are identical.
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
    """Base of models whose posterior is constructed by hand; an analysis that trains or samples them is wrong."""

    def initialise(self, *, generator: torch.Generator) -> None:
        raise AssertionError("nothing trains this model")

    def loss(self, x: Tensor, y: Tensor, *, generator: torch.Generator, kl_weight: float = 1.0) -> LossTerms:
        raise AssertionError("nothing trains this model")

    def sample(self, y: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
        raise AssertionError("nothing samples this model")

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        raise AssertionError("nothing decodes with this model")
