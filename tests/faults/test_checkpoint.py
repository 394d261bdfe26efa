"""A truncated checkpoint is ignored with a warning, and training starts from scratch."""

import shutil
from pathlib import Path

from tests.faults.runs import group, kill_group, snakemake, until, untouched
from tests.pipeline.project import Project
from tests.pipeline.test_resume import CHECKPOINT, EPOCHS, _epoch, _long

MODEL = Path("results/paper/models/glyphs/n_vae/seed0")


def test_a_run_with_a_truncated_checkpoint_ends_with_the_same_bytes(finished: Project, tmp_path: Path) -> None:
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
            run.output,
        )
        kill_group(run)
        assert run.process.returncode != 0, "the run ended before it was killed: raise EPOCHS"
        checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
        again = start(project, *make)
        assert again.wait() == 0, again.output()
        assert f"{CHECKPOINT}: a damaged checkpoint" in again.output()
        assert "going on" not in again.output()
    project.do("nvae", "train", "glyphs", "--out", "uninterrupted")
    for name in ("weights.safetensors", "history.csv", "model.json"):
        assert (project.root / MODEL / name).read_bytes() == (project.root / "uninterrupted" / name).read_bytes(), name
    assert not checkpoint.exists()
