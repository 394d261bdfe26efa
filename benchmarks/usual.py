"""The usual loop of public repositories.

It reads a `DataLoader` over float tensors, steps a plain `torch.optim.Adam` and reads the loss back at every step. With
two players, it passes real and generated images separately, and the generator's step computes unused gradients of the
discriminator. Its networks, losses and data are ours.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.contest import Work
from nvae.models.cgan import CGan
from nvae.models.classifier import Classifier
from nvae.models.protocol import LatentModel

#: Function from images and labels of a batch to its loss.
Step = Callable[[Tensor, Tensor], float]


def epochs_of(step: Step, images: Tensor, labels: Tensor, *, batch_size: int) -> Work:
    """Return an epoch of the usual loop."""
    loader = DataLoader(TensorDataset(images.float() / 255, labels), batch_size=batch_size, shuffle=True)

    def work() -> int:
        total = 0.0
        for x, y in loader:
            total += step(x, y)
        return len(images)

    return work


def vae_step(model: LatentModel) -> Step:
    """Return the usual step with the model's own loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    noise = torch.Generator().manual_seed(0)

    def step(x: Tensor, y: Tensor) -> float:
        optimizer.zero_grad()
        loss = model.loss(x, y, generator=noise).objective.mean()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.item()

    return step


def classifier_step(model: Classifier) -> Step:
    """Return the usual step of a classifier."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(x: Tensor, y: Tensor) -> float:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model.logits(x), y, label_smoothing=model.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return loss.item()

    return step


def cgan_step(model: CGan) -> Step:
    """Return the usual step of both players.

    The generator comes first, real and generated images are passed separately, and the penalty is another pass.
    """
    players: tuple[nn.Module, nn.Module] = (model.generator, model.discriminator)
    for_generator, for_discriminator = (torch.optim.Adam(player.parameters(), lr=1e-3) for player in players)
    noise = torch.Generator().manual_seed(0)
    bce = nn.BCEWithLogitsLoss()

    def step(x: Tensor, y: Tensor) -> float:
        real, fake = torch.ones(len(x)), torch.zeros(len(x))
        for_generator.zero_grad()
        made = model.sample(y, sigma=1.0, generator=noise)
        generator_loss = bce(model.discriminator(made, y), real)
        generator_loss.backward()
        for_generator.step()
        for_discriminator.zero_grad()
        loss = bce(model.discriminator(x, y), real) + bce(model.discriminator(made.detach(), y), fake)
        if model.gradient_penalty:
            penalty = model.penalty(x, lambda some: model.discriminator(some, y[: len(some)]))
            loss = loss + model.gradient_penalty * penalty.mean()
        loss.backward()
        for_discriminator.step()
        return float(loss.item() + generator_loss.item())

    return step
