"""Reading of sidecars: verification of artefacts, and the chain from an artefact to the raw files.

:mod:`nvae.provenance` writes the sidecars.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nvae.errors import UserError
from nvae.provenance import PART, sha256

_SUFFIX = ".meta.json"
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Source:
    """File or folder that an artefact was made from.

    Args:
        name: Name of the input in the command.
        path: Path relative to the project's root.
        sha256: Hash of the input when the artefact was made.
    """

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Record:
    """Content of a sidecar.

    Args:
        artefact: File or folder that the sidecar describes.
        verb: Command that made the artefact.
        params: Slice of the configuration.
        inputs: Files and folders that were read.
        sha256: Hash of the artefact when it was made.
        run: Commit, versions, device and seconds.
    """

    artefact: Path
    verb: str
    params: dict[str, Any]
    inputs: tuple[Source, ...]
    sha256: str
    run: dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """Difference between an artefact and its sidecar.

    Args:
        path: Path of the artefact.
        what: Description of the difference.
    """

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def sidecar_of(artefact: Path) -> Path:
    """Return the path of an artefact's sidecar."""
    return artefact.with_name(artefact.name + _SUFFIX)


def read_record(artefact: Path) -> Record:
    """Read the sidecar of ``artefact``.

    Raises:
        UserError: If the sidecar is missing or damaged.
    """
    path = sidecar_of(artefact)
    hint = "Make the artefact again: remove it and run its target."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made = content["made_from"]
        inputs = tuple(
            Source(str(name), Path(source["path"]), str(source["sha256"])) for name, source in made["inputs"].items()
        )
        return Record(
            artefact, str(made["verb"]), dict(made["params"]), inputs, str(made["sha256"]), dict(content["run"])
        )
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(str(path), got="no such file", expected="a sidecar", hint=hint) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            str(path), got=f"a damaged sidecar ({type(error).__name__}: {error})", expected="a complete one", hint=hint
        ) from None


def artefacts(folder: Path) -> Iterator[Path]:
    """Yield every artefact with a sidecar in ``folder`` or below, in sorted order."""
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        yield path.with_name(path.name.removesuffix(_SUFFIX))


def differences(artefact: Path, hashes: "Hashes") -> list[Finding]:
    """Return the differences of an artefact, and of its inputs, from the artefact's sidecar.

    Missing inputs are skipped: tables and figures are in git, but the files that they were made from may not be.

    Args:
        artefact: File or folder.
        hashes: Hashes that were computed before.
    """
    try:
        record = read_record(artefact)
    except UserError as error:
        return [Finding(artefact, f"{error.got}, expected {error.expected}")]
    if not artefact.exists():
        return [Finding(artefact, "the artefact is missing, but its sidecar exists")]
    found = []
    if (actual := hashes[artefact]) != record.sha256:
        found.append(Finding(artefact, f"SHA-256 {_short(actual)} now, {_short(record.sha256)} when it was made"))
    for source in record.inputs:
        if source.path.exists() and (actual := hashes[source.path]) != source.sha256:
            found.append(
                Finding(
                    artefact,
                    f"made from a different {source.path}: SHA-256 {_short(source.sha256)} then, {_short(actual)} now",
                )
            )
    return found


def unaccounted(folder: Path) -> list[Finding]:
    """Return the files of ``folder`` that neither have a sidecar nor are in a folder that has one."""
    known = set(artefacts(folder))
    return [
        Finding(path, "it has no sidecar")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((_SUFFIX, PART)) and known.isdisjoint((path, *path.parents))
    ]


class Hashes:
    """SHA-256 of files and folders, each computed once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def __getitem__(self, path: Path) -> str:
        if path not in self._known:
            self._known[path] = sha256(path)
        return self._known[path]


def trace(artefact: Path) -> Iterator[str]:
    """Yield the chain from ``artefact`` to raw files as the lines of an indented tree.

    For each artefact, a line gives the path, the hash and whether the present file has that hash; below it are verb,
    parameters, commit and device. The inputs of an artefact that occurs several times are listed once.

    Raises:
        UserError: If ``artefact`` has no sidecar, or if a sidecar of the chain is damaged.
    """
    record = read_record(artefact)
    yield from _trace(Source("", artefact, record.sha256), "", Hashes(), set())


def _trace(source: Source, indent: str, hashes: Hashes, listed: set[Path]) -> Iterator[str]:
    name = f"{source.name}: " if source.name else ""
    yield f"{indent}{name}{source.path}  sha256 {_short(source.sha256)}, {_state(source, hashes)}"
    if source.path in listed:
        yield f"{indent}  (listed above)"
        return
    listed.add(source.path)
    if not sidecar_of(source.path).exists():
        return
    record = read_record(source.path)
    if record.sha256 != source.sha256:
        yield f"{indent}  its sidecar records a different SHA-256, {_short(record.sha256)}"
        return
    yield from (f"{indent}  {line}" for line in _format_record(record))
    for below in record.inputs:
        yield from _trace(below, indent + "  ", hashes, listed)


def _state(source: Source, hashes: Hashes) -> str:
    if not source.path.exists():
        return "missing"
    return "unchanged" if hashes[source.path] == source.sha256 else f"CHANGED: now {_short(hashes[source.path])}"


def _format_record(record: Record) -> Iterable[str]:
    commit, run = record.run.get("commit"), record.run
    changed = " with uncommitted changes" if run.get("dirty") else ""
    precision = f", {run['precision']}" if "precision" in run else ""
    where = f"commit {commit}{changed}" if commit else "no commit"
    yield f"nvae {record.verb}, {where}, {run.get('device')}{precision}, {run.get('seconds')} s"
    if record.params:
        yield f"params {json.dumps(record.params, sort_keys=True)}"
    for name, source in sorted(run.get("sources", {}).items()):
        yield f"{name} came from {source}"


def _short(digest: str) -> str:
    return digest[:_SHOWN_DIGITS]
