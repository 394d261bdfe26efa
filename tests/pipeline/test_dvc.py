"""DVC with a finished run: there is nothing to do, changes are detected, and a clone can be restored."""

import re
import shutil
from pathlib import Path

import pytest

from nvae.config import load
from nvae.figures import FIGURES
from tests.pipeline.project import ROOT, Project, comment, needs_git
from tests.pipeline.sftp import Server, sftp_server

pytestmark = needs_git
CLEAN = "Data and pipelines are up to date."
FIG04 = "fig04_graphical_model"


@pytest.fixture(scope="module")
def locked(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the finished run under DVC: made by Snakemake, committed, and pushed to a folder."""
    root = tmp_path_factory.mktemp("locked") / "project"
    shutil.copytree(finished.root, root)
    project = Project(root)
    project.do("dvc", "commit", "-f")
    project.commit("results")
    project.do("dvc", "remote", "add", "--local", "-d", "folder", str(root.parent / "remote"))
    project.do("dvc", "push")
    return project


def _clone(project: Project, root: Path) -> Project:
    project.do("git", "clone", "-q", str(project.root), str(root))
    clone = Project(root)
    clone.do("dvc", "remote", "add", "--local", "-d", "folder", str(project.root.parent / "remote"))
    return clone


def test_dvc_has_nothing_to_do_after_snakemake_and_commit(locked: Project) -> None:
    assert CLEAN in locked.do("dvc", "status")
    output = locked.do("dvc", "repro")
    assert "Running stage" not in output
    assert output.count("didn't change, skipping") > 2 * len(FIGURES)
    assert locked.do("git", "status", "--porcelain") == ""


def test_a_clone_without_data_and_models_has_nothing_to_do_and_detects_changes(locked: Project, tmp_path: Path) -> None:
    locked.do("git", "clone", "-q", str(locked.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert "Running stage" not in clone.do("dvc", "repro", "--allow-missing")
    assert "Running stage 'for-S07'" in clone.do("dvc", "repro", "--dry", "figure@supp07_known_factors")
    assert clone.do("git", "status", "--porcelain") == ""

    clone.edit_params(lambda params: params["samples"].update(sigmas=[1.0]))
    output = clone.do("dvc", "repro", "--dry", "--allow-missing")
    # What reads the samples is not among them: in a dry run, the records of the samples stay as they are.
    assert set(re.findall(r"Running stage '(.+)'", output)) == {"for-S01", "for-S02", "for-11-S01", "for-11-S02"}


def test_metrics_and_plots_can_be_shown(locked: Project, tmp_path: Path) -> None:
    shown = locked.do("dvc", "metrics", "show")
    assert "glyphs.n_vae_no_bias.negative_bound_nats" in shown
    output = locked.do("dvc", "plots", "show", "-o", str(tmp_path))
    assert "WARNING" not in output
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count('"negative_bound"') > 4
    assert '"split": "validation"' in page


def test_another_profile_leaves_the_status_clean(locked: Project) -> None:
    locked.snakemake(FIG04, "data/prepared/smoke/glyphs.npz", profile="smoke")
    assert CLEAN in locked.do("dvc", "status")
    locked.do("dvc", "checkout")
    assert locked.planned(FIG04, "data/prepared/smoke/glyphs.npz", profile="smoke") == {}


def test_one_changed_figure_is_redrawn_and_the_lock_is_updated(locked: Project) -> None:
    with locked.kept(f"nvae/figures/{FIG04}.py") as path, locked.kept("dvc.lock"):
        comment(path)
        output = locked.do("dvc", "repro", f"figure@{FIG04}")
        assert re.findall(r"Running stage '(.+)'", output) == [FIG04]  # the same bytes: there is nothing to verify
        assert "1 of 1 steps (100%) done" in output
        assert CLEAN in locked.do("dvc", "status")
    locked.do("git", "checkout", "-q", ".")
    locked.do("dvc", "checkout")
    assert CLEAN in locked.do("dvc", "status")
    assert locked.planned("all_figures") == {}


def test_an_experiment_runs_with_one_changed_value(fresh: Project) -> None:
    change = "training.defaults.learning_rate=0.00001"  # DVC writes 1e-05
    fresh.do("dvc", "exp", "run", "--single-item", "-S", change, FIG04)
    assert (fresh.root / f"paper_figs/{FIG04}.pdf").is_file()
    before, after = (load(root / "params.yaml").training["defaults"] for root in (ROOT, fresh.root))
    assert after == {**before, "learning_rate": 0.00001}


def test_a_restored_clone_has_nothing_to_do_and_detects_changes(locked: Project, tmp_path: Path) -> None:
    clone = _clone(locked, tmp_path / "clone")
    assert "restored; all files match dvc.lock" in clone.do("nvae", "restore")
    assert clone.planned("all_figures") == {}
    assert CLEAN in clone.do("dvc", "status")
    assert clone.do("git", "status", "--porcelain") == ""

    clone.edit_params(lambda params: params["traversals"].update(steps=3))
    assert clone.planned("all_figures")["traversals"] == 5
    status = clone.do("dvc", "status")
    changed = set(re.findall(r"^([\w-]+):", status, re.MULTILINE))
    assert changed == {"for-01", "for-02", "for-06", "for-07", "for-08", "tables"}  # traversals, and responses to them
    assert "some files differ from dvc.lock" in clone.do("nvae", "restore")


@pytest.mark.clones
def test_a_clone_is_restored_over_ssh_and_redraws_the_same_bytes(locked: Project, tmp_path: Path) -> None:
    """Push, clone, pull, restore and redraw, through a server that accepts one key."""
    with sftp_server(tmp_path / "served", secrets=tmp_path) as server:
        _use(locked, server)
        pushed = locked.do("dvc", "push", "-r", "server")
        assert re.search(r"\d+ files? pushed", pushed)
        assert any(path.is_file() for path in (tmp_path / "served/cache").rglob("*"))
        clone = Project(tmp_path / "clone")
        locked.do("git", "clone", "-q", str(locked.root), str(clone.root))
        _use(clone, server)
        clone.do("dvc", "remote", "default", "--local", "server")
        assert "restored; all files match dvc.lock" in clone.do("nvae", "restore")
    assert clone.planned("all_figures") == {}
    assert CLEAN in clone.do("dvc", "status")
    assert "artefacts are as recorded" in clone.do("nvae", "verify")
    for suffix in ("pdf", "png", "rst"):
        (clone.root / f"paper_figs/{FIG04}.{suffix}").unlink()
    clone.snakemake(FIG04)
    assert clone.do("git", "status", "--porcelain", "--", "paper_figs/*.pdf", "paper_figs/*.png") == ""

    shutil.rmtree(clone.root / ".dvc/cache")
    shutil.rmtree(clone.root / "results/paper/models")
    result = clone.call("nvae", "restore")
    assert result.returncode == 2
    assert "got [Errno 111] Connect call failed" in result.stderr
    assert result.stderr.count("\n") == 1


def _use(project: Project, server: Server) -> None:
    project.do("dvc", "remote", "add", "--local", "--force", "server", server.url)
    project.do("dvc", "remote", "modify", "--local", "server", "keyfile", str(server.key))


def test_a_restored_clone_detects_code_that_was_changed_before_the_restore(locked: Project, tmp_path: Path) -> None:
    clone = _clone(locked, tmp_path / "clone")
    comment(clone.root / "nvae/models/likelihoods.py")
    clone.do("nvae", "restore")
    assert clone.planned("all_figures")["train_model"] == 24


def test_restore_from_a_missing_remote_is_an_error(locked: Project, tmp_path: Path) -> None:
    clone = _clone(locked, tmp_path / "clone")
    shutil.move(locked.root.parent / "remote", tmp_path / "away")
    try:
        result = clone.call("nvae", "restore")
    finally:
        shutil.move(tmp_path / "away", locked.root.parent / "remote")
    assert result.returncode == 2
    assert result.stderr.startswith("nvae: error: DVC's default remote: got [Errno 2] No such file or directory: ")
    assert result.stderr.count("\n") == 1


def test_restore_keeps_unsaved_changes(locked: Project) -> None:
    with locked.kept("data/raw/glyphs.sha256") as path:
        path.write_text("mine\n", encoding="utf-8")
        result = locked.call("nvae", "restore")
        assert result.returncode == 2
        assert "no output with changes that are not in DVC's cache" in result.stderr
        assert path.read_text(encoding="utf-8") == "mine\n"


def test_restore_without_a_lock_is_an_error(fresh: Project) -> None:
    result = fresh.call("nvae", "restore")
    assert result.returncode == 2
    assert result.stderr.startswith("nvae: error: dvc.lock: got no such file")
