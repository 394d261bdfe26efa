"""Training loop: it learns, resumes bit for bit, and refuses invalid input."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from nvae.config import TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.models import MODELS, build
from nvae.models.protocol import Trainable
from nvae.rng import torch_generator
from nvae.training import adam
from nvae.training.adam import Adam
from nvae.training.batches import Resident, Shuffled
from nvae.training.checkpoint import Checkpointing, TrainState, changed_keys
from nvae.training.device import denormals_as_zero, open_device, resolve_precision
from nvae.training.loop import EpochCallback, fit, mean_terms
from nvae.training.saved import ModelDescription, load_model, save_model
from tests.conftest import small_params

PARAMS = small_params("n_vae", hidden=(32,))
PROTOCOL = TrainingParams(
    epochs=6,
    batch_size=16,
    learning_rate=0.005,
    learning_rate_schedule="cosine",
    adam_beta1=0.9,
    kl_warmup_epochs=2,
    precision="fp32",
)


def train(
    data: PreparedSet,
    checkpoint: Path,
    *,
    protocol: TrainingParams = PROTOCOL,
    config: dict[str, object] | None = None,
    seed: int = 0,
    name: str = "n_vae",
    callback: EpochCallback | None = None,
) -> tuple[Trainable, TrainState]:
    model = build(name, small_params(name, hidden=(32,)), n_classes=data.n_classes, image_shape=data.image_shape)
    device = torch.device("cpu")
    state = fit(
        model,
        Shuffled(Resident.of(data.train, device), protocol.batch_size, seed),
        Resident.of(data.validation, device),
        protocol,
        seed=seed,
        device=device,
        title="test",
        checkpointing=Checkpointing(checkpoint, config or {}),
        callback=callback,
    )
    return model, state


def weights(model: Trainable) -> bytes:
    return b"".join(value.numpy().tobytes() for _, value in sorted(model.state_dict().items()))


def test_training_lowers_the_bound_and_learns_the_labels(small_set: PreparedSet, tmp_path: Path) -> None:
    protocol = PROTOCOL.model_copy(update={"epochs": 25})
    _, state = train(small_set, tmp_path / "c.safetensors", protocol=protocol)
    validation = [row for row in state.history if row["split"] == "validation"]
    assert validation[-1]["negative_bound"] < 0.9 * float(validation[0]["negative_bound"])
    assert validation[-1]["accuracy"] > 0.9
    assert [row["epoch"] for row in validation] == list(range(1, 26))


@pytest.mark.parametrize("name", MODELS)
def test_interrupted_run_ends_with_the_same_weights(
    name: str, small_set: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, uninterrupted = train(small_set, tmp_path / "whole.safetensors", name=name)
    checkpoint = tmp_path / "cut.safetensors"

    def stop(self: object, note: str) -> None:
        calls.append(note)
        if len(calls) == 3:
            raise KeyboardInterrupt

    calls: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr("nvae.training.progress.Progress.advance", stop)
        with pytest.raises(KeyboardInterrupt):
            train(small_set, checkpoint, name=name)
    assert checkpoint.is_file()
    resumed, state = train(small_set, checkpoint, name=name)
    assert weights(resumed) == weights(whole)
    assert state.history == uninterrupted.history


def test_only_the_seed_changes_a_run(small_set: PreparedSet, tmp_path: Path) -> None:
    first, again, other = (weights(train(small_set, tmp_path / "none", seed=seed)[0]) for seed in (0, 0, 1))
    assert first == again != other


def test_checkpoint_of_another_configuration_is_refused(
    small_set: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    train(small_set, checkpoint, config={"model": {"class_weight": 2.0}})
    before = checkpoint.read_bytes()
    with pytest.raises(UserError, match=r"model\.class_weight: 2\.0 → 4\.0"):
        train(small_set, checkpoint, config={"model": {"class_weight": 4.0}})
    assert checkpoint.read_bytes() == before


def test_damaged_checkpoint_is_ignored_with_a_warning(
    small_set: PreparedSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    whole, uninterrupted = train(small_set, checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    again, state = train(small_set, checkpoint)
    assert "a damaged checkpoint" in capsys.readouterr().err
    assert weights(again) == weights(whole)
    assert state.history == uninterrupted.history


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "changes",
    [
        {"config": DEEP},
        {"config": "[]"},
        {"history": DEEP},
        {"history": '[{"epoch": [1]}]'},
        {"throughput": "[1.0"},
        {"throughput": "[1e400, null]"},
        {"epoch": "9" * 5000},
        {"epoch": "1"},
        {"epoch": None},
        {"config": None, "history": None, "throughput": None, "epoch": None},
    ],
)
def test_damaged_json_in_a_checkpoint_is_ignored_with_a_warning(
    changes: dict[str, str | None], small_set: PreparedSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    whole, uninterrupted = train(small_set, checkpoint)
    with safe_open(checkpoint, framework="pt") as stream:
        header = {**stream.metadata(), **changes}
    kept = {key: value for key, value in header.items() if value is not None}
    save_file(load_file(checkpoint), checkpoint, metadata=kept or None)
    again, state = train(small_set, checkpoint)
    err = capsys.readouterr().err
    assert err.count("a damaged checkpoint is ignored (") == 1
    assert all(line.isprintable() for line in err.split("\n"))
    assert weights(again) == weights(whole)
    assert state.history == uninterrupted.history


def test_a_checkpoint_with_other_weights_is_refused(small_set: PreparedSet, tmp_path: Path) -> None:
    checkpoint = tmp_path / "c.safetensors"
    train(small_set, checkpoint)
    with safe_open(checkpoint, framework="pt") as stream:
        header = stream.metadata()
    save_file({"model.other": torch.zeros(2)}, checkpoint, metadata=header)
    with pytest.raises(UserError, match=r"got other weights than the model's .*expected a checkpoint of this model"):
        train(small_set, checkpoint)


def test_checkpoints_keep_the_minimum_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    written: list[int] = []
    monkeypatch.setattr(
        "nvae.training.checkpoint.save_checkpoint",
        lambda *args, state, **kwargs: written.append(state.epoch),
    )
    monkeypatch.setattr("nvae.training.checkpoint.time.monotonic", lambda: now[0])
    model = torch.nn.Linear(1, 1)
    checkpointing = Checkpointing(tmp_path / "c", {}, every_s=3.0)
    checkpointing.resume(model, {})
    for epoch in range(1, 9):
        now[0] += 1.4
        checkpointing.after_epoch(model, {}, TrainState(epoch, [], []))
    assert written == [3, 6]


@pytest.mark.parametrize("name", MODELS)
def test_precisions_agree_within_the_noise_of_seeds(name: str, small_set: PreparedSet, tmp_path: Path) -> None:
    """Weights, sums and optimizer stay float32 and only products are rounded, so a run ends as with another seed."""

    def final_objectives(precision: str) -> list[float]:
        protocol = PROTOCOL.model_copy(update={"epochs": 12, "precision": precision})
        found = []
        for seed in range(4):
            model, state = train(small_set, tmp_path / "none", protocol=protocol, seed=seed, name=name)
            assert all(value.dtype == torch.float32 for value in model.parameters())
            found.append(float(state.history[-1][model.optimizer_steps()[0].name]))
            (tmp_path / "none").unlink()
        return found

    exact, rounded = final_objectives("fp32"), final_objectives("bf16")
    assert exact != rounded
    spread = max(exact) - min(exact)
    assert abs(sum(exact) - sum(rounded)) / len(exact) < spread


def test_auto_selects_bfloat16_where_the_processor_supports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    for native, expected in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda native=native: native)
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
        assert resolve_precision("auto", cpu) == expected
        assert resolve_precision("fp32", cpu) == "fp32"


def test_denormals_count_as_zero_only_in_training() -> None:
    small = torch.tensor([1e-30])
    with denormals_as_zero():
        assert (small * 1e-10).item() == 0
    assert (small * 1e-10).item() > 0


def test_divergence_names_the_term(small_set: PreparedSet, tmp_path: Path) -> None:
    protocol = PROTOCOL.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(UserError, match=r"(nan|inf) on (train|validation) in epoch 1"):
        train(small_set, tmp_path / "c.safetensors", protocol=protocol)
    assert not (tmp_path / "c.safetensors").exists()


def test_means_cover_the_last_smaller_batch(small_set: PreparedSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known mistakes: returning after the first batch, and weighting the last batch like a full one."""
    model, _ = build("n_vae", PARAMS, n_classes=3, image_shape=small_set.image_shape), None
    model.initialise(generator=torch_generator(0, "weights"))
    split = Resident.of(small_set.test, torch.device("cpu"))
    at_once = mean_terms(model, split, generator=torch_generator(0, "noise"))
    monkeypatch.setattr("nvae.training.loop._EVALUATION_BATCH", 20)
    in_parts = mean_terms(model, split, generator=torch_generator(0, "noise"))
    # The batches consume the noise stream in different portions, so only the terms without noise are equal up to the
    # rounding of sums.
    for term in ("kl_shared", "kl_class", "kl_own", "label", "accuracy"):
        assert math.isclose(at_once[term], in_parts[term], rel_tol=1e-5), term


