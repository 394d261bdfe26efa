"""The benchmark: contestants take turns, ratios are computed per round, and the usual loop learns."""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import contest, floor, ours, quality, scaling, usual
from nvae import config
from nvae.models import build
from nvae.models.cgan import CGan
from nvae.models.classifier import Classifier
from nvae.models.n_vae import NVae
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training.device import open_device

PARAMS = config.load(Path(__file__).parents[2] / "params.yaml", profile="smoke")
SHAPE = (28, 28)
CLASSES = 3


def _model(name: str) -> Trainable:
    model = build(name, PARAMS.model_params("glyphs", name), n_classes=CLASSES, image_shape=SHAPE)
    model.initialise(generator=torch_generator(0, "weights"))
    return model


def _images() -> tuple[torch.Tensor, torch.Tensor]:
    """Return images that are constant per class, which a model can learn in a few steps, and their labels."""
    labels = torch.arange(60) % CLASSES
    return (labels * 100).to(torch.uint8)[:, None, None].expand(-1, *SHAPE).contiguous(), labels


def test_contestants_take_turns_and_the_first_round_is_discarded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = tmp_path / "turns"
    clock = {"now": 0.0}
    monkeypatch.setattr("time.process_time", lambda: clock["now"])

    def work(name: str, seconds: float) -> contest.Work:
        def done() -> int:
            with record.open("a", encoding="utf-8") as turns:
                turns.write(f"{name} {os.getpid()}\n")
            clock["now"] += seconds
            return 10

        return done

    one = contest.Contest("step", {"ours": work("ours", 1.0), "other": work("other", 2.0)}, {"other": 1.5})
    measured = contest.rates(one, rounds=2)
    turns = [line.split() for line in record.read_text(encoding="utf-8").splitlines()]
    assert [name for name, _ in turns] == ["ours", "other"] * 3
    # Each contestant has a process of its own, so that it cannot use what another one has set up.
    assert len({(name, process) for name, process in turns}) == len({process for _, process in turns} - {os.getpid()})
    assert clock["now"] == 0
    assert measured["round"].tolist() == [1, 1, 2, 2]
    assert measured["images_per_cpu_s"].tolist() == pytest.approx([10, 5, 10, 5])


def test_a_contestant_that_fails_ends_the_contest() -> None:
    def fails() -> int:
        raise RuntimeError("no images")

    with pytest.raises(EOFError):
        contest.rates(contest.Contest("step", {"ours": int, "other": fails}, {}), rounds=1)


