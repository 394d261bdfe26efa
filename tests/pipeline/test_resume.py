"""A training that is killed and resumed ends with the same weights as an uninterrupted one."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from tests.pipeline.project import Project, shrink_paper

EPOCHS = 120
CHECKPOINT = Path("results/paper/checkpoints/glyphs/n_vae/seed0.safetensors")


def _long(params: dict[str, Any]) -> None:
    shrink_paper(params)
    params["profiles"]["paper"]["training"] = {"glyphs": {"epochs": EPOCHS, "kl_warmup_epochs": 10}}


@pytest.fixture
def long(fresh: Project, finished: Project) -> Project:
    """Return a project with a prepared set, in which a training takes some seconds."""
    fresh.edit_params(_long)
    prepared = fresh.root / "data/prepared/paper/glyphs.npz"
    prepared.parent.mkdir(parents=True)
    prepared.write_bytes((finished.root / "data/prepared/paper/glyphs.npz").read_bytes())
    return fresh


def _epoch(path: Path) -> int:
    with safe_open(path, framework="np") as stream:
        return int(stream.metadata()["epoch"])


def _kill_in_the_middle(project: Project, *command: str) -> None:
    process = project.start(*command)
    checkpoint = project.root / CHECKPOINT
    deadline = time.monotonic() + 120
    while process.poll() is None and not (checkpoint.is_file() and _epoch(checkpoint) >= EPOCHS // 10):
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run ended before it was killed: raise EPOCHS"


def test_a_resumed_training_equals_an_uninterrupted_one_and_a_changed_key_is_refused(long: Project) -> None:
    train = ("nvae", "train", "glyphs")
    models = long.root / "results/paper/models/glyphs/n_vae"
    _kill_in_the_middle(long, *train)
    done = _epoch(long.root / CHECKPOINT)
    assert 0 < done < EPOCHS
    assert not models.exists()

    with long.kept("params.yaml"):
        long.edit_params(lambda params: params["models"]["n_vae"]["glyphs"].update(class_weight=3.0))
        refused = long.call(*train)
        assert refused.returncode == 2
        assert "model.class_weight: 2.0 → 3.0" in refused.stderr
        assert refused.stderr.count("\n") == 1

    assert f"resuming after epoch {done} of {EPOCHS}" in long.do(*train)
    assert "resuming" not in long.do(*train, "--out", "uninterrupted")
    assert not (long.root / CHECKPOINT).exists()
    for name in ("weights.safetensors", "history.csv", "model.json"):
        assert (models / "seed0" / name).read_bytes() == (long.root / "uninterrupted" / name).read_bytes(), name
