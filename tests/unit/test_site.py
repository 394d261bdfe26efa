"""The documents link to each other, agree with code and settings, and build into a site that needs no network."""

import html
import importlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from nvae import cli
from tests.troubleshooting import explains

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *PAGES])


def prose(document: Path) -> str:
    """Return the text without code and equations, whose brackets are not links."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$|`[^`\n]*`|^    [^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)


def links(document: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(document))


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub and the site form them."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_anchors_exist_and_addresses_are_well_formed(document: Path) -> None:
    for link in links(document):
        if "://" in link:
            parts = urlsplit(link)
            assert parts.scheme in ("http", "https"), link
            assert re.fullmatch(r"[\w.-]+\.[a-z]{2,}", parts.netloc), link
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_linked_from_the_index_and_the_readme() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert {path.stem for path in PAGES} - {"index"} <= set(re.findall(r"^[\w-]+$", index, re.MULTILINE))
    assert {f"docs/{path.name}" for path in PAGES} - {"docs/index.md", "docs/api.md"} <= set(links(ROOT / "README.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_functions_and_classes_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for role, target in re.findall(r"\{py:(\w+)\}`~?([^`]+)`", text):
        parts = target.split(".")
        found: Any = None
        for split in range(len(parts), 0, -1):
            try:
                found = importlib.import_module(".".join(parts[:split]))
            except ModuleNotFoundError:
                continue
            for name in parts[split:]:
                found = getattr(found, name)
            break
        assert parts[0] == "nvae"
        assert isinstance(found, type) == (role == "class"), target


def test_the_method_page_names_every_loss_and_metric() -> None:
    """The page explains every public function of the analyses, except the helpers that are listed here."""
    helpers = {
        "compute",
        "load",
        "load_classifier",
        "make",
        "neighbour_regression",
        "encode",
        "posteriors",
        "posterior_samples",
        "shared_columns",
        "classifier",
        "generate",
    }
    helpers |= {"classify", "arms", "batched", "image_batches", "to_uint8", "latent_model", "generative_model"}
    helpers |= {"known_factors", "factor_summary", "fidelity_table", "disentanglement", "completeness"}
    helpers |= {"mutual_information_nats", "calibration_table", "prepared_in_passing"}
    helpers |= {"limited", "train", "readable", "of_all"}
    text = (ROOT / "docs/method.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\{py:func\}`nvae\.(?:analyses|inference|measures)\.\w+\.(\w+)`", text))
    offered = set()
    for package in ("analyses", "inference", "measures"):
        for path in (ROOT / "nvae" / package).glob("[a-z]*.py"):
            offered |= set(re.findall(r"^def ([a-z]\w*)", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert {"kl_table", "mig", "encode"} <= offered
    assert offered - helpers - named == set()


def test_deviations_repeat_the_settings() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    text = (ROOT / "docs/deviations.md").read_text(encoding="utf-8")
    stated = re.findall(r"`([a-z_0-9.]+) = ([^`]+)`", text)
    assert len(stated) > 40
    for key, value in stated:
        found = params
        for part in key.split("."):
            found = found[part]
        assert found == yaml.safe_load(value), key
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| what |")]
    assert [row for row in rows if " = " not in row] == []


def misspell(text: str) -> str:
    return text.replace("  low: -3.0", "  lowest: -3.0")


def mistype(text: str) -> str:
    return text.replace("  steps: 9", "  steps: nine")


@pytest.mark.parametrize(
    ("command", "change"),
    [
        (["draw", "fig5"], None),
        (["draw", "fig05", "--profile", "demo"], None),
        (["prepare", "flowers"], None),
        (["train", "mnist", "--profile", "nowhere"], None),
        (["train", "mnist"], misspell),
        (["train", "mnist"], mistype),
    ],
)
def test_troubleshooting_lists_the_message(
    command: list[str],
    change: Callable[[str], str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(change(params) if change else params, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 2
    message = capsys.readouterr().err.removeprefix("nvae: error: ")
    assert explains(message), message


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, with warnings as errors, and return its folder."""
    out = tmp_path_factory.mktemp("site")
    # The sources are copied, because Sphinx writes the pages of the API into their folder.
    source = out / "project"
    source.mkdir()
    for name in ("benchmarks", "docs", "nvae", "paper_figs", "results", "README.md", "params.yaml", "claims.yaml"):
        (source / name).symlink_to(ROOT / name)
    (source / "docs").unlink()
    (source / "docs").mkdir()
    for path in (ROOT / "docs").iterdir():
        if path.is_file():
            (source / "docs" / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(source / "docs"), str(out / "html")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-4000:]
    return out / "html"


@pytest.mark.slow
def test_the_site_builds_without_warnings_and_has_every_page(site: Path) -> None:
    assert {f"{path.stem}.html" for path in PAGES} <= {path.name for path in site.glob("*.html")}
    packages = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "nvae").rglob("__init__.py")}
    assert {path.stem for path in (site / "api").glob("*.html")} == packages
    for module in (ROOT / "nvae").rglob("[a-z]*.py"):
        page = ".".join(module.parent.relative_to(ROOT).parts)
        assert f'id="module-{page}.{module.stem}"' in (site / f"api/{page}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_site_needs_no_network(site: Path) -> None:
    loaded = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]*)|<link\b[^>]*\bhref=\"([^\"]*)")
    for page in site.rglob("*.html"):
        for source, linked in loaded.findall(page.read_text(encoding="utf-8")):
            assert "//" not in source + linked, page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.slow
def test_the_site_shows_equations_and_sections_of_docstrings(site: Path) -> None:
    method = (site / "method.html").read_text(encoding="utf-8")
    source = (ROOT / "docs/method.md").read_text(encoding="utf-8")
    assert method.count('<div class="math"><math') == len(re.findall(r"^\$\$", source, re.MULTILINE))
    assert "$$" not in method
    page = (site / "api/nvae.models.html").read_text(encoding="utf-8")
    entry = page[page.index('id="nvae.models.n_vae.NVae.loss"') :]
    assert re.search(r"Source</p>\s*<p>eq\. 6; KL\(z_c\) runs over all K blocks", html.unescape(entry[:6000]))
