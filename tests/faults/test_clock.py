"""A clock that was set back hides no change and prevents no job."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from nvae.clock import LONG_AGO, TOLERATED_S, redate_future_files
from nvae.figures import SUFFIXES
from tests.faults.runs import listing
from tests.pipeline.project import Project

FIG01 = "fig01_mnist_class_traversals"
TABLE = "results/paper/tables/traversals/glyphs-n_vae-class.npz"
DAY_S = 86_400.0


@pytest.fixture
def made(finished: Project, tmp_path: Path) -> Project:
    """Return a copy of the finished run, in which the dates of files may be changed."""
    shutil.copytree(finished.root, tmp_path / "project")
    return Project(tmp_path / "project")


def _date(project: Project, names: Iterable[str], ahead_s: float) -> None:
    date = time.time() + ahead_s
    for name in names:
        os.utime(project.root / name, (date, date))


def test_a_file_dated_tomorrow_is_made_again_if_its_inputs_have_changed(made: Project) -> None:
    _date(made, listing(made.root), DAY_S)
    assert made.planned("all_figures") == {}

    _date(made, listing(made.root), DAY_S)
    claims = made.root / "claims.yaml"
    claims.write_text(claims.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    assert made.planned("all_figures") == {"check_claims": 1, "all_figures": 1}

    figure = [f"paper_figs/{FIG01}.{suffix}" for suffix in SUFFIXES]
    old = [(made.root / name).read_bytes() for name in figure]
    made.edit_params(lambda params: params["traversals"].update(steps=params["traversals"]["steps"] + 2))
    _date(made, listing(made.root), DAY_S)
    made.snakemake(TABLE)  # a job that reads files dated tomorrow
    _date(made, figure, DAY_S)  # and whose output is older than the figure
    made.snakemake(figure[0])
    made.do("nvae", "draw", "fig01", "--out", "again")
    new = [(made.root / "again" / Path(name).name).read_bytes() for name in figure]
    assert [(made.root / name).read_bytes() for name in figure] == new
    assert new[1] != old[1]


def test_unchanged_inputs_may_have_newer_dates(made: Project) -> None:
    _date(made, listing(made.root), -DAY_S)
    _date(made, [name for name in listing(made.root) if not name.startswith("paper_figs")], 0)
    _date(made, ["claims.yaml"], DAY_S)
    assert made.planned("all_figures") == {}
    assert (made.root / "claims.yaml").stat().st_mtime < time.time() + 1


def test_only_dates_beyond_the_clock_tolerance_are_changed(tmp_path: Path) -> None:
    now = time.time()
    dates = {
        "made/late": now + DAY_S,
        "made/deep/late": now + 2 * TOLERATED_S,
        "made/skewed": now + TOLERATED_S / 2,
        "made/old": now - DAY_S,
        "given": now + DAY_S,
    }
    for name, date in dates.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (date, date))
    assert redate_future_files([tmp_path / "made", tmp_path / "none"], [tmp_path / "given"]) == 3
    after = {name: (tmp_path / name).stat().st_mtime for name in dates}
    assert after.pop("given") == pytest.approx(now, abs=TOLERATED_S / 2)
    assert after == pytest.approx({name: LONG_AGO if "late" in name else dates[name] for name in after})
