"""Which files of the package a piece of work runs: the import closure of its modules.

Rules have these files' hashes as a parameter, so that an edit to the code reruns what uses it and nothing else.
Computed from the source text, without importing anything.
"""

import ast
import functools
import hashlib
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
#: Packages that are not followed. ``config``: its effect on a result is the part of the configuration that the rule has
#: as a parameter. ``cli``, ``commands._common`` and ``layout`` choose words and paths; the others affect no result.
_EXCLUDED = (
    *("nvae.config", "nvae.cli", "nvae.commands._common", "nvae.layout"),
    *("nvae.errors", "nvae.provenance", "nvae.forking"),
)
#: Modules that are not followed, though what lies below them is: lists, to which an entry may be added.
_LISTS = ("nvae.analyses", "nvae.tables.schemas")


def code_files(*modules: str) -> list[str]:
    """The package's files that ``modules`` import, directly or not, themselves included.

    Args:
        modules: dotted names below ``nvae``. Modules chosen at run time have to be named.

    Returns:
        Paths relative to the project's root (the package's parent), sorted.

    >>> code_files("nvae.rng")
    ['nvae/__init__.py', 'nvae/rng.py']
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if path is None or path in found or _excluded(name):
            continue
        found.add(path)
        waiting += _imports(path)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return sorted(path.relative_to(_PACKAGE.parent).as_posix() for path in found)


def fingerprint(*modules: str) -> str:
    """The files of :func:`code_files`, each with the beginning of its SHA-256, as one line of text."""
    root = _PACKAGE.parent
    files = code_files(*modules)
    return " ".join(f"{file}:{hashlib.sha256((root / file).read_bytes()).hexdigest()[:16]}" for file in files)


def _excluded(name: str) -> bool:
    return name in _LISTS or any(name == excluded or name.startswith(f"{excluded}.") for excluded in _EXCLUDED)


def _path(name: str) -> Path | None:
    base = _PACKAGE.parent.joinpath(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            # ``from nvae import config``: each name may be a module.
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(name for name in names if name.split(".")[0] == "nvae")
