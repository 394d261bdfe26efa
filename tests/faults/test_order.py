"""The bytes are the same for every order of the jobs of a run, and with a concurrent run."""

import random
from pathlib import Path

import pytest

from tests.faults.runs import differences, group, listing, snakemake, until, untouched
from tests.pipeline.project import Project

SEED = 20190125
MODEL = "results/paper/models/glyphs/n_vae/seed0/weights.safetensors"
#: Targets of one data set, from its images to a table and a figure; later targets need earlier ones.
CHAIN = (
    "data/prepared/paper/glyphs.npz",
    MODEL,
    "results/paper/runs/metrics/glyphs/n_vae/seed0.csv",
    "paper_figs/fig01_mnist_class_traversals.pdf",
)


def test_jobs_one_by_one_in_any_order_make_the_same_bytes(finished: Project, tmp_path: Path) -> None:
    """The finished run had two jobs at a time, in Snakemake's order."""
    project = untouched(finished, tmp_path / "project")
    for target in random.Random(SEED).sample(CHAIN, len(CHAIN)):
        project.do(*snakemake(target, cores=1))
    assert set(CHAIN) < listing(project.root)
    assert differences(project.root, finished.root) == []


@pytest.mark.attack
def test_all_targets_in_a_random_order_make_the_same_bytes(demo: Project, tmp_path: Path) -> None:
    """Many targets at a time, so that it takes no longer than the run itself, alternately with one and two cores."""
    project = untouched(demo, tmp_path / "project")
    targets = sorted(
        name for name in listing(demo.root) if name.startswith(("results/paper/tables/", "paper_figs/")) and _made(name)
    )
    random.Random(SEED).shuffle(targets)
    for number, start in enumerate(range(0, len(targets), 12)):
        project.do(*snakemake(*targets[start : start + 12], cores=1 + number % 2))
    project.snakemake("all_figures")
    assert differences(project.root, demo.root) == []
    assert listing(project.root) == listing(demo.root)


def _made(name: str) -> bool:
    return not name.endswith(".meta.json")


def test_a_second_snakemake_is_refused_and_does_no_harm(finished: Project, tmp_path: Path) -> None:
    project = untouched(finished, tmp_path / "project")
    with group() as start:
        first = start(project, *snakemake(MODEL))
        until(lambda: first.ended() or bool(first.workers()), "a job", first.output)
        second = start(project, *snakemake(MODEL))
        assert second.wait() == 1
        assert "Directory cannot be locked" in second.output()
        assert not first.ended(), "the first run ended too early to hold the lock"
        assert first.wait() == 0, first.output()
    assert MODEL in listing(project.root)
    assert differences(project.root, finished.root) == []
