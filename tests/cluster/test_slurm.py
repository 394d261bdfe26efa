"""The pipeline on a Slurm of this machine: the same results, and what becomes of jobs that the scheduler kills.

`make cluster` runs these tests; plain `make test` leaves them out, since they install and start services.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from safetensors import safe_open

from tests.cluster.slurm import Job, Slurm
from tests.pipeline.project import Project, copy_project, shrink_paper

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PROFILE = Path("workflow/profiles/slurm")
#: What only this Slurm needs: it has no accounting database, and nobody is bothered if it is asked more often.
HERE = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2")

FIGURE = "paper_figs/fig07_fashion_shared_traversals"
TABLES = [f"results/paper/runs/garments/n_vae/seed0/{table}.csv" for table in ("kl", "metrics")]
#: The jobs that these need; joins and the figure stay with Snakemake.
SUBMITTED = {
    "draw_dataset_wildcards_garments",
    "prepare_dataset_wildcards_garments",
    "train_model_wildcards_garments_n_vae_0",
    "kl_wildcards_garments_n_vae_0",
    "metrics_wildcards_garments_n_vae_0",
    "traversals_wildcards_garments_n_vae_shared",
}

#: Far more than is needed on an idle machine.
PATIENCE_S = 900
EPOCHS = 150
SEED = Path("glyphs/n_vae/seed0")
CHECKPOINT = Path("results/paper/checkpoints") / SEED.with_suffix(".safetensors")
MODEL = Path("results/paper/models") / SEED
LOG = Path("results/paper/logs/train/glyphs-n_vae-seed0.log")


def small(params: dict[str, Any]) -> None:
    """A small profile paper, on the CPU: the stand-in for a GPU computes nothing."""
    shrink_paper(params)
    params["execution"]["device"] = "cpu"


def long(params: dict[str, Any]) -> None:
    """A training that takes some seconds and writes a checkpoint after each epoch."""
    small(params)
    params["profiles"]["paper"]["training"] = {"glyphs": {"epochs": EPOCHS, "kl_warmup_epochs": 10}}


def ask(project: Project, rule: str, **resources: int | str) -> None:
    """Let a rule ask for other resources, in the profile as a user would."""
    path = project.root / PROFILE / "config.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    profile["set-resources"].setdefault(rule, {}).update(resources)
    path.write_text(yaml.safe_dump(profile), encoding="utf-8")


def on_slurm(*targets: str) -> tuple[str, ...]:
    """The command that makes targets with Slurm's help."""
    return ("snakemake", "--workflow-profile", str(PROFILE), *HERE, "--", *targets)


def test_tables_and_figure_are_those_of_a_run_without_slurm(cluster: Slurm, tmp_path: Path) -> None:
    """Also: each step is one job that got what the profile asks for, a GPU where a rule that trains was told to."""
    here, there = (copy_project(tmp_path / name) for name in ("here", "there"))
    for project in (here, there):
        project.edit_params(small)
    here.snakemake(f"{FIGURE}.pdf", *TABLES)

    ask(there, "train_model", gpu=1)
    there.do(*on_slurm(f"{FIGURE}.pdf", *TABLES))
    jobs = {job.name: job for job in cluster.jobs(there.root)}
    assert jobs.keys() == SUBMITTED
    assert len(cluster.jobs(there.root)) == len(jobs), "a job was submitted twice"
    assert {job.state for job in jobs.values()} == {"COMPLETED"}
    for name, job in jobs.items():
        trains = name.startswith("train_model")
        assert (job.gpus, job.minutes) == ((1, 60) if trains else (0, 15))
        assert (job.granted["cpu"], job.granted["mem"]) == ("1", "2000M")

    for name in [*TABLES, *(f"{FIGURE}.{suffix}" for suffix in ("pdf", "png", "rst"))]:
        assert (there.root / name).read_bytes() == (here.root / name).read_bytes(), name
    assert there.planned(f"{FIGURE}.pdf", *TABLES) == {}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which the long training ran to its end, without Slurm."""
    project = copy_project(tmp_path_factory.mktemp("undisturbed"))
    project.edit_params(long)
    project.snakemake(str(MODEL / "weights.safetensors"))
    assert "going on" not in (project.root / LOG).read_text(encoding="utf-8")
    return project


def cancelled(project: Project, job: Job) -> None:
    """Somebody cancels the job."""
    subprocess.run(["scancel", str(job.number)], check=True)


def hangs(project: Project, job: Job) -> None:
    """The training stops without an end, so that it meets its limit however fast the machine is."""
    (training,) = [
        process
        for process in psutil.process_iter(["cwd", "cmdline"])
        if process.info["cwd"] == str(project.root)
        and "nvae" in [Path(word).name for word in process.info["cmdline"][:2]]
    ]
    training.suspend()


@pytest.mark.parametrize(
    ("disturb", "asked", "state", "why"),
    [
        pytest.param(cancelled, {}, "CANCELLED", "CANCELLED AT", id="scancel"),
        pytest.param(hangs, {"runtime": "attempt"}, "TIMEOUT", "DUE TO TIME LIMIT", id="time-limit"),
        # Half of what it holds; without cgroups Slurm does not call the job OUT_OF_MEMORY.
        pytest.param(hangs, {"mem_mb": "500 * attempt ** 2"}, "FAILED", "exceeded memory limit", id="memory"),
    ],
)
def test_a_training_that_slurm_kills_is_tried_again_and_goes_on(
    cluster: Slurm,
    undisturbed: Project,
    tmp_path: Path,
    disturb: Callable[[Project, Job], None],
    asked: dict[str, int | str],
    state: str,
    why: str,
) -> None:
    """One command, no further one after the kill, and the weights of a run that nobody disturbed."""
    project = Project(tmp_path / "project")
    shutil.copytree(undisturbed.root, project.root)
    shutil.rmtree(project.root / MODEL)
    (project.root / LOG).unlink()
    ask(project, "train_model", **asked)
    with started(project, *on_slurm(str(MODEL / "weights.safetensors"))) as process:
        deadline = time.monotonic() + PATIENCE_S
        while _epoch(project.root / CHECKPOINT) < EPOCHS // 10:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no checkpoint"
            time.sleep(0.02)
        (first,) = cluster.jobs(project.root)
        assert first.state == "RUNNING"
        disturb(project, first)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, (out + err)[-4000:]

    killed, again = cluster.jobs(project.root)
    assert (killed.number, killed.state, again.state) == (first.number, state, "COMPLETED")
    (of_killed,) = project.root.glob(f".snakemake/slurm_logs/**/{killed.number}.log")
    assert why in of_killed.read_text(encoding="utf-8")
    said = (project.root / LOG).read_text(encoding="utf-8")
    done = int(said.split("resuming after epoch ")[1].split()[0])
    assert EPOCHS // 10 <= done < EPOCHS
    for name in ("weights.safetensors", "model.json", "history.csv"):
        assert (project.root / MODEL / name).read_bytes() == (undisturbed.root / MODEL / name).read_bytes(), name


@contextmanager
def started(project: Project, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command that does not outlive the test; a job that it leaves ends with Slurm."""
    with project.start(*command) as process:
        try:
            yield process
        finally:
            process.kill()


def _epoch(path: Path) -> int:
    """How far the checkpoint is; 0 without one."""
    if not path.is_file():
        return 0
    with safe_open(path, framework="np") as stream:
        return int(stream.metadata()["epoch"])
