"""A clone has the committed bytes on every system, and an unpacked archive is no part of a repository around it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline.project import ROOT, Project, copy_project, needs_git, project_files

COMMIT = "import json; from nvae.provenance.commit import commit; print(json.dumps(commit()))"
UNKNOWN = {"commit": None, "dirty": None}


def named(project: Project, **environ: str) -> dict[str, object]:
    """Return the commit that a job of the project names in its sidecar."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", COMMIT],
        cwd=project.root.parent,
        env=project.environ() | environ,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    """Return a copy of the package in a repository of its own, inside another one."""
    for folder in (tmp_path, tmp_path / "project"):
        shutil.copytree(ROOT / "nvae/provenance", folder / "nvae/provenance")
        for name in ("nvae/__init__.py", "nvae/errors.py"):
            shutil.copy(ROOT / name, folder / name)
        Project(folder).do("git", "init", "-q", "-b", "main")
        Project(folder).commit(f"in {folder.name}")
    return Project(tmp_path / "project")


@needs_git
def test_a_clone_has_the_committed_bytes_whatever_its_line_ends(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    content = {path.relative_to(ROOT): path.read_bytes() for path in project_files()}
    for name, data in content.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    project = Project(source)
    project.do("git", "init", "-q", "-b", "main")
    project.commit("all")
    project.do("git", "clone", "-q", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", str(source), str(clone))
    assert [name for name, data in content.items() if (clone / name).read_bytes() != data] == []


@needs_git
def test_the_files_of_the_project_are_those_that_git_would_add(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    for name in ("results/demo/a.csv", ".venv/b.py", ".dvc/tmp/c", "nvae/__pycache__/d.pyc", "nvae/e.py", "f.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    listed = project.do("git", "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    found = {path.relative_to(tmp_path).as_posix() for path in project_files(tmp_path)}
    assert found == {name for name in listed if name}
    assert "nvae/e.py" in found


@needs_git
def test_a_sidecar_names_the_commit_of_the_code_and_whether_the_code_was_changed(repository: Project) -> None:
    head = repository.do("git", "rev-parse", "HEAD").strip()
    assert named(repository) == {"commit": head, "dirty": False}
    # The repository of a git hook, or of the folder in which the command runs, is another one.
    outer = str(repository.root.parent / ".git")
    assert named(repository, GIT_DIR=outer)["commit"] == head
    with (repository.root / "nvae/errors.py").open("a", encoding="utf-8") as stream:
        stream.write("# a remark\n")
    assert named(repository) == {"commit": head, "dirty": True}


@needs_git
def test_a_work_tree_of_a_repository_has_a_commit_too(repository: Project) -> None:
    other = repository.root.parent / "other"
    repository.do("git", "worktree", "add", "-q", str(other))
    assert named(Project(other)) == named(repository) != UNKNOWN


@needs_git
def test_an_archive_inside_a_repository_has_no_commit(repository: Project) -> None:
    shutil.rmtree(repository.root / ".git")
    assert named(repository) == UNKNOWN


@needs_git
def test_without_git_there_is_no_commit(repository: Project, tmp_path: Path) -> None:
    assert named(repository, PATH=str(tmp_path / "empty")) == UNKNOWN