def test_our_contestant_is_set_up_like_training(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(ours, "IMAGES", 8)
    monkeypatch.setattr(
        ours, "open_device", lambda name, *, threads: opened.append(name) or open_device(name, threads=threads)
    )
    assert ours.epoch("classifier", precision="fp32", sizes={"hidden": [4]})() == 8
    assert opened == ["cpu"]


def test_ratios_are_computed_within_each_round() -> None:
    one = contest.Contest("step", {"ours": int, "other": int}, {"other": 1.5})
    rows = [
        ("step", name, number, rate)
        for number, pair in enumerate([(10.0, 5.0), (40.0, 10.0), (9.0, 9.0)], start=1)
        for name, rate in zip(("ours", "other"), pair, strict=True)
    ]
    measured = pd.DataFrame(rows, columns=["contest", "contestant", "round", "images_per_cpu_s"])
    (row,) = contest.ratios(measured, one).to_dict("records")
    assert (row["ratio"], row["lowest"], row["highest"]) == (2.0, 1.0, 4.0)
    assert (row["against"], row["goal"], row["rounds"], row["ours_per_s"]) == ("other", 1.5, 3, 10.0)


def test_a_record_keeps_the_measurements_of_other_machines(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    for cpu, cores, ratio in [("one", "2", 1.0), ("other", "2", 2.0), ("one", "8", 3.0), ("one", "2", 4.0)]:
        table = pd.DataFrame({"contest": ["step"], "ratio": [ratio]})
        contest.beside_other_machines(table, {"cpu": cpu, "cores": cores}, path).to_csv(path, index=False)
    found = pd.read_csv(path)
    assert list(zip(found["cpu"], found["cores"], found["ratio"], strict=True)) == [
        ("one", 2, 4.0),
        ("one", 8, 3.0),
        ("other", 2, 2.0),
    ]


def _operations(work: Callable[[], object]) -> int:
    """Return the number of operations in matrix products, as PyTorch counts them."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def test_the_floor_has_the_matrix_products_of_an_optimizer_step() -> None:
    images, labels = _images()
    model = _model("classifier")
    (turn,) = model.optimizer_steps()
    noise = torch.Generator()

    def step() -> None:
        turn.loss(images.float(), labels, generator=noise).objective.sum().backward()  # type: ignore[no-untyped-call]

    n = len(images)
    work = floor.network(model, batch_size=n, images=n)
    assert work() == n
    assert _operations(work) == _operations(step)


def test_the_floor_of_a_cgan_has_the_matrix_products_of_both_players() -> None:
    model = _model("cgan")
    assert isinstance(model, CGan)
    # Multiplications per image and layer.
    discriminator, generator = (
        [layer.weight.numel() for layer in player.modules() if isinstance(layer, nn.Linear)]
        for player in (model.discriminator, model.generator)
    )
    # Discriminator: forward pass, and gradients of weights and (except in the first layer) of inputs, for a real and a
    # generated image. Generator: the same once, with the discriminator's forward pass and gradients of inputs.
    products = 2 * (3 * sum(discriminator) - discriminator[0])
    products += (3 * sum(generator) - generator[0]) + 2 * sum(discriminator)
    work = floor.cgan(model, batch_size=10, images=20)
    assert work() == 20
    assert _operations(work) == 2 * 20 * products


def _vae_step() -> usual.Step:
    model = _model("n_vae")
    assert isinstance(model, NVae)
    return usual.vae_step(model)


def _classifier_step() -> usual.Step:
    model = _model("classifier")
    assert isinstance(model, Classifier)
    return usual.classifier_step(model)


@pytest.mark.parametrize("make", [_vae_step, _classifier_step])
def test_the_usual_loop_learns(make: Callable[[], usual.Step]) -> None:
    images, labels = _images()
    losses: list[float] = []
    step = make()

    def recorded(x: torch.Tensor, y: torch.Tensor) -> float:
        losses.append(step(x, y))
        return losses[-1]

    work = usual.epochs_of(recorded, images, labels, batch_size=20)
    assert work() == len(images)
    for _ in range(80):
        work()
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_the_usual_step_updates_both_players() -> None:
    model = _model("cgan")
    assert isinstance(model, CGan)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images, labels = _images()
    usual.epochs_of(usual.cgan_step(model), images, labels, batch_size=20)()
    updated = {name.split(".")[0] for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert updated == {"generator", "discriminator"}


def test_stacked_runs_are_counted_individually(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "IMAGES", 256)
    for stacked in (False, True):
        assert ours.epoch("classifier", precision="fp32", runs=2, stacked=stacked)() == 512


def test_exponents_are_computed_separately() -> None:
    rows = {"grows": ["a", "b", "a", "b"], "size": [1, 2, 10, 4], "median_s": [1.0, 3.0, 10.0, 12.0]}
    found = scaling.exponents(pd.DataFrame(rows))["exponent"].tolist()
    assert found[2:] == pytest.approx([1.0, 2.0])
    assert all(pd.isna(value) for value in found[:2])


def test_settings_are_sorted_by_seeds_that_reach_the_target_and_then_by_speed(tmp_path: Path) -> None:
    common = {"who": "ours", "batch_size": 128, "epochs": 10, "best_nats": 1.0}
    rows = [
        {**common, "learning_rate": rate, "seed": seed, "seconds": seconds, "ratio": seconds and 60 / seconds}
        for rate, found in ((0.001, (20.0, 30.0)), (0.002, (5.0, None)), (0.004, (12.0, 10.0)))
        for seed, seconds in enumerate(found)
    ]
    table = quality.summary(pd.DataFrame(rows))
    assert table["learning_rate"].tolist() == [0.004, 0.001, 0.002]
    assert table["reached"].tolist() == [2, 2, 1]
    assert table["ratio"].tolist() == pytest.approx([5.5, 2.5, 12.0])
    assert (table["lowest"][0], table["highest"][0]) != (0, 0)
