"""Brings a data set's raw files into place: the first source whose bytes are right serves each file.

A file takes its final name only after its content was checked; what was there before stays until then.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from nvae.data.archives import TREE
from nvae.data.fetching.download import discard, download
from nvae.data.fetching.install import in_place, install
from nvae.data.fetching.payloads import CHUNK
from nvae.data.fetching.registry import RawFile
from nvae.data.fetching.sources import (
    MIRROR_VARIABLE,
    OFFLINE_VARIABLE,
    Setting,
    Source,
    SourceError,
    UnreachableError,
    sources,
)
from nvae.errors import UserError

IN_PLACE = "already in place"


@dataclass(frozen=True)
class Fetched:
    """What became of one file.

    Args:
        file: its final name.
        source: the source that served it, or `IN_PLACE`.
        failed: sources that had it or were asked for it, and why they did not serve.
    """

    file: str
    source: str
    failed: tuple[str, ...] = ()


def fetch(rows: Sequence[RawFile], out: Path, setting: Setting) -> list[Fetched]:
    """Bring files into place, and check those that are there. Nothing is written where all are.

    Args:
        rows: the files of one data set.
        out: its raw folder; made if missing.
        setting: mirrors, and whether the network may be used.

    Returns:
        One entry a file, in the order of ``rows``.

    Raises:
        UserError: no source serves a file, with what was tried and how to supply it by hand; or ``out`` can't be
            written to.
    """
    unreachable: dict[str, str] = {}
    _make_folders(rows, out)
    with _alone_in(out):
        return [_fetch_file(row, out, setting, unreachable, _by_hand(rows, out)) for row in rows]


def _fetch_file(row: RawFile, out: Path, setting: Setting, unreachable: dict[str, str], hint: str) -> Fetched:
    if in_place(row, out):
        return Fetched(row.file, IN_PLACE)
    _check_writable((out / row.path).parent)
    tried: list[str] = []
    failed: list[str] = []
    for source in sources(row, out, setting):
        reasons = _try_source(source, row, out, setting, unreachable)
        if reasons is None:
            _remove_parts(out / row.path)
            return Fetched(row.file, source.label, tuple(failed))
        told = f"{source.label} ({'; '.join(dict.fromkeys(reasons)) or 'not there'})"
        tried.append(told)
        failed += [told] if reasons else []
    if not setting.mirrors:
        tried.insert(1, f"{MIRROR_VARIABLE} (not set)")
    raise UserError(
        f"{row.dataset}, {row.file}",
        got=f"nothing from {', '.join(tried)}",
        expected=f"one source that serves it with SHA-256 {row.sha256}",
        hint=hint,
    )


def _by_hand(rows: Sequence[RawFile], out: Path) -> str:
    names = ", ".join(row.published for row in rows)
    unpacked = f"unpacked as {TREE}/" if rows[0].content == "images" else "unpacked"
    return (
        f"Put {names} (or the same {unpacked}) in {out}/ by hand, or set {MIRROR_VARIABLE} to a folder or an address "
        f"that has them in {rows[0].dataset}/. Home page: {rows[0].origin} ."
    )


def _try_source(
    source: Source, row: RawFile, out: Path, setting: Setting, unreachable: dict[str, str]
) -> list[str] | None:
    """Try each place of a source: None after success, otherwise the reasons, none of them if nothing is there."""
    if source.label in unreachable:
        return [unreachable[source.label]]
    reasons: list[str] = []
    for place in source.places:
        try:
            if _take(place, row, out, setting):
                return None
        except UnreachableError as error:
            unreachable[source.label] = str(error)
            return [*reasons, str(error)]
        except SourceError as error:
            reasons.append(str(error))
    return reasons


def _take(place: Path | str, row: RawFile, out: Path, setting: Setting) -> bool:
    """Install a file from one place. False if the place does not exist; SourceError if it is no good."""
    target = out / row.path
    try:
        if isinstance(place, str):
            if setting.offline:
                raise SourceError(f"not asked, {OFFLINE_VARIABLE} is set")
            _take_address(place, row, target)
            return True
        if not place.is_file() and not (row.content == "images" and place.is_dir()):
            return False
        install(place, row, target)
        return True
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            hint = "Make room or give another folder with --out."
            raise UserError(str(out), got=str(error.strerror), expected="room for the data set", hint=hint) from error
        raise SourceError(error.strerror or str(error)) from error


def _take_address(url: str, row: RawFile, target: Path) -> None:
    # The part's name tells the address, so that no server continues what another began.
    part = target.with_name(f"{target.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")
    # Archives are smaller than their content; repacked without compression, hardly larger.
    resumed = download(url, part, limit=2 * row.bytes + CHUNK)
    try:
        install(part, row, target)
    except SourceError:
        discard(part)
        if not resumed:
            raise
        _take_address(url, row, target)  # an earlier run's part may be at fault; there is none any more


def _remove_parts(target: Path) -> None:
    """What earlier runs, also killed ones, left of a file that is now in place."""
    for pattern in (f"{target.name}.*.part", f".{target.name}.*.part"):
        for part in target.parent.glob(pattern):
            part.unlink(missing_ok=True)


def _make_folders(rows: Sequence[RawFile], out: Path) -> None:
    for folder in sorted({(out / row.path).parent for row in rows}):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_folder(folder, str(error.strerror)) from error


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK):
        raise _no_folder(folder, "a folder without write permission")


def _no_folder(folder: Path, got: str) -> UserError:
    hint = "Give another folder with --out."
    return UserError(str(folder), got=got, expected="a folder to write to", hint=hint)


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Let one process at a time work on a folder. The folder itself is locked, so that no lock file stays."""
    handle = os.open(out, os.O_RDONLY)
    try:
        # Some network file systems can't lock a folder; there the checks and renames alone have to do.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
