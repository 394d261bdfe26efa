"""Configuration of the documentation site: Markdown pages, and the API from docstrings.

`make docs` builds the site without network access.
"""

import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator

_PACKAGE = Path(__file__).parents[1] / "nvae"

project = "N-VAE, replicated"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = project
html_show_copyright = False
html_show_sphinx = False
html_math_renderer = "mathml"

smartquotes = False  # z' is no quotation mark
# Every reference must have a target. References to other packages are ignored, as they need network access.
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", ".*"),
    ("py:exc", "YAMLError"),
    ("py:class", r"(?!nvae\.).*\..*|P|nvae\.config\.resolved\._S"),
]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_default_options = {
    "members": True,
    "ignore-module-all": True,
    "member-order": "bysource",
    "exclude-members": "model_config",
}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 100
# "Returns" is prose here: by default napoleon would interpret all text before a colon as a type.
napoleon_custom_sections = ["Source", "Returns", "Yields"]
default_role = "py:obj"


def _mathml(tex: str, *, as_block: bool) -> str:
    """Return an equation as presentation MathML, which browsers can render."""
    try:
        return str(tex2mathml(tex, as_block=as_block))
    except MathError as error:
        raise SphinxError(f"equation {tex!r}: {error}") from error


def _inline(translator: HTML5Translator, node: nodes.math) -> None:
    translator.body.append(_mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _display(translator: HTML5Translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _prepare(app: Sphinx, what: str, name: str, subject: Any, options: Any, lines: list[str]) -> None:
    """Convert a docstring, which is plain text except for backquotes and sections, to reStructuredText."""
    paragraphs = [list(group) for blank, group in groupby(lines, lambda line: not line.strip()) if not blank]
    converted: list[str] = []
    for paragraph in paragraphs:
        if not paragraph[0].lstrip().startswith(">>>"):
            paragraph = [re.sub(r"(``.*?``)|\|", lambda found: found[1] or r"\|", line) for line in paragraph]
        if found := re.match(r"( *)Source: (.*)", paragraph[0]):
            converted += [f"{found[1]}Source:", f"{found[1]}    {found[2]}"]
            converted += [f"{found[1]}    {line.strip()}" for line in paragraph[1:]]
        else:
            converted += paragraph
        converted.append("")
    # In the first line of an attribute napoleon interprets the text before a colon as its type. A comment as the first
    # line avoids this.
    lines[:] = ["..", "", *converted] if what in ("attribute", "data", "property") else converted


def _signature(
    app: Sphinx, what: str, name: str, subject: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    """Omit the signature of a section of the configuration, whose keys params.yaml describes in comments."""
    return ("", "") if what == "class" and issubclass(subject, BaseModel) else None


def _write_api(app: Sphinx) -> None:
    """Write one page per package, with all its modules; unchanged pages keep their time stamps."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    pages: dict[Path, str] = {}
    for package in (path.parent for path in _PACKAGE.rglob("__init__.py")):
        title = ".".join(package.relative_to(_PACKAGE.parent).parts)
        parts = [f"{title}\n{'=' * len(title)}\n\n.. automodule:: {title}\n"]
        for module in sorted(path.stem for path in package.glob("[a-z]*.py")):
            name = f"{title}.{module}"
            parts.append(f"{name}\n{'-' * len(name)}\n\n.. automodule:: {name}\n")
        pages[folder / f"{title}.rst"] = "\n".join(parts)
    for stale in set(folder.iterdir()) - set(pages):
        stale.unlink()
    for path, page in pages.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


def _skip(app: Sphinx, what: str, name: str, subject: Any, skip: bool, options: Any) -> bool | None:
    """Skip members that are imported from other packages."""
    return True if str(getattr(subject, "__module__", "nvae")).partition(".")[0] != "nvae" else None


def _resolve_reexported(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, contnode: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a name that a package re-exports (``nvae.config.load``) to the module that defines it."""
    package, _, name = ".".join(filter(None, (node.get("py:module"), node["reftarget"]))).rpartition(".")
    subject = getattr(sys.modules.get(package), name, None)
    home = getattr(subject, "__module__", None) or ""
    if not home.startswith("nvae."):
        return None
    target = f"{home}.{name}"
    return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, node["reftype"], target, node, contnode)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer of equations, and the functions that convert docstrings before napoleon reads them."""
    app.connect("builder-inited", _write_api)
    app.connect("missing-reference", _resolve_reexported)
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    app.connect("autodoc-process-docstring", _prepare, priority=100)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
