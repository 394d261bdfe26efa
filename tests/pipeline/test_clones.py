"""In every clone, an edit is noticed as in the one in which the run was made, and the same results are made again."""

import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from nvae.claims import load as load_claims
from nvae.config import load
from nvae.pipeline.graph import Pipeline
from nvae.provenance.sidecars import sidecar_of
from tests.pipeline.clones import ARCHIVE, FRESH, KINDS, OWN, SHALLOW, WORKTREE, clone, plan, results, touch
from tests.pipeline.edits import BY_NAME, CODE, SETTINGS, UNRELATED, Edit
from tests.pipeline.project import Project, needs_git

pytestmark = needs_git
#: Edits of settings, training and claims, for what depends little on the edit.
HANDFUL = [BY_NAME[name] for name in ("class_dims", "nvae/training/loop.py", "claims.yaml")]
RECORDS = Path("results/paper/records")
KL = Path("results/paper/tables/kl.csv")


def _in_clones_alone(*kinds: str) -> list[object]:
    """Return all kinds of clones as parameters, of which these are left to ``make clones``."""
    return [pytest.param(kind, marks=[pytest.mark.clones] if kind in kinds else []) for kind in KINDS]


class Clones:
    """Clones of one project, each made when it is first needed, and what is planned in them after an edit.

    Args:
        original: Project in which the run was made; its results are committed.
        folder: Folder of the clones.
    """

    def __init__(self, original: Project, folder: Path) -> None:
        self.original = original
        self._folder = folder
        self._made: dict[str, Project] = {}
        self._plans: dict[tuple[str, str], frozenset[str]] = {}

    def __getitem__(self, kind: str) -> Project:
        if kind not in self._made:
            self._made[kind] = self.new(kind)
        return self._made[kind]

    def new(self, kind: str) -> Project:
        """Return a new clone, which a test may change."""
        number = len(list(self._folder.iterdir()))
        return clone(kind, self.original, self._folder / f"{number}-{kind.replace(' ', '-')}")

    def plan(self, kind: str, edit: Edit) -> frozenset[str]:
        """Return the files that are made again for all figures after an edit."""
        key = (kind, edit.name)
        if key not in self._plans:
            with edit.applied(self[kind]):
                self._plans[key] = plan(self[kind], "all_figures")
        return self._plans[key]


@pytest.fixture(scope="module")
def clones(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Clones:
    """Return the clones of a project in which profile paper, which is small, was run and committed."""
    folder = tmp_path_factory.mktemp("clones")
    original = clone(OWN, finished, folder / "original")
    original.commit("results")
    return Clones(original, folder)


@pytest.mark.parametrize(
    "edit",
    [pytest.param(edit, marks=[] if edit in HANDFUL else pytest.mark.clones) for edit in (*SETTINGS, *CODE)],
    ids=lambda edit: edit.name,
)
def test_an_edit_is_noticed_in_a_fresh_clone_as_in_the_own_one(clones: Clones, edit: Edit) -> None:
    own, fresh = _both(clones, edit)
    assert edit.made in own
    assert edit.kept not in own
    assert results(fresh) == results(own)
    assert own <= fresh
    assert fresh - own == _needed_and_missing(clones[FRESH], edit, fresh - own, fresh)


@pytest.mark.parametrize("edit", UNRELATED, ids=lambda edit: edit.name)
def test_an_unrelated_edit_makes_nothing_again(clones: Clones, edit: Edit) -> None:
    assert _both(clones, edit) == (frozenset(), frozenset())


def _both(clones: Clones, edit: Edit) -> tuple[frozenset[str], frozenset[str]]:
    """Return what is planned in the own and in a fresh clone, both at once, and check that `nvae verify` agrees."""

    def planned(kind: str) -> frozenset[str]:
        files = clones.plan(kind, edit)
        with edit.applied(clones[kind]):
            verified = clones[kind].call("nvae", "verify")
            if kind == FRESH and edit.made:
                assert edit.made in plan(clones[kind], edit.made) <= files
        assert (verified.returncode, verified.stderr.count("\n")) == ((2, 1) if files else (0, 0)), verified.stdout
        return files

    with ThreadPoolExecutor(2) as pool:
        own, fresh = pool.map(planned, (OWN, FRESH))
    return own, fresh


def _needed_and_missing(project: Project, edit: Edit, extra: frozenset[str], planned: frozenset[str]) -> frozenset[str]:
    """Return those of the extra files that are data or models which a planned step reads, and which are missing."""
    with edit.applied(project):
        config = load(project.root / "params.yaml", profile="paper")
        pipeline = Pipeline(config, load_claims(project.root / "claims.yaml"))
    steps = list(pipeline.steps())
    made = [set(map(str, step.files.values())) for step in steps]
    read = {
        file
        for step, files in zip(steps, made, strict=True)
        if files & planned
        for group in step.inputs.values()
        for file in group
    }
    return frozenset(
        file
        for files in made
        if files & read and not all((project.root / file).exists() for file in files)
        for file in files & extra
    )


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.clones) for kind in (SHALLOW, WORKTREE)), ARCHIVE]
)
def test_in_other_clones_the_same_is_planned_as_in_a_fresh_one(clones: Clones, kind: str) -> None:
    for edit in (*HANDFUL, BY_NAME["nvae/cli.py"]):
        assert clones.plan(kind, edit) == clones.plan(FRESH, edit), edit.name
    assert clones[kind].call("nvae", "verify").returncode == 0


@pytest.mark.parametrize("kind", _in_clones_alone(OWN, SHALLOW, WORKTREE))
def test_new_time_stamps_of_all_files_make_nothing_again(clones: Clones, kind: str) -> None:
    project = clones.new(kind)
    for _ in range(2):
        touch(project)
        assert plan(project, "all_figures") == frozenset()


