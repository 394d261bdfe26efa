"""Results that are made again from the raw data, in a folder of their own, are equal to those of the project."""

import signal
import time
from pathlib import Path

import pandas as pd

from nvae.comparison import Verdict
from nvae.provenance import sha256
from tests.pipeline.project import Project

OUT = "reproduction"
COMMAND = ("nvae", "reproduce", "fig04", "fig05", "--cores", "2")


def content(root: Path) -> dict[str, str]:
    """Return the hashes of all files of a project, but those of the reproduction and compiled code."""
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {str(path): sha256(root / path) for path in paths if not {OUT, "__pycache__"} & set(path.parts)}


def test_figures_are_made_again_after_a_kill_and_the_project_stays_as_it_is(finished: Project) -> None:
    before = content(finished.root)
    assert "paper_figs/fig05_kl_per_dimension.pdf" in before
    process = finished.start(*COMMAND)
    deadline = time.monotonic() + 120
    while not list((finished.root / OUT).glob("data/prepared/paper/*.npz")):
        assert time.monotonic() < deadline, "no prepared set"
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "nvae: stopped by SIGTERM" in err

    lines = finished.do(*COMMAND).splitlines()
    (summary,) = (line for line in lines if line.endswith("figures equal"))
    kl = len(pd.read_csv(finished.root / "results/paper/tables/kl.csv").query("model == 'n_vae'"))
    assert summary == f"{kl} groups; {kl} equal; 6 of 6 figures equal"
    assert not (finished.root / OUT / "results/paper/tables").exists()
    assert "Nothing to be done" in finished.do(*COMMAND)

    # Numbers that were changed by hand are found, and the comparison can be made without a run.
    table = finished.root / OUT / "results/paper/runs/kl/glyphs/n_vae/seed0.csv"
    rows = pd.read_csv(table)
    rows.loc[0, "kl_nats"] += 100
    rows.to_csv(table, index=False)
    finished.do("nvae", "compare", OUT, "--figure", "fig05", "--out", f"{OUT}/comparison.csv")
    found = pd.read_csv(finished.root / OUT / "comparison.csv")["verdict"].value_counts()
    assert set(found.index) == {Verdict.EQUAL, Verdict.ONE_SEED}
    assert content(finished.root) == before
