"""The committed figures are those of the committed tables and of today's code, byte for byte."""

from pathlib import Path

import pytest

from nvae.cli import main
from nvae.figures import FIGURES, SUFFIXES
from tests.pipeline.project import ROOT


def test_every_committed_figure_is_redrawn_from_tables_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["draw", "all", "--profile", "paper", "--out", str(tmp_path)]) == 0
    names = [f"{figure.name}.{suffix}" for figure in FIGURES for suffix in SUFFIXES]
    stale = [name for name in names if (tmp_path / name).read_bytes() != (ROOT / "paper_figs" / name).read_bytes()]
    assert stale == [], "draw them again: nvae draw all"