@pytest.mark.clones
def test_after_a_run_in_a_fresh_clone_edits_are_noticed_as_in_the_own_one(clones: Clones) -> None:
    """The run trains the models that its samples need, and nothing that was current is made again because of them."""
    projects = own, fresh = clones.new(OWN), clones.new(FRESH)
    assert fresh.planned("all_figures") == {}
    for project in projects:
        BY_NAME["samples.sigmas"].change(project)
        project.snakemake("all_figures")
        assert plan(project, "all_figures") == frozenset()
        assert project.call("nvae", "verify").returncode == 0
    assert list(fresh.root.glob("results/paper/models/*/n_vae/*/*.safetensors"))
    for edit in HANDFUL:
        with edit.applied(own), edit.applied(fresh):
            planned = plan(own, "all_figures"), plan(fresh, "all_figures")
        assert edit.made in planned[0]
        assert results(planned[0]) == results(planned[1]), edit.name


@pytest.mark.parametrize("kind", [OWN, FRESH])
def test_results_that_are_deleted_with_their_sidecars_are_noticed(clones: Clones, kind: str) -> None:
    project = clones[kind]
    names = (str(KL), "results/paper/tables/samples/glyphs-n_vae.npz", "paper_figs/fig05_kl_per_dimension.png")
    with ExitStack() as kept:
        for name in names:
            for path in (Path(name), sidecar_of(Path(name))):
                kept.enter_context(project.kept(str(path))).unlink()
        assert plan(project, "all_figures") >= set(names)
        verified = project.call("nvae", "verify")
        assert verified.returncode == 2
        assert {f"{name}: it is missing" for name in names} <= set(verified.stdout.splitlines())
    assert plan(project, "all_figures") == frozenset()


@pytest.mark.parametrize("kind", _in_clones_alone(*set(KINDS) - {FRESH}))
def test_results_that_are_edited_by_hand_are_made_again(clones: Clones, kind: str) -> None:
    project = clones[kind]
    names = (
        str(KL),
        "results/paper/runs/metrics/glyphs/n_vae/seed0.csv",
        "results/paper/release/glyphs/n_vae/model.json",
        "results/paper/claims.json",
        "paper_figs/fig05_kl_per_dimension.rst",
    )
    assert plan(project, "all_figures") == frozenset()  # in a fresh clone, this restores the tables of single runs
    with ExitStack() as kept:
        for name in names:
            path = kept.enter_context(project.kept(name))
            path.write_bytes(path.read_bytes()[:-2] + b"0\n")
        for _ in range(2):
            output = project.do("snakemake", "-n", "--", "all_figures")
            assert len(re.findall(r"nvae: \d+ results are not as recorded, and will be made again: ", output)) == 1
        assert plan(project, "all_figures") >= set(names)
        assert project.call("nvae", "verify").returncode == 2
    assert plan(project, "all_figures") == frozenset()


def _deleted(folder: Path) -> None:
    shutil.rmtree(folder)


def _lost(folder: Path) -> None:
    """Lose the newest records, as after a power cut: some have not reached the disk, and others are empty."""
    files = [path for path in (folder / "metadata").rglob("*") if path.is_file()]
    files.sort(key=lambda path: path.stat().st_mtime)
    for number, path in enumerate(files[len(files) // 3 :]):
        if number % 2:
            path.unlink()
        else:
            path.write_bytes(b"")


@pytest.mark.parametrize(
    ("kind", "harm"),
    [
        (OWN, _lost),
        (FRESH, _deleted),
        pytest.param(OWN, _deleted, marks=pytest.mark.clones),
        pytest.param(FRESH, _lost, marks=pytest.mark.clones),
    ],
)
def test_an_edit_is_noticed_without_records_of_snakemake(
    clones: Clones, kind: str, harm: Callable[[Path], None]
) -> None:
    project = clones[kind]
    for edit in HANDFUL[:2]:
        expected = clones.plan(kind, edit)
        with edit.applied(project):
            harm(project.root / ".snakemake")
            assert plan(project, "all_figures") == expected
    harm(project.root / ".snakemake")
    assert plan(project, "all_figures") == frozenset()


def test_without_the_files_of_records_one_line_says_so_and_everything_is_made_again(clones: Clones) -> None:
    project = clones.new(FRESH)
    shutil.rmtree(project.root / RECORDS)
    for _ in range(2):
        output = project.do("snakemake", "-n", "--", "all_figures")
        lines = [line for line in output.splitlines() if f"have no record in {RECORDS}" in line]
        assert len(lines) == 1
        assert "`nvae reproduce` makes results from the raw data" in lines[0]
    jobs = project.planned("all_figures")
    bare = clones.new(FRESH)
    shutil.rmtree(bare.root / "results/paper")
    shutil.rmtree(bare.root / "paper_figs")
    whole = bare.planned("all_figures")
    # Without inputs, their sidecars have all of their records.
    assert {rule: n for rule, n in whole.items() if jobs.get(rule) != n} == {"variants": 1, "fig04_graphical_model": 1}
    project.do("git", "checkout", "-q", "--", str(RECORDS))
    assert plan(project, "all_figures") == frozenset()


def test_the_own_clone_needs_no_files_of_records_and_writes_them_again(clones: Clones) -> None:
    project = clones.new(OWN)
    before = {path: path.read_bytes() for path in (project.root / RECORDS).iterdir()}
    former = project.root / RECORDS / "for-99.json"  # of a figure that is gone
    shutil.copy(next(iter(before)), former)
    for path in before:
        path.unlink()
    assert plan(project, "all_figures") == frozenset()
    assert {path: path.read_bytes() for path in (project.root / RECORDS).iterdir()} == before
