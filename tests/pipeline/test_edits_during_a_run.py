"""Edits while a run goes on: a job does what was planned or refuses, so that no wrong result is recorded as right."""

import hashlib
import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nvae.provenance import sha256
from nvae.provenance.sidecars import SIDECAR
from tests.pipeline.clones import OWN, clone, plan
from tests.pipeline.project import Project, copy_project, needs_git, shrink_paper

pytestmark = needs_git
MODEL = "results/paper/models/glyphs/n_vae/seed0"
#: Targets of three jobs, too few for a fork server, and of six, which fork from a server as soon as it is ready.
FEW = (f"{MODEL}/weights.safetensors",)
MANY = tuple(f"results/paper/runs/{table}/glyphs/n_vae/seed0.csv" for table in ("aggregate", "kl", "metrics"))
SETTINGS = "settings that were changed since the run was planned"
CODE = "code that was changed since the run was planned"
LOOP = "nvae/training/loop.py"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the fork server needs Linux")
#: Shell command that waits for the fork server, which then has loaded all code.
AWAIT_SERVER = 'while ! ls "${NVAE_FORK_SERVER:?}" | grep -q .; do sleep 0.05; done'
_WRAPPER = """#!/bin/sh
once() {{ [ -e {hooks}/"$1" ] && mkdir {hooks}/"$1.done" 2> {hooks}/log && sh -e {hooks}/"$1" >> {hooks}/log 2>&1; }}
once "before $1"
{nvae} "$@"
code=$?
once "after $1"
exit $code
"""


@dataclass(frozen=True)
class HookedProject(Project):
    """Copy of the project in which commands run before or after the first job of a verb.

    Args:
        root: Folder of the copy.
        hooks: Folder of the commands, and of a program ``nvae`` that runs them.
    """

    hooks: Path

    def environ(self) -> dict[str, str]:
        """Return the environment of a command, which finds the program first."""
        environ = super().environ()
        return environ | {"PATH": f"{self.hooks}{os.pathsep}{environ['PATH']}"}

    def hook(self, moment: str, *commands: str) -> None:
        """Let shell commands run in the copy's folder at a moment such as ``before train``, once."""
        (self.hooks / moment).write_text("\n".join(commands) + "\n", encoding="utf-8")

    def put(self, name: str, content: str) -> str:
        """Return the shell command that replaces the content of a file of the copy."""
        kept = self.hooks / f"{len(list(self.hooks.iterdir()))}.content"
        kept.write_text(content, encoding="utf-8")
        return f"cp {shlex.quote(str(kept))} {shlex.quote(name)}"

    def read(self, name: str) -> str:
        """Return the content of a file of the copy."""
        return (self.root / name).read_text(encoding="utf-8")


def _hooked(project: Project, hooks: Path) -> HookedProject:
    hooks.mkdir()
    nvae = Path(sys.executable).with_name("nvae")
    wrapper = hooks / "nvae"
    wrapper.write_text(_WRAPPER.format(hooks=shlex.quote(str(hooks)), nvae=shlex.quote(str(nvae))), encoding="utf-8")
    wrapper.chmod(0o755)
    return HookedProject(project.root, hooks)


@pytest.fixture
def new(tmp_path: Path) -> HookedProject:
    """Return a project with a small profile paper, in which nothing has run."""
    project = _hooked(copy_project(tmp_path / "project"), tmp_path / "hooks")
    project.edit_params(shrink_paper)
    project.commit("a small paper")
    return project


@pytest.fixture
def own(finished: Project, tmp_path: Path) -> HookedProject:
    """Return a project in which everything was made and committed."""
    project = _hooked(clone(OWN, finished, tmp_path / "project"), tmp_path / "hooks")
    project.commit("results")
    return project


