"""Reading of sidecars: verification of artefacts, and the chain from an artefact to the raw files.

:mod:`nvae.provenance` writes the sidecars.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nvae.errors import UserError, printable
from nvae.provenance import PART, sha256
from nvae.provenance.sidecars import SIDECAR, sidecar_of
from nvae.untrusted import project_path, read_json, require_file_in

_HINT = "Make the artefact again: remove it and run its target."
_SHOWN_DIGITS = 12


@dataclass(frozen=True)
class Source:
    """File or folder that an artefact was made from.

    Args:
        name: Name of the input in the command.
        path: Path relative to the project's root; it does not leave the project.
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
        code: Files of the package that the command ran, each with the beginning of its SHA-256.
    """

    artefact: Path
    verb: str
    params: dict[str, Any]
    inputs: tuple[Source, ...]
    sha256: str
    run: dict[str, Any]
    code: dict[str, str] = field(default_factory=dict)


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
        return printable(f"{self.path}: {self.what}")


class _Block(BaseModel):
    """A block of a sidecar; it may have more entries than those that are read."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")


class _Input(_Block):
    path: str
    sha256: str


class _MadeFrom(_Block):
    verb: Annotated[str, Field(pattern="^[a-z-]+$")]  # it becomes part of the path of a log
    params: dict[str, Any]
    inputs: dict[str, _Input]
    sha256: str
    code: dict[str, str] = {}


class _Run(_Block):
    device: str
    seconds: float
    commit: str | None = None
    dirty: bool | None = None
    precision: str = ""
    cpu_seconds: float = 0.0
    sources: dict[str, str] = {}


class _Sidecar(_Block):
    made_from: _MadeFrom
    run: _Run


def read_record(artefact: Path) -> Record:
    """Read the sidecar of ``artefact``.

    Raises:
        UserError: If the sidecar is missing or damaged, or names a file that is not in the project.
    """
    path = sidecar_of(artefact)
    try:
        content = _Sidecar.model_validate(read_json(path, kind="sidecar", hint=_HINT))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UserError(str(path), got=f"a damaged sidecar ({reason})", expected="a complete one", hint=_HINT) from None
    made = content.made_from
    inputs = tuple(
        Source(name, project_path(given.path, what=f"{path}, input {name}", hint=_HINT), given.sha256)
        for name, given in made.inputs.items()
    )
    run = content.run.model_dump(exclude_unset=True)
    return Record(artefact, made.verb, made.params, inputs, made.sha256, run, made.code)


def artefacts(folder: Path) -> Iterator[Path]:
    """Yield every artefact with a sidecar in ``folder`` or below, in sorted order."""
    for path in sorted(folder.rglob(f"*{SIDECAR}")):
        yield path.with_name(path.name.removesuffix(SIDECAR))


def differences(artefact: Path, hashes: "Hashes") -> list[Finding]:
    """Return the differences of an artefact, and of its inputs, from the artefact's sidecar.

    Missing inputs are skipped: tables and figures are in git, but the files that they were made from may not be.

    Args:
        artefact: File or folder.
        hashes: Hashes that were computed before.
    """
    found = []
    try:
        record = read_record(artefact)
        if not artefact.exists():
            return [Finding(artefact, "the artefact is missing, but its sidecar exists")]
        if (actual := hashes[artefact]) != record.sha256:
            found.append(Finding(artefact, f"SHA-256 {_short(actual)} now, {_short(record.sha256)} when it was made"))
        for source in record.inputs:
            if source.path.exists() and (actual := hashes[source.path]) != source.sha256:
                then = f"SHA-256 {_short(source.sha256)} then, {_short(actual)} now"
                found.append(Finding(artefact, f"made from a different {source.path}: {then}"))
    except UserError as error:
        found.append(Finding(artefact, f"{error.got}, expected {error.expected}"))
    return found


def unaccounted(folder: Path) -> list[Finding]:
    """Return the files of ``folder`` that neither have a sidecar nor are in a folder that has one."""
    known = set(artefacts(folder))
    return [
        Finding(path, "it has no sidecar")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((SIDECAR, PART)) and known.isdisjoint((path, *path.parents))
    ]


class Hashes:
    """SHA-256 of files and folders, each computed once.

    Raises:
        UserError: For a device, a FIFO or a socket, and for a path in the project that leads out of it by a link.
    """

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}

    def __getitem__(self, path: Path) -> str:
        if path not in self._known:
            place = path.absolute()
            inside = ".." not in place.parts and place.is_relative_to(Path.cwd())
            require_file_in(Path() if inside else Path(place.anchor), path, what=str(path), hint=_HINT)
            self._known[path] = sha256(path)
        return self._known[path]


def trace(artefact: Path) -> Iterator[str]:
    """Yield the chain from ``artefact`` to raw files as the lines of an indented tree.

    For each artefact, a line gives the path, the hash and whether the present file has that hash; below it are verb,
    parameters, commit and device. The inputs of an artefact that occurs several times are listed once.

    Raises:
        UserError: If ``artefact`` has no sidecar, or if a sidecar of the chain is damaged.
    """
    hashes, listed = Hashes(), set[Path]()
    waiting = [(0, Source("", artefact, read_record(artefact).sha256))]
    while waiting:
        depth, source = waiting.pop()
        name = f"{source.name}: " if source.name else ""
        yield f"{'  ' * depth}{name}{source.path}  sha256 {_short(source.sha256)}, {_state(source, hashes)}"
        notes, inputs = (["(listed above)"], ()) if source.path in listed else _origin(source)
        listed.add(source.path)
        yield from (f"{'  ' * (depth + 1)}{note}" for note in notes)
        waiting += [(depth + 1, below) for below in reversed(inputs)]


def _origin(source: Source) -> tuple[list[str], tuple[Source, ...]]:
    """Return how a file or folder was made, as lines, and what it was made from."""
    if not sidecar_of(source.path).exists():
        return [], ()
    record = read_record(source.path)
    if record.sha256 != source.sha256:
        return [f"its sidecar records a different SHA-256, {_short(record.sha256)}"], ()
    return list(_format_record(record)), record.inputs


def _state(source: Source, hashes: Hashes) -> str:
    if not source.path.exists():
        return "missing"
    return "unchanged" if hashes[source.path] == source.sha256 else f"CHANGED: now {_short(hashes[source.path])}"


def _format_record(record: Record) -> Iterator[str]:
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
