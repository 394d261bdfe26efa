"""Parts of the cases of wrong input: a small valid project, and functions that spoil one thing in it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from nvae.data.prepared import PreparedSet, Split
from nvae.training.checkpoint import TrainState
from nvae.training.saved import ModelDescription, save_model
from tests.conftest import small_params

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Case:
    """One wrong input.

    Args:
        name: Name of the case, in words.
        command: Arguments of ``nvae``, separated by white space.
        message: Expected message after ``nvae: error: ``; ``…`` stands for any text.
        spoil: Function that is called before the command, in the folder of a valid project.
    """

    name: str
    command: str
    message: str
    spoil: Callable[[], object] = lambda: None


def make_project(folder: Path) -> None:
    """Make a folder with the project's settings, claims and list of raw files."""
    (folder / "data").mkdir(parents=True)
    for name in ("params.yaml", "claims.yaml", "data/registry.csv"):
        (folder / name).write_bytes((ROOT / name).read_bytes())


def put(path: str, content: str | bytes) -> Path:
    """Write a file and make its folders."""
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def in_place_of(path: str) -> None:
    """Put a folder where a file should be."""
    Path(path).unlink(missing_ok=True)
    Path(path).mkdir(parents=True)


def cut(path: str, size: int = -1) -> None:
    """Keep the first ``size`` bytes of a file, by default all but the last one."""
    put(path, Path(path).read_bytes()[:size])


def params(**changes: object) -> Callable[[], object]:
    """Return a function that changes keys of params.yaml, written with ``__`` for each dot; ``...`` removes a key."""

    def change() -> None:
        content = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
        for key, value in changes.items():
            *outer, last = key.split("__")
            section = content
            for name in outer:
                section = section[name]
            if value is ...:
                del section[last]
            else:
                section[last] = value
        put("params.yaml", yaml.safe_dump(content))

    return change


def added(text: str, path: str = "params.yaml") -> Callable[[], object]:
    """Return a function that appends a text to a file."""
    return lambda: put(path, Path(path).read_text(encoding="utf-8") + text)


def laughs(of: str, levels: int = 9) -> str:
    """Return YAML with levels that each contain the previous one ten times, by aliases in the form ``of``."""
    lines = ["l0: &l0 {ha: 1}"]
    lines += [f"l{n}: &l{n} {of.replace('*', ', '.join([f'*l{n - 1}'] * 10))}" for n in range(1, levels + 1)]
    return "\n" + "\n".join(lines) + "\n"


class Trap:
    """Object that makes a file named ``sprung`` when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mknod, ("sprung",)


def small_set() -> PreparedSet:
    """Return a set of two classes of noise with 6×5 pixels."""

    def split(n: int) -> Split:
        images = np.random.default_rng(n).integers(0, 256, (n, 6, 5), dtype=np.uint8)
        return Split(images, np.arange(n) % 2, np.array([f"x/{row}" for row in range(n)]))

    return PreparedSet("glyphs", ("a", "b"), (), split(12), split(4), split(6))


def arrays(**changes: Any) -> Callable[[], object]:
    """Return a function that writes ``set.npz`` with some arrays changed; ``...`` removes an array."""

    def change() -> None:
        small_set().save(Path("set.npz"))
        with np.load("set.npz") as archive:
            content = {**archive, **changes}
        np.savez("set.npz", **{key: array for key, array in content.items() if array is not ...})

    return change


def model(spoil: Callable[[], object] = lambda: None) -> Callable[[], object]:
    """Return a function that writes ``set.npz`` and a model of it to ``model``, and then spoils one thing."""

    def change() -> None:
        small_set().save(Path("set.npz"))
        parameters = small_params("n_vae")
        description = ModelDescription(
            "glyphs", "n_vae", "n_vae", parameters.model_dump(mode="json"), 0, ("a", "b"), (6, 5)
        )
        save_model(Path("model"), description.build(), description, TrainState(0, [], []))
        spoil()

    return change


def of_parameters(**changes: Any) -> Callable[[], object]:
    """Return a function that writes a model with other parameters in model.json."""
    return described(params=small_params("n_vae").model_dump(mode="json") | changes)


def described(**changes: Any) -> Callable[[], object]:
    """Return a function that writes a model with other entries in model.json; ``...`` removes an entry."""

    def change() -> None:
        content = json.loads(Path("model/model.json").read_text(encoding="utf-8")) | changes
        put("model/model.json", json.dumps({key: value for key, value in content.items() if value is not ...}))

    return model(change)


def pickled_weights() -> None:
    """Replace the weights by a pickle from PyTorch."""
    torch.save({"decoder": Trap()}, "model/weights.safetensors")


def npy(header: str, body: bytes = b"") -> bytes:
    """Return a NumPy file with any header."""
    text = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + body
