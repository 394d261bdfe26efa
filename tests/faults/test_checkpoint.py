"""A checkpoint that is cut in half is told, and the run starts anew."""

import shutil
from pathlib import Path

from tests.faults.runs import group, kill_group, snakemake, unlock, until, untouched
from tests.pipeline.project import Project
from tests.pipeline.test_resume import CHECKPOINT, EPOCHS, _epoch, _long

MODEL = Path("results/paper/models/glyphs/n_vae/seed0")


def test_a_run_with_half_a_checkpoint_ends_with_the_same_bytes(finished: Project, tmp_path: Path) -> None:
    project = untouched(finished, tmp_path / "project")
    project.edit_params(_long)
    shutil.copytree(finished.root / "data", project.root / "data", dirs_exist_ok=True)
    checkpoint = project.root / CHECKPOINT
    make = snakemake(str(MODEL / "weights.safetensors"))
    with group() as start:
        run = start(project, *make)
        until(
            lambda: run.ended() or (checkpoint.is_file() and _epoch(checkpoint) >= EPOCHS // 10),
            "a checkpoint",
            run.said,
        )
        kill_group(run)
        assert run.process.returncode != 0, "the run ended before it was killed: raise EPOCHS"
        unlock(project)
        checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
        again = start(project, *make)
        assert again.wait() == 0, again.said()
        assert f"{CHECKPOINT}: a damaged checkpoint" in again.said()
        assert "going on" not in again.said()
    project.do("nvae", "train", "glyphs", "--out", "undisturbed")
    for name in ("weights.safetensors", "history.csv", "model.json"):
        assert (project.root / MODEL / name).read_bytes() == (project.root / "undisturbed" / name).read_bytes(), name
    assert not checkpoint.exists()