def test_saved_model_is_loaded_unchanged(small_set: PreparedSet, tmp_path: Path) -> None:
    model, state = train(small_set, tmp_path / "none")
    description = ModelDescription(
        "small", "n_vae", "n_vae", PARAMS.model_dump(mode="json"), 0, small_set.class_names, small_set.image_shape
    )
    save_model(tmp_path / "model", model, description, state)
    loaded, read = load_model(tmp_path / "model", device=torch.device("cpu"))
    assert weights(loaded) == weights(model)
    assert read == description
    (tmp_path / "model" / "weights.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="damaged files"):
        load_model(tmp_path / "model", device=torch.device("cpu"))


def test_auto_selects_an_available_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert open_device("auto", threads=1).type == "cpu"
    with pytest.raises(UserError, match="no CUDA GPU"):
        open_device("cuda", threads=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert open_device("auto", threads=1).type == "cuda"


def test_changed_keys_lists_added_and_removed_ones() -> None:
    assert changed_keys({"a": 1, "b": {"c": 2}}, {"b": {"c": 2, "d": 3}}) == ["a: 1 → null", "b.d: null → 3"]
    assert changed_keys({"a": [1, 2]}, {"a": [1, 2]}) == []


def test_batch_is_in_the_unit_interval(small_set: PreparedSet) -> None:
    x, y = Resident.of(small_set.train, torch.device("cpu")).batch(slice(0, 4))
    np.testing.assert_allclose(x.numpy() * 255, small_set.train.images[:4], atol=1e-4)
    assert y.tolist() == [0, 1, 2, 0]


def test_each_epoch_has_every_image_once_in_a_new_order(small_set: PreparedSet) -> None:
    source = Shuffled(Resident.of(small_set.train, torch.device("cpu")), 50, 3)
    rows = [torch.cat(source.rows(epoch)).tolist() for epoch in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]
    assert sorted(rows[0]) == sorted(rows[2]) == list(range(120))
    assert [len(x) for x, _ in source.epoch(1)] == [50, 50, 20]
    assert source.steps == 3


def test_the_callbacks_columns_are_in_the_validation_rows(small_set: PreparedSet, tmp_path: Path) -> None:
    _, state = train(small_set, tmp_path / "none", callback=lambda model, epoch: {"seen": float(epoch)})
    seen = [row.get("seen") for row in state.history]
    assert seen == [None, 1.0, None, 2.0, None, 3.0, None, 4.0, None, 5.0, None, 6.0]


def test_a_gans_history_has_both_players(small_set: PreparedSet, tmp_path: Path) -> None:
    _, state = train(small_set, tmp_path / "none", name="ac_gan")
    for row in state.history:
        assert {"discriminator", "generator", "label_real", "penalty", "accuracy"} <= set(row)
        assert "kl_weight" not in row or row["split"] == "train"


@pytest.mark.parametrize("name", [name for name in MODELS if name != "classifier"])
def test_every_model_can_be_saved_and_read(name: str, small_set: PreparedSet, tmp_path: Path) -> None:
    params = small_params(name, hidden=(32,))
    model, state = train(small_set, tmp_path / "none", name=name, protocol=PROTOCOL.model_copy(update={"epochs": 2}))
    description = ModelDescription(
        "small", "a", name, params.model_dump(mode="json"), 0, small_set.class_names, small_set.image_shape
    )
    save_model(tmp_path / "model", model, description, state)
    loaded, _ = load_model(tmp_path / "model", device=torch.device("cpu"))
    assert type(loaded) is type(model)
    assert weights(loaded) == weights(model)


@pytest.mark.parametrize("beta1", [0.9, 0.0])
@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "PyTorch's own step"])
def test_adam_is_pytorchs_bit_for_bit_through_gaps_and_a_resume(
    kernel: bool, beta1: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert adam.has_kernel(), "PyTorch is newer than the versions with which the kernel was tested: test it again"
    if not kernel:
        monkeypatch.setattr(adam, "_TESTED_UP_TO", (2, 0))
    draws = torch_generator(0, "adam")
    start = [torch.randn(5, 3, generator=draws), torch.randn(7, generator=draws)]
    ours, theirs = ([torch.nn.Parameter(value.clone()) for value in start] for _ in range(2))
    mine, reference = Adam(ours, beta1=beta1), torch.optim.Adam(theirs, betas=(beta1, 0.999), fused=True)
    for step in range(8):
        gradients = [torch.randn(value.shape, generator=draws) for value in start]
        for weights in (ours, theirs):
            for weight, gradient in zip(weights, gradients, strict=True):
                weight.grad = gradient.clone()
            if step in (0, 5):  # a weight without a gradient
                weights[1].grad = None
        rate = 0.1 / (step + 1)
        reference.param_groups[0]["lr"] = rate
        reference.step()
        mine.update(rate)
        if step == 3:
            state = mine.state_dict()
            mine = Adam(ours, beta1=beta1)
            mine.load_state_dict(state)
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True)), step
    assert bool(mine._kept) == kernel
