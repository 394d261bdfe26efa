"""Fetching of a data set's raw files, each from the first source whose content is right.

A file gets its final name only after its content has been checked; until then an existing file is kept.
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
    GivenUpError,
    Setting,
    Source,
    SourceError,
    sources,
)
from nvae.errors import UserError

IN_PLACE = "already in place"


@dataclass(frozen=True)
class Fetched:
    """The result for one file.

    Args:
        file: Final name of the file.
        source: Source of the file, or `IN_PLACE`.
        failed: Sources that failed before, each with the reasons; a folder without the file is not listed.
    """

    file: str
    source: str
    failed: tuple[str, ...] = ()


def fetch(rows: Sequence[RawFile], out: Path, setting: Setting) -> list[Fetched]:
    """Fetch the files that are missing or wrong; nothing is written if all files are right.

    Args:
        rows: Files of one data set.
        out: Raw folder of the data set; it is created if missing.
        setting: Mirrors, and whether the network may be used.

    Returns:
        One result per file, in the order of ``rows``.

    Raises:
        UserError: If no source serves a file (the message lists the sources that were tried and explains how to supply
            the file by hand), or if ``out`` is not writable.
    """
    given_up: dict[str, str] = {}
    _make_folders(rows, out)
    with _locked(out):
        return [_fetch_file(row, out, setting, given_up, _manual_hint(rows, out)) for row in rows]


def _fetch_file(row: RawFile, out: Path, setting: Setting, given_up: dict[str, str], hint: str) -> Fetched:
    if in_place(row, out):
        return Fetched(row.file, IN_PLACE)
    _check_writable((out / row.path).parent)
    tried: list[str] = []
    failed: list[str] = []
    for source in sources(row, out, setting):
        reasons = _try_source(source, row, out, setting, given_up)
        if reasons is None:
            _remove_parts(out / row.path)
            return Fetched(row.file, source.label, tuple(failed))
        attempt = f"{source.label} ({'; '.join(dict.fromkeys(reasons)) or 'not there'})"
        tried.append(attempt)
        failed += [attempt] if reasons else []
    if not setting.mirrors:
        tried.insert(1, f"{MIRROR_VARIABLE} (not set)")
    raise UserError(
        f"{row.dataset}, {row.file}",
        got=f"nothing from {', '.join(tried)}",
        expected=f"one source that serves it with SHA-256 {row.sha256}",
        hint=hint,
    )


def _manual_hint(rows: Sequence[RawFile], out: Path) -> str:
    names = ", ".join(row.published for row in rows)
    unpacked = f"unpacked as {TREE}/" if rows[0].content == "images" else "unpacked"
    return (
        f"Put {names} (or the same files {unpacked}) in {out}/ by hand, or set {MIRROR_VARIABLE} to a folder or an "
        f"address that has them in {rows[0].dataset}/. Home page: {rows[0].origin} ."
    )


def _try_source(
    source: Source, row: RawFile, out: Path, setting: Setting, given_up: dict[str, str]
) -> list[str] | None:
    """Try each place of a source. Return None after success, otherwise the reasons (empty if no place exists)."""
    if source.label in given_up:
        return [given_up[source.label]]
    reasons: list[str] = []
    for place in source.places:
        try:
            if _take(place, row, out, setting):
                return None
        except GivenUpError as error:
            given_up[source.label] = str(error)
            return [*reasons, str(error)]
        except SourceError as error:
            reasons.append(str(error))
    return reasons


def _take(place: Path | str, row: RawFile, out: Path, setting: Setting) -> bool:
    """Install a file from one place. Return False if the place does not exist; raise SourceError if it is unusable."""
    target = out / row.path
    try:
        if isinstance(place, str):
            if setting.offline:
                raise SourceError(f"not tried, {OFFLINE_VARIABLE} is set")
            _take_address(place, row, target)
            return True
        if not place.is_file() and not (row.content == "images" and place.is_dir()):
            return False
        install(place, row, target)
        return True
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            hint = "Free disk space, or pass another folder with --out."
            raise UserError(
                str(out), got=str(error.strerror), expected="writable space for the data set", hint=hint
            ) from error
        raise SourceError(error.strerror or str(error)) from error


def _take_address(url: str, row: RawFile, target: Path) -> None:
    # The part's name depends on the address, so that no server continues a part from another server.
    part = target.with_name(f"{target.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")
    # An archive is smaller than its content or, repacked without compression, hardly larger.
    resumed = download(url, part, limit=2 * row.bytes + CHUNK)
    try:
        install(part, row, target)
    except SourceError:
        discard(part)
        if not resumed:
            raise
        _take_address(url, row, target)  # the part of an earlier run may have been the reason; it is removed now


def _remove_parts(target: Path) -> None:
    """Remove the parts that earlier runs, including killed ones, left of a file that is now in place."""
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
    hint = "Pass another folder with --out."
    return UserError(str(folder), got=got, expected="a writable folder", hint=hint)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Allow one process at a time to work on a folder. The folder itself is locked, so that no lock file remains."""
    handle = os.open(out, os.O_RDONLY)
    try:
        # Some network file systems can't lock a folder; there, only the checks and renames protect the files.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