def _sidecars(project: Project, verb: str = "") -> dict[str, dict[str, Any]]:
    """Return the contents of the sidecars of a verb, or of all verbs, by path."""
    found = {}
    for path in sorted(project.root.rglob(f"*{SIDECAR}")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if verb in ("", content["made_from"]["verb"]):
            found[path.relative_to(project.root).as_posix()] = content
    return found


def _refused(project: Project, verb: str, reason: str, *targets: str) -> None:
    """Require that the first job of a verb stops a run with one line and exit code 2, and that it writes no sidecar."""
    before = _sidecars(project, verb)
    run = project.call("snakemake", "--cores", "1", "--config", "profile=paper", "--", *targets)
    output = run.stdout + run.stderr
    assert run.returncode != 0, output
    assert "non-zero exit status 2" in output, output
    assert "Traceback" not in output
    (error,) = {line for line in output.splitlines() if line.startswith("nvae: error: ")}
    assert reason in error
    assert _sidecars(project, verb) == before


def _require_right(project: Project, *targets: str) -> None:
    """Require that nothing is to be done, that all results are as recorded, and that commits have the recorded code."""
    assert plan(project, *targets) == frozenset()
    verified = project.call("nvae", "verify").stdout.splitlines()
    assert [line for line in verified[:-1] if not line.endswith(": it is missing")] == []
    recorded = {
        (content["run"]["commit"], file, digest)
        for content in _sidecars(project).values()
        for file, digest in content["made_from"]["code"].items()
        if not content["run"]["dirty"]
    }
    for commit, file, digest in recorded:
        source = project.do("git", "show", f"{commit}:{file}")
        assert hashlib.sha256(source.encode()).hexdigest().startswith(digest), (commit, file)


@pytest.mark.parametrize("targets", [FEW, pytest.param(MANY, marks=on_linux)], ids=["few jobs", "fork server"])
def test_settings_that_are_others_for_a_while_train_no_model(new: HookedProject, targets: tuple[str, ...]) -> None:
    """`class_dims` is changed while the data are prepared, and changed back when the model is written."""
    planned = new.read("params.yaml")
    new.edit_params(lambda params: params["models"]["n_vae"]["glyphs"].update(class_dims=1))
    new.hook("before prepare", new.put("params.yaml", new.read("params.yaml")))
    new.hook("after train", new.put("params.yaml", planned))
    (new.root / "params.yaml").write_text(planned, encoding="utf-8")
    _refused(new, "train", SETTINGS, *targets)
    assert new.read("params.yaml") == planned
    new.snakemake(*targets)
    _require_right(new, *targets)
    assert _sidecars(new)[f"{MODEL}{SIDECAR}"]["made_from"]["params"]["model"]["class_dims"] == 2


@pytest.mark.parametrize(
    ("targets", "moment", "wait"),
    [
        pytest.param(FEW, "before prepare", "true", id="few jobs", marks=pytest.mark.clones),
        pytest.param(
            MANY, "before draw-data", "true", id="fork server that is importing", marks=[on_linux, pytest.mark.clones]
        ),
        pytest.param(MANY, "before train", AWAIT_SERVER, id="fork server that is ready", marks=on_linux),
    ],
)
@pytest.mark.parametrize(
    "committed", [False, pytest.param(True, marks=pytest.mark.clones)], ids=["edited", "committed"]
)
def test_code_that_changes_during_a_run_trains_no_model(
    new: HookedProject, targets: tuple[str, ...], moment: str, wait: str, committed: bool
) -> None:
    """The same command then trains it with the changed code."""
    commit = "git -c user.name=test -c user.email=test@localhost commit -qam edited" if committed else "true"
    new.hook(moment, wait, f"echo '# a remark' >> {LOOP}", commit)
    _refused(new, "train", CODE, *targets)
    new.snakemake(*targets)
    _require_right(new, *targets)
    made = _sidecars(new)[f"{MODEL}{SIDECAR}"]
    assert sha256(new.root / LOOP).startswith(made["made_from"]["code"][LOOP])
    assert made["run"]["dirty"] is not committed
    assert made["run"]["commit"] == new.do("git", "rev-parse", "HEAD").strip()


@on_linux
def test_code_of_a_later_job_that_changes_stops_that_job_alone(new: HookedProject) -> None:
    new.hook("before train", AWAIT_SERVER, "echo '# a remark' >> nvae/analyses/aggregate.py")
    _refused(new, "aggregate", f"{CODE} (nvae/analyses/aggregate.py)", *MANY)
    trained = _sidecars(new, "train")
    assert len(trained) == 1
    new.snakemake(*MANY)
    assert _sidecars(new, "train") == trained
    _require_right(new, *MANY)


@on_linux
def test_a_commit_of_other_files_during_a_run_leaves_the_commit_of_the_code_in_the_sidecars(new: HookedProject) -> None:
    before = new.do("git", "rev-parse", "HEAD").strip()
    new.hook(
        "before train",
        AWAIT_SERVER,
        "echo remark >> docs/choices.md",
        "git -c user.name=test -c user.email=test@localhost commit -qam remark",
    )
    new.snakemake(*MANY)
    _require_right(new, *MANY)
    assert new.do("git", "rev-parse", "HEAD").strip() != before
    assert _sidecars(new)[f"{MODEL}{SIDECAR}"]["run"]["commit"] == before


def test_claims_that_change_during_a_run_are_those_that_are_evaluated(own: HookedProject) -> None:
    for name in ("tables/metrics.csv", "claims.json"):
        (own.root / "results/paper" / name).unlink()
    own.hook("before claims", "sed -i 's/sentence: On Fashion-MNIST the/sentence: On garments the/' claims.yaml")
    own.snakemake("all_figures")
    _require_right(own, "all_figures")
    claims = json.loads(own.read("results/paper/claims.json"))["claims"]
    assert claims[0]["sentence"].startswith("On garments the")


def test_an_input_that_is_replaced_while_a_job_reads_it_is_noticed(own: HookedProject) -> None:
    """The prepared set is replaced by another one when the first checkpoint is there."""
    data, checkpoint = "data/prepared/paper/glyphs.npz", "results/paper/checkpoints/glyphs/n_vae/seed0.safetensors"
    own.edit_params(lambda params: params["profiles"]["paper"]["training"]["glyphs"].update(epochs=60))
    own.commit("longer")
    own.hook(
        "before train",
        f"(until [ -e {checkpoint} ]; do sleep 0.01; done; cp data/prepared/paper/garments.npz {data}) &",
    )
    reason = f"{data}: got a file that was changed while it was in use"
    _refused(own, "train", reason, *FEW)
    assert own.call("nvae", "verify", data).returncode == 2
    own.snakemake(*FEW)
    assert plan(own, *FEW) == frozenset()
    assert own.call("nvae", "verify", data, MODEL).returncode == 0


def test_a_registry_that_changes_after_the_plan_fetches_nothing(new: HookedProject) -> None:
    digest = new.do("python", "-c", "from nvae.pipeline import plans; print(plans.fetch('mnist').digest)").strip()
    first = new.read("data/registry.csv").splitlines()[1].split(",")[8]
    with new.kept("data/registry.csv") as registry:
        registry.write_text(new.read("data/registry.csv").replace(first, 64 * "0"), encoding="utf-8")
        refused = new.call("nvae", "fetch", "mnist", "--plan", digest)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert f"nvae fetch: got {SETTINGS}" in refused.stderr
    assert not (new.root / "data/raw").exists()
