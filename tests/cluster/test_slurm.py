"""The pipeline on a Slurm of this machine: results are the same, and jobs that the scheduler kills are repeated.

`make cluster` runs these tests; `make test` skips them, because they install and start services.
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
#: Options for this Slurm only: it has no accounting database, and frequent polls disturb nobody.
OPTIONS = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2")

FIGURE = "paper_figs/fig07_fashion_shared_traversals"
TABLES = [f"results/paper/runs/{table}/garments/n_vae/seed0.csv" for table in ("kl", "metrics")]
#: Jobs for these targets; Snakemake itself joins tables and draws figures.
SUBMITTED = {
    "draw_dataset_wildcards_garments",
    "prepare_dataset_wildcards_garments",
    "train_model_wildcards_garments_n_vae_0",
    "kl_wildcards_garments_n_vae_0",
    "metrics_wildcards_garments_n_vae_0",
    "traversals_wildcards_garments_n_vae_shared",
}

#: Timeout in seconds, far longer than needed on an idle machine.
TIMEOUT_S = 900
EPOCHS = 150
SEED = Path("glyphs/n_vae/seed0")
CHECKPOINT = Path("results/paper/checkpoints") / SEED.with_suffix(".safetensors")
MODEL = Path("results/paper/models") / SEED
LOG = Path("results/paper/logs/train/glyphs-n_vae-seed0.log")


def small(params: dict[str, Any]) -> None:
    """Shrink profile paper, and select the CPU because the placeholder for a GPU cannot compute."""
    shrink_paper(params)
    params["execution"]["device"] = "cpu"


def long(params: dict[str, Any]) -> None:
    """Configure a training that takes some seconds and writes a checkpoint after each epoch."""
    small(params)
    params["profiles"]["paper"]["training"] = {"glyphs": {"epochs": EPOCHS, "kl_warmup_epochs": 10}}


def request(project: Project, rule: str, **resources: int | str) -> None:
    """Change the resources of a rule in the profile, as a user would."""
    path = project.root / PROFILE / "config.yaml"
    profile = yaml.safe_load(path.read_text(encoding="utf-8"))
    profile["set-resources"].setdefault(rule, {}).update(resources)
    path.write_text(yaml.safe_dump(profile), encoding="utf-8")


def on_slurm(*targets: str) -> tuple[str, ...]:
    """Return the command that makes targets on Slurm."""
    return ("snakemake", "--workflow-profile", str(PROFILE), *OPTIONS, "--", *targets)


def test_tables_and_figure_equal_those_of_a_run_without_slurm(cluster: Slurm, tmp_path: Path) -> None:
    """Each step is one job with the resources of the profile, among them a GPU for a rule that requests one."""
    local, remote = (copy_project(tmp_path / name) for name in ("local", "remote"))
    for project in (local, remote):
        project.edit_params(small)
    local.snakemake(f"{FIGURE}.pdf", *TABLES)

    request(remote, "train_model", gpu=1)
    remote.do(*on_slurm(f"{FIGURE}.pdf", *TABLES))
    jobs = {job.name: job for job in cluster.jobs(remote.root)}
    assert jobs.keys() == SUBMITTED
    assert len(cluster.jobs(remote.root)) == len(jobs), "a job was submitted twice"
    assert {job.state for job in jobs.values()} == {"COMPLETED"}
    for name, job in jobs.items():
        trains = name.startswith("train_model")
        assert (job.gpus, job.minutes) == ((1, 60) if trains else (0, 15))
        assert (job.granted["cpu"], job.granted["mem"]) == ("1", "2000M")

    for name in [*TABLES, *(f"{FIGURE}.{suffix}" for suffix in ("pdf", "png", "rst"))]:
        assert (remote.root / name).read_bytes() == (local.root / name).read_bytes(), name
    assert remote.planned(f"{FIGURE}.pdf", *TABLES) == {}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project in which the long training ran to its end, without Slurm."""
    project = copy_project(tmp_path_factory.mktemp("uninterrupted"))
    project.edit_params(long)
    project.snakemake(str(MODEL / "weights.safetensors"))
    assert "resuming" not in (project.root / LOG).read_text(encoding="utf-8")
    return project


def cancel(project: Project, job: Job) -> None:
    """Cancel the job."""
    subprocess.run(["scancel", str(job.number)], check=True)


def suspend(project: Project, job: Job) -> None:
    """Suspend the training, so that the job reaches its limit on a machine of any speed."""
    (training,) = [
        process
        for process in psutil.process_iter(["cwd", "cmdline"])
        if process.info["cwd"] == str(project.root)
        and "nvae" in [Path(word).name for word in process.info["cmdline"][:2]]
    ]
    training.suspend()


@pytest.mark.parametrize(
    ("disturb", "resources", "state", "reason"),
    [
        pytest.param(cancel, {}, "CANCELLED", "CANCELLED AT", id="scancel"),
        pytest.param(suspend, {"runtime": "attempt"}, "TIMEOUT", "DUE TO TIME LIMIT", id="time-limit"),
        # Half of the memory that it uses; without cgroups Slurm does not report OUT_OF_MEMORY.
        pytest.param(suspend, {"mem_mb": "500 * attempt ** 2"}, "FAILED", "exceeded memory limit", id="memory"),
    ],
)
def test_a_training_that_slurm_kills_is_restarted_and_resumes(
    cluster: Slurm,
    uninterrupted: Project,
    tmp_path: Path,
    disturb: Callable[[Project, Job], None],
    resources: dict[str, int | str],
    state: str,
    reason: str,
) -> None:
    """No further command is needed after the kill, and the weights equal those of an uninterrupted run."""
    project = Project(tmp_path / "project")
    shutil.copytree(uninterrupted.root, project.root)
    shutil.rmtree(project.root / MODEL)
    (project.root / LOG).unlink()
    request(project, "train_model", **resources)
    with started(project, *on_slurm(str(MODEL / "weights.safetensors"))) as process:
        deadline = time.monotonic() + TIMEOUT_S
        while _epoch(project.root / CHECKPOINT) < EPOCHS // 10:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no checkpoint"
            time.sleep(0.02)
        (first,) = cluster.jobs(project.root)
        assert first.state == "RUNNING"
        disturb(project, first)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, (out + err)[-4000:]

    killed, repeated = cluster.jobs(project.root)
    assert (killed.number, killed.state, repeated.state) == (first.number, state, "COMPLETED")
    (log_of_killed,) = project.root.glob(f".snakemake/slurm_logs/**/{killed.number}.log")
    assert reason in log_of_killed.read_text(encoding="utf-8")
    log = (project.root / LOG).read_text(encoding="utf-8")
    done = int(log.split("resuming after epoch ")[1].split()[0])
    assert EPOCHS // 10 <= done < EPOCHS
    for name in ("weights.safetensors", "model.json", "history.csv"):
        assert (project.root / MODEL / name).read_bytes() == (uninterrupted.root / MODEL / name).read_bytes(), name


@contextmanager
def started(project: Project, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command and kill it at the end of the test; its jobs end with Slurm."""
    with project.start(*command) as process:
        try:
            yield process
        finally:
            process.kill()


def _epoch(path: Path) -> int:
    """Return the epoch of a checkpoint, or 0 if there is none."""
    if not path.is_file():
        return 0
    with safe_open(path, framework="np") as stream:
        return int(stream.metadata()["epoch"])
