"""What the documents say exists, exists."""

import re
from pathlib import Path

import pytest
import yaml

from nvae.cli import VERBS
from nvae.figures import FIGURES

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = {figure.name for figure in FIGURES}


def test_readme_has_one_row_a_figure() -> None:
    rows = re.findall(r"^\| (S?)(\d+) \| `paper_figs/(\w+)\.pdf` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {name for _, _, name in rows} == NAMES
    assert all(name.startswith(f"{'supp' if kind else 'fig'}{int(number):02}_") for kind, number, name in rows)
    assert len(rows) == len(NAMES)


def test_dvc_has_one_stage_a_figure() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert set(stages["figure"]["foreach"]) == NAMES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    missing = [t for t in targets if "://" not in t and not (document.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(document: Path) -> None:
    text = document.read_text()
    code = "\n".join(re.findall(r"`[^`]+`|^    .+$", text, re.MULTILINE))
    verbs = set(re.findall(r"\bnvae ([a-z][a-z-]+)\b", code)) - {"verb"}
    assert verbs <= set(VERBS), verbs - set(VERBS)
    words = set(re.findall(r"\bmake ([a-z]+)\b", code))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words <= targets, words - targets


def test_citation_file_names_the_paper() -> None:
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert content["preferred-citation"]["identifiers"][0]["value"] == "arXiv:1901.09415"
    assert content["references"][0]["title"] == content["preferred-citation"]["title"]


def test_registry_host_is_named_nowhere() -> None:
    hosts = ("pypi" + ".org", "python" + "hosted", "anaconda" + ".org", "deb.debian" + ".org")
    tracked = [p for pattern in ("*", "nvae/**/*.py", "workflow/**/*", "docs/*") for p in ROOT.glob(pattern)]
    found = [
        path.name
        for path in tracked
        if path.is_file()
        and path.suffix not in {".png", ".pdf"}
        and path.name != "dvc.lock"
        and any(host in path.read_text(errors="ignore") for host in hosts)
    ]
    assert not found
