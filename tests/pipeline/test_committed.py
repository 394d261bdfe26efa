"""The committed figures equal, byte for byte, those that the current code draws from the committed tables."""

from pathlib import Path

import pytest

from nvae.cli import main
from nvae.figures import FIGURES, SUFFIXES
from tests.pipeline.project import ROOT


def test_the_committed_figures_can_be_redrawn_from_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["draw", "all", "--profile", "paper", "--out", str(tmp_path)]) == 0
    names = [f"{figure.name}.{suffix}" for figure in FIGURES for suffix in SUFFIXES]
    stale = [name for name in names if (tmp_path / name).read_bytes() != (ROOT / "paper_figs" / name).read_bytes()]
    assert stale == [], "stale figures: run `nvae draw all`"
