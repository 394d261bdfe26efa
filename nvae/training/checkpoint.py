"""Checkpoints: the training state from which an interrupted run resumes exactly, in one safetensors file.

Weights and the optimizer's moments are tensors; epoch, configuration and history are JSON in the file's header. No
random state is stored, because none outlives an epoch: every random stream is derived from (seed, name, epoch). Nothing
is pickled.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from nvae.errors import UserError, printable
from nvae.provenance import atomic
from nvae.training.adam import Adam

Row = dict[str, float | int | str]
#: Optimizers by the name of the optimizer step whose weights they update.
Optimizers = dict[str, Adam]
_CONFIG, _HISTORY, _THROUGHPUT = TypeAdapter(dict[str, Any]), TypeAdapter(list[Row]), TypeAdapter(list[float])


@dataclass(frozen=True)
class TrainState:
    """Training state of an interrupted run, besides its weights and optimizers.

    Args:
        epoch: Number of completed epochs.
        history: Rows of the history of these epochs.
        throughput: Images per second in each of these epochs.
    """

    epoch: int
    history: list[Row]
    throughput: list[float]


@dataclass
class Checkpointing:
    """Path and interval of a run's checkpoints.

    Args:
        path: File to write and to resume from.
        config: Configuration that the run depends on; resuming under a different one is refused.
        every_s: Minimum time between two checkpoints, in seconds; a checkpoint is written at the end of an epoch.
    """

    path: Path
    config: dict[str, Any]
    every_s: float = 0.0
    _last: float = field(default=0.0, init=False)

    def resume(self, model: nn.Module, optimizers: Optimizers) -> TrainState:
        """Restore the training state as :func:`load_checkpoint` does, and start to measure the interval."""
        self._last = time.monotonic()
        return load_checkpoint(self.path, model, optimizers, config=self.config)

    def after_epoch(self, model: nn.Module, optimizers: Optimizers, state: TrainState) -> None:
        """Write a checkpoint if one is due."""
        if time.monotonic() - self._last >= self.every_s:
            save_checkpoint(self.path, model, optimizers, config=self.config, state=state)
            self._last = time.monotonic()


def save_checkpoint(
    path: Path, model: nn.Module, optimizers: Optimizers, *, config: dict[str, Any], state: TrainState
) -> None:
    """Write the checkpoint atomically.

    Args:
        path: Checkpoint file.
        model: Model whose weights are stored.
        optimizers: Optimizers whose per-parameter state is stored.
        config: Configuration that the run depends on; resuming under a different one is refused.
        state: Completed epochs with their history.
    """
    tensors = {f"model.{name}": value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    for player, optimizer in optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            for name, value in moments.items():
                tensors[f"optimizer.{player}.{index}.{name}"] = value.detach().cpu().contiguous()
    header = {
        "epoch": str(state.epoch),
        "config": json.dumps(config, sort_keys=True),
        "history": json.dumps(state.history),
        "throughput": json.dumps(state.throughput),
    }
    with atomic(path) as part:
        save_file(tensors, part, metadata=header)


def load_checkpoint(path: Path, model: nn.Module, optimizers: Optimizers, *, config: dict[str, Any]) -> TrainState:
    """Restore weights and optimizers in place.

    A damaged checkpoint is ignored with a warning, and training starts from scratch.

    Args:
        path: Checkpoint file; if it is missing, training starts from scratch.
        model: Model of the same configuration.
        optimizers: Optimizers of the model's parameters.
        config: Current configuration.

    Returns:
        Training state besides weights and optimizers.

    Raises:
        UserError: If the checkpoint was written under a different configuration, in which case the message lists the
            changed keys, or has the weights of another model.
    """
    if not path.is_file():
        return TrainState(0, [], [])
    try:
        with safe_open(path, framework="pt") as stream:
            header = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 (not a mapping)
        trained_with = _CONFIG.validate_json(header["config"])
        throughput = _THROUGHPUT.validate_json(header["throughput"])
        state = TrainState(len(throughput), _HISTORY.validate_json(header["history"]), throughput)
        if header["epoch"] != str(state.epoch):
            raise ValueError(f"epoch {header['epoch']}, but the throughput of {state.epoch} epochs")
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        message = f"{path}: a damaged checkpoint is ignored ({reason}); training starts from scratch"
        print(printable(message), file=sys.stderr, flush=True)
        return TrainState(0, [], [])
    changed = changed_keys(trained_with, config)
    if changed:
        raise UserError(
            str(path),
            got=f"a checkpoint of an unfinished run under another configuration ({'; '.join(changed)})",
            expected="the same configuration",
            hint="Restore these keys to resume the run, or delete the checkpoint (or pass --restart) to start from "
            "scratch.",
        )
    try:
        _restore(model, optimizers, tensors)
    except (RuntimeError, ValueError, KeyError) as error:
        raise UserError(
            str(path),
            got=f"other weights than the model's ({error})",
            expected="a checkpoint of this model",
            hint="Delete it, or pass --restart, to start from scratch.",
        ) from None
    return state


def changed_keys(before: object, after: object, where: str = "") -> list[str]:
    """Return the keys in which two configurations differ, as ``key: before → after``.

    >>> changed_keys({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}})
    ['a.b: 1 → 3']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in sorted(before.keys() | after.keys()):
            inner = f"{where}.{key}" if where else str(key)
            found += changed_keys(before.get(key), after.get(key), inner)
        return found
    return [] if before == after else [f"{where}: {json.dumps(before)} → {json.dumps(after)}"]


def _restore(model: nn.Module, optimizers: Optimizers, tensors: dict[str, Tensor]) -> None:
    prefix = "model."
    model.load_state_dict({name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)})
    states: dict[str, dict[int, dict[str, Tensor]]] = {player: {} for player in optimizers}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, player, index, key = name.split(".")
            states[player].setdefault(int(index), {})[key] = value
    for player, optimizer in optimizers.items():
        optimizer.load_state_dict({"state": states[player], "param_groups": optimizer.state_dict()["param_groups"]})
