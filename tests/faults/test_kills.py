"""Runs that are killed repeatedly at random moments end with the same bytes as an uninterrupted run."""

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.faults.runs import (
    Run,
    clear,
    differences,
    group,
    interrupt,
    kill_group,
    kill_leader,
    kill_worker,
    listing,
    snakemake,
    terminate,
    until,
    untouched,
)
from tests.pipeline.project import Project, needs_git

SEED = int(os.environ.get("NVAE_ATTACK_SEED", "20190125"))
#: Every kind of work (drawing, preparing, VAEs, a GAN and its classifier, arms, tables, a figure) in 20 jobs.
FEW = ("paper_figs/fig05_kl_per_dimension.pdf", "results/paper/runs/augmentation/garments/cgan/seed0.csv")
#: DVC calls Snakemake and then caches the results, which can be killed too.
DVC = ("dvc", "repro", "figure@fig05_kl_per_dimension")
#: Share of stops that come before Snakemake's first job, and the time in seconds within which they come.
EARLY, EARLY_S = 0.25, 2.0


@dataclass(frozen=True)
class Attack:
    """Run to stop repeatedly, and the number and the times of the stops.

    Args:
        reference: Name of the fixture of the uninterrupted run.
        targets: Targets of Snakemake.
        stops: Number of stops.
        span_s: Longest time from the start of the run's first job to the stop, in seconds.
    """

    reference: str
    targets: tuple[str, ...]
    stops: int
    span_s: float


SMALL = Attack("finished", FEW, stops=8, span_s=3.0)
DEMO = Attack("demo", ("all_figures",), stops=int(os.environ.get("NVAE_ATTACK_KILLS", "24")), span_s=40.0)


@needs_git  # for DVC
@pytest.mark.parametrize(
    "attack", [pytest.param(SMALL, id="small"), pytest.param(DEMO, id="demo", marks=pytest.mark.attack)]
)
def test_a_run_killed_at_random_moments_ends_with_the_same_bytes(
    attack: Attack, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    reference: Project = request.getfixturevalue(attack.reference)
    project = untouched(reference, tmp_path / "project")
    make = snakemake(*attack.targets)
    ways: list[tuple[tuple[str, ...], Callable[[Run], None]]] = [
        (make, kill_group),
        (make, kill_leader),
        (DVC, kill_group),
        (make, kill_worker),
        (make, interrupt),
        (make, terminate),
    ]
    rng = random.Random(SEED)
    stops = list(islice(cycle(ways), attack.stops))
    rng.shuffle(stops)
    with group() as start:
        runs = []
        while stops:
            command, stop = stops[-1]
            runs.append(start(project, *command))
            if _stopped(runs[-1], stop, rng, attack.span_s):
                stops.pop()
                continue
            # The run ended before it could be stopped: start again from scratch.
            _wait_for_orphans(runs)
            assert differences(project.root, reference.root) == []
            clear(project)
        last = start(project, *make)
        assert last.wait() == 0, last.output()[-4000:]
        _wait_for_orphans(runs)
    assert differences(project.root, reference.root) == []
    if attack.targets == ("all_figures",):
        assert listing(project.root) == listing(reference.root)
    assert project.planned(*attack.targets) == {}


def _stopped(run: Run, stop: Callable[[Run], None], rng: random.Random, span_s: float) -> bool:
    """Stop a run at a random moment. Return False if it ended, successfully, before that moment."""
    if rng.random() < EARLY:
        wait_s = rng.uniform(0, EARLY_S)
    else:
        wait_s = rng.uniform(0, span_s)
        until(lambda: run.ended() or bool(run.workers()), "a job", run.output)
    moment = time.monotonic() + wait_s
    until(lambda: run.ended() or time.monotonic() >= moment, "the moment", run.output)
    assert "Error" not in run.output(), run.output()[-4000:]
    if run.ended():
        assert run.process.returncode == 0, run.output()[-4000:]
        return False
    stop(run)
    return run.process.returncode != 0


def _wait_for_orphans(runs: list[Run]) -> None:
    for run in runs:
        run.wait()


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _forge(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    record["made_from"]["params"]["steps"] = 3
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "damage", "difference"),
    [
        ("runs/kl/glyphs/n_vae/seed0.csv", _halve, "different bytes"),
        ("models/glyphs/n_vae/seed0/weights.safetensors", _halve, "different bytes"),
        ("models/glyphs/n_vae/seed0.meta.json", _forge, "different made_from"),
        ("models/glyphs/n_vae/seed0.meta.json", Path.unlink, "missing"),
        ("runs/kl/glyphs/n_vae/seed0.csv.meta.json", Path.unlink, "missing"),
        ("runs/kl/glyphs/n_vae/seed0.csv.old", Path.touch, "not made by an uninterrupted run"),
    ],
)
def test_damage_by_a_kill_would_be_detected(
    finished: Project, tmp_path: Path, name: str, damage: Callable[[Path], None], difference: str
) -> None:
    for folder in ("runs/kl/glyphs/n_vae", "models/glyphs/n_vae"):
        shutil.copytree(finished.root / "results/paper" / folder, tmp_path / "results/paper" / folder)
    _other_run(tmp_path / "results/paper/models/glyphs/n_vae/seed0.meta.json")
    assert differences(tmp_path, finished.root) == []
    damage(tmp_path / "results/paper" / name)
    assert differences(tmp_path, finished.root) == [f"results/paper/{name}: {difference}"]


def _other_run(sidecar: Path) -> None:
    record = json.loads(sidecar.read_text(encoding="utf-8"))
    record["run"]["seconds"] += 1
    sidecar.write_text(json.dumps(record), encoding="utf-8")
