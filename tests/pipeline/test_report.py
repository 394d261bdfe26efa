"""The report is one page that needs no network and has every figure with its caption and numbers."""

import html
import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from pathspec import GitIgnoreSpec

from nvae.figures import FIGURES
from tests.pipeline.project import Project


@pytest.fixture(scope="module")
def page(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of the finished run."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished.do("snakemake", "--cores", "1", "--config", "profile=paper", "--report", str(path), "--", "all_figures")
    return path.read_text(encoding="utf-8")


def block(page: str, name: str) -> Any:
    """Return the data in the script element with the id ``name``."""
    found = re.search(rf'<script id="{name}">\s*var \w+ = (.*?);\s*</script>', page, re.DOTALL)
    assert found, name
    return json.loads(found[1])


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", markup)).split())


def test_every_figure_is_in_its_section_with_its_caption(page: str) -> None:
    results = block(page, "results")
    assert set(results) == {f"paper_figs/{figure.name}.png" for figure in FIGURES}
    listed = {
        path: section
        for section, groups in block(page, "categories").items()
        for paths in groups.values()
        for path in paths
    }
    for figure in FIGURES:
        path = f"paper_figs/{figure.name}.png"
        entry = results[path]
        assert listed[path] == figure.section
        assert entry["data_uri"].startswith("data:image/png;")
        assert text_of(entry["caption"]).startswith(figure.caption)
        assert entry["labels"]["Figure"] == figure.number
        assert entry["labels"]["Profile"] == "paper"


def test_captions_have_the_numbers_of_the_tables(page: str, finished: Project) -> None:
    results = block(page, "results")
    for figure in FIGURES:
        caption = results[f"paper_figs/{figure.name}.png"]["caption"]
        written = (finished.root / f"paper_figs/{figure.name}.rst").read_text(encoding="utf-8")
        assert caption.count("<li>") == written.count("\n- ")
    metrics = json.loads((finished.root / "results/paper/metrics.json").read_text(encoding="utf-8"))
    own = metrics["glyphs"]["n_vae"]["kl_own_nats"]
    assert f": built-in glyphs {own:.3g} and " in results["paper_figs/fig05_kl_per_dimension.png"]["caption"]


def test_the_page_states_its_profile(page: str) -> None:
    output = text_of(block(page, "workflow-desc"))
    assert "profile paper." in output
    assert "They show models of the real data." in output


def test_no_label_becomes_a_switch(page: str) -> None:
    """The page turns a label with two equally frequent values into a switch, and then hides the figures of one."""
    results = block(page, "results")
    for groups in block(page, "categories").values():
        for paths in groups.values():
            first, *others = results[paths[0]]["labels"]
            switches = []
            for label in others:
                counts = Counter(results[path]["labels"][label] for path in paths)
                if len(counts) == 2 and len(set(counts.values())) == 1:
                    switches.append(label)
            assert len(switches) != 1, (paths, switches)
            assert first == "Figure"


class Resources(HTMLParser):
    """Parser that collects the addresses that a browser fetches for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "poster")]
        if tag == "link":
            self.found += [value or "" for name, value in attrs if name == "href"]


def test_the_page_needs_no_network(page: str) -> None:
    seen = Resources()
    seen.feed(page)
    assert [address for address in seen.found if not address.startswith("data:")] == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert not re.search(r"@import|url\((?!['\"]?data:)", styles)


def test_make_writes_the_report_of_its_profile(finished: Project) -> None:
    output = finished.do("make", "-n", "report", "ENV=active", "PROFILE=smoke")
    assert "--report results/smoke/report.html -- all_figures" in output
    assert output.index("--quiet rules --config profile=smoke -- all_figures") < output.index("--report")
    ignored = GitIgnoreSpec.from_lines((finished.root / ".gitignore").read_text(encoding="utf-8").splitlines())
    assert all(ignored.match_file(f"results/{profile}/report.html") for profile in ("smoke", "paper"))
