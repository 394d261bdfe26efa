"""Time to quality: CPU seconds until the validation bound reaches the best bound of the usual loop."""

import contextlib
import io
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from benchmarks import usual
from nvae import config
from nvae.data.prepared import PreparedSet
from nvae.models import build
from nvae.models.n_vae import NVae
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit, mean_terms

CPU = torch.device("cpu")
DATASET = "glyphs"
#: Number of epochs of the usual loop, as in profile paper.
USUAL_EPOCHS = 60
#: Settings of our loop: peak learning rate, images per batch, epochs. All use the cosine schedule.
GRID = tuple(itertools.product((0.002, 0.004), (64, 128), (20, 30, 40)))
PRECISION = "auto"


@dataclass(frozen=True)
class Point:
    """Evaluation on the validation set.

    Args:
        seconds: CPU seconds since the start of training, including evaluations.
        bound: Negative bound in nats; lower is better.
    """

    seconds: float
    bound: float


def race(prepared: Path, *, seeds: int) -> pd.DataFrame:
    """Train the usual loop, then ours with every setting; the target for a seed is the usual loop's best bound.

    Args:
        prepared: Prepared set of the built-in glyphs.
        seeds: Number of seeds.

    Returns:
        One row per setting and seed, with columns who, learning_rate, batch_size, epochs, seed, target_nats, best_nats,
        seconds (to the target; none if it was not reached) and ratio (the usual loop's seconds to its best bound, over
        these).
    """
    data = PreparedSet.load(prepared)
    rows = []
    for seed in range(seeds):
        theirs = _usual(data, seed)
        best = min(theirs, key=lambda point: point.bound)
        common = {"seed": seed, "target_nats": best.bound}
        rows.append(
            {"who": "usual loop", "learning_rate": 0.001, "batch_size": 128, "epochs": USUAL_EPOCHS, **common}
            | {"best_nats": best.bound, "seconds": best.seconds, "ratio": 1.0}
        )
        for learning_rate, batch_size, epochs in GRID:
            points = _ours(data, seed, learning_rate=learning_rate, batch_size=batch_size, epochs=epochs)
            seconds = next((point.seconds for point in points if point.bound <= best.bound), None)
            rows.append(
                {"who": "ours", "learning_rate": learning_rate, "batch_size": batch_size, "epochs": epochs, **common}
                | {"best_nats": min(point.bound for point in points), "seconds": seconds}
                | {"ratio": best.seconds / seconds if seconds else None}
            )
    return pd.DataFrame(rows).round(3)


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Summarise over seeds: how many reached the target, and median and range of seconds and ratio; fastest first."""
    keys = ["who", "learning_rate", "batch_size", "epochs"]
    table = runs.groupby(keys, as_index=False).agg(
        seeds=("seed", "size"),
        reached=("seconds", "count"),
        best_nats=("best_nats", "median"),
        seconds=("seconds", "median"),
        ratio=("ratio", "median"),
        lowest=("ratio", "min"),
        highest=("ratio", "max"),
    )
    order = table.assign(missed=table["seeds"] - table["reached"]).sort_values(["missed", "seconds"])
    return order.drop(columns="missed").round(3)


def _model(data: PreparedSet) -> NVae:
    loaded = config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")
    params = loaded.model_params(DATASET, "n_vae")
    model = build("n_vae", params, n_classes=data.n_classes, image_shape=data.image_shape)
    assert isinstance(model, NVae)
    return model


def _ours(data: PreparedSet, seed: int, *, learning_rate: float, batch_size: int, epochs: int) -> list[Point]:
    loaded = config.load(Path(__file__).parents[1] / "params.yaml", profile="paper")
    changes = {"learning_rate": learning_rate, "batch_size": batch_size, "epochs": epochs, "precision": PRECISION}
    protocol = loaded.training_params(DATASET, "n_vae", changes)
    start, seconds = time.process_time(), []

    def time_epoch(model: Trainable, epoch: int) -> dict[str, float]:
        seconds.append(time.process_time() - start)
        return {}

    source = Shuffled(Resident.of(data.train, CPU), batch_size, seed)
    validation = Resident.of(data.validation, CPU)
    with contextlib.redirect_stderr(io.StringIO()):
        done = fit(_model(data), source, validation, protocol, seed=seed, device=CPU, title="race", callback=time_epoch)
    bounds = [float(row["negative_bound"]) for row in done.history if row["split"] == "validation"]
    return [Point(*pair) for pair in zip(seconds, bounds, strict=True)]


def _usual(data: PreparedSet, seed: int) -> list[Point]:
    model = _model(data)
    model.initialise(generator=torch_generator(seed, "weights"))
    train, validation = Resident.of(data.train, CPU), Resident.of(data.validation, CPU)
    work = usual.epochs_of(usual.vae_step(model), train.images, train.labels, batch_size=128)
    start, points = time.process_time(), []
    for epoch in range(1, USUAL_EPOCHS + 1):
        model.train()
        work()
        generator = torch_generator(seed, "validation", epoch)
        bound = mean_terms(model, validation, generator=generator)["negative_bound"]
        points.append(Point(time.process_time() - start, bound))
    return points
