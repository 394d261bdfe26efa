"""The files of the package that a step runs: the import closure of its modules.

Rules have the hashes of these files as a parameter, so that an edit to the code reruns only the steps that use it. The
closure is computed from the source text, without importing anything.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
#: Packages and modules that are left out. ``config`` affects a result only through the part of the configuration that
#: the rule has as a parameter. ``cli``, ``commands._common`` and ``layout`` define arguments, messages and paths; the
#: others affect no result.
_EXCLUDED = (
    *("nvae.config", "nvae.cli", "nvae.commands._common", "nvae.layout"),
    *("nvae.errors", "nvae.untrusted", "nvae.provenance", "nvae.forking", "nvae.pipeline", "nvae.verbs"),
)
#: Lists that are left out, so that an added entry reruns nothing; the modules below them are included.
_LISTS = ("nvae.analyses", "nvae.tables.schemas")


def code_files(*modules: str) -> list[str]:
    """Return the files of the package that ``modules`` import directly or indirectly, their own included.

    Args:
        modules: Dotted names below ``nvae``. Modules that are chosen at run time have to be listed.

    Returns:
        The sorted paths, relative to the project's root (the parent of the package).

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


@functools.cache
def fingerprint(*modules: str) -> Mapping[str, str]:
    """Return the files of `code_files`, each with the beginning of its SHA-256.

    A file that this process has hashed before is not read again: the code that the process has loaded is that of then.
    """
    return {file: _hash(_PACKAGE.parent / file) for file in code_files(*modules)}


def read_all() -> None:
    """Hash every file of the package, before its modules are imported."""
    for path in sorted(_PACKAGE.rglob("*.py")):
        _hash(path)
        _imports(path)


def changed_files(files: Iterable[str]) -> list[str]:
    """Return those of the files, relative to the project's root, that have changed since this process hashed them."""
    paths = {file: _PACKAGE.parent / file for file in files}
    return sorted(file for file, path in paths.items() if not path.is_file() or _hash.__wrapped__(path) != _hash(path))


@functools.cache
def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _excluded(name: str) -> bool:
    return name in _LISTS or any(name == excluded or name.startswith(f"{excluded}.") for excluded in _EXCLUDED)


@functools.cache
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
