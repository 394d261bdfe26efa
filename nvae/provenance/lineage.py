"""Reading sidecars: whether artefacts are what their sidecars say, and what they were made from, down to the raw files.

The writing side is :mod:`nvae.provenance`.
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
    """A file or folder that an artefact was made from.

    Args:
        name: what the command calls it.
        path: relative to the project's root.
        sha256: what it was then.
    """

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Record:
    """A sidecar.

    Args:
        artefact: the file or folder that it stands beside.
        verb: the command that made it.
        params: the slice of the configuration.
        inputs: what was read.
        sha256: of the artefact when it was made.
        run: commit, versions, device, seconds.
    """

    artefact: Path
    verb: str
    params: dict[str, Any]
    inputs: tuple[Source, ...]
    sha256: str
    run: dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something that is not as its sidecar says.

    Args:
        path: of the artefact.
        what: in words.
    """

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def sidecar_of(artefact: Path) -> Path:
    """Where an artefact's sidecar stands."""
    return artefact.with_name(artefact.name + _SUFFIX)


def read_record(artefact: Path) -> Record:
    """The sidecar of ``artefact``.

    Raises:
        UserError: there is none, or it is damaged.
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
            str(path), got=f"a damaged sidecar ({type(error).__name__}: {error})", expected="a whole one", hint=hint
        ) from None


def artefacts(folder: Path) -> Iterator[Path]:
    """Whatever has a sidecar in ``folder`` or below, in sorted order."""
    for path in sorted(folder.rglob(f"*{_SUFFIX}")):
        yield path.with_name(path.name.removesuffix(_SUFFIX))


def differences(artefact: Path, hashes: "Hashes") -> list[Finding]:
    """In what an artefact, or what it was made from, is not as its sidecar says.

    Inputs that are not here are passed over: tables and figures are in git, what they were made from may not be.

    Args:
        artefact: the file or folder.
        hashes: of what was looked at before.
    """
    try:
        record = read_record(artefact)
    except UserError as error:
        return [Finding(artefact, f"{error.got}, expected {error.expected}")]
    if not artefact.exists():
        return [Finding(artefact, "it is missing, its sidecar is here")]
    found = []
    if (actual := hashes[artefact]) != record.sha256:
        found.append(Finding(artefact, f"SHA-256 {_short(actual)}, but {_short(record.sha256)} when it was made"))
    for source in record.inputs:
        if source.path.exists() and (actual := hashes[source.path]) != source.sha256:
            found.append(
                Finding(
                    artefact,
                    f"made from another {source.path}: SHA-256 {_short(source.sha256)} then, {_short(actual)} now",
                )
            )
    return found


def unaccounted(folder: Path) -> list[Finding]:
    """The files of ``folder`` that neither have a sidecar nor belong to a folder that has one."""
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
    """The chain from ``artefact`` to raw files, as an indented tree, a line at a time.

    Each line tells the path, the hash and whether the file here has it; below it, verb, parameters, commit and device.
    What several artefacts share is told once.

    Raises:
        UserError: ``artefact`` has no sidecar, or one of the chain's is damaged.
    """
    record = read_record(artefact)
    yield from _trace(Source("", artefact, record.sha256), "", Hashes(), set())


def _trace(source: Source, indent: str, hashes: Hashes, told: set[Path]) -> Iterator[str]:
    name = f"{source.name}: " if source.name else ""
    yield f"{indent}{name}{source.path}  sha256 {_short(source.sha256)}, {_state(source, hashes)}"
    if source.path in told:
        yield f"{indent}  (told above)"
        return
    told.add(source.path)
    if not sidecar_of(source.path).exists():
        return
    record = read_record(source.path)
    if record.sha256 != source.sha256:
        yield f"{indent}  its sidecar tells of another one, SHA-256 {_short(record.sha256)}"
        return
    yield from (f"{indent}  {line}" for line in _told(record))
    for below in record.inputs:
        yield from _trace(below, indent + "  ", hashes, told)


def _state(source: Source, hashes: Hashes) -> str:
    if not source.path.exists():
        return "not here"
    return "as made" if hashes[source.path] == source.sha256 else f"DIFFERS here: {_short(hashes[source.path])}"


def _told(record: Record) -> Iterable[str]:
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
