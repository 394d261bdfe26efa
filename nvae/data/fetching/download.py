"""Download of one file over HTTP, streamed, with time-outs, resumed after an interruption.

The bytes are written to ``X.part``, and the server's ETag or date to ``X.validator.part``. Without the validator a part
is not continued, since it could be the beginning of another file. Proxies are configured as for urllib, by the
environment variables ``http_proxy``, ``https_proxy`` and ``no_proxy``.
"""

import http.client
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from nvae import __version__
from nvae.data.fetching.payloads import CHUNK
from nvae.data.fetching.progress import Progress
from nvae.data.fetching.sources import SourceError, UnreachableError

TIMEOUT_S = 30.0
"""Time-out of a connection attempt and of each read, in seconds."""

ATTEMPTS = 3
"""Number of consecutive attempts without a new byte after which a download fails."""

PAUSE_S = 1.0
"""Pause before the second attempt in seconds; it doubles before each further attempt."""

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses of temporary errors, after which another attempt is made."""


class _BrokenOffError(SourceError):
    """The transfer was interrupted; another attempt may continue it."""


def download(url: str, part: Path, *, limit: int) -> bool:
    """Download ``url`` to ``part``, and continue an existing part if the server supports it.

    Args:
        url: An http or https address.
        part: File for the bytes. After a failure it is kept if it can be continued, and removed otherwise.
        limit: Maximal number of bytes, so that an endless response does not fill the disk.

    Returns:
        Whether an earlier call had left a part; if so, that part may be the reason for a wrong file.

    Raises:
        UnreachableError: If no connection can be made.
        SourceError: If the server refuses, sends too much, or fails `ATTEMPTS` times in a row without a new byte.
        OSError: If writing fails.
    """
    earlier = best = _resumable(part)
    failures = 0
    while True:
        try:
            _transfer(url, part, limit)
            return earlier > 0
        except _BrokenOffError as error:
            size = part.stat().st_size if part.exists() else 0
            failures = 0 if size > best else failures + 1
            best = max(best, size)
            if failures >= ATTEMPTS:
                _drop_unless_resumable(part)
                raise SourceError(f"{error}, {ATTEMPTS} times") from error
            time.sleep(PAUSE_S * 2 ** max(failures - 1, 0))
        except SourceError:
            _drop_unless_resumable(part)
            raise


def discard(part: Path) -> None:
    """Remove a part and its validator."""
    part.unlink(missing_ok=True)
    _validator(part).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Answer:
    start: int
    total: int | None
    validator: str


def _transfer(url: str, part: Path, limit: int) -> None:
    """Make one attempt, from the end of the part if it can be continued."""
    have = _resumable(part)
    with _open(url, part, have) as response:
        answer = _answer(response, part, have)
        if answer.total is not None and answer.total > limit:
            raise SourceError(f"offers {answer.total:,} bytes, more than the limit of {limit:,}")
        if not answer.start:
            # Empty the part before its validator changes: a crash in between must not pair old bytes with a new one.
            part.write_bytes(b"")
            _validator(part).write_text(answer.validator)
        _store(response, part, answer, limit, label=url.rsplit("/", 1)[-1])


def _open(url: str, part: Path, have: int) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"nvae/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": _validator(part).read_text()}
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        with error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code == 416:
                # The part is at least as long as the file, so it is complete but unchecked, or stale. Start again.
                discard(part)
            raise (_BrokenOffError if error.code in (416, *PASSING) else SourceError)(reason) from error
    except (urllib.error.URLError, ValueError, http.client.InvalidURL) as error:
        raise UnreachableError(f"no connection: {getattr(error, 'reason', error)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"no answer: {error or type(error).__name__}") from error
    return response


def _answer(response: http.client.HTTPResponse, part: Path, have: int) -> _Answer:
    """Parse which bytes the server sends. A server that ignores the range responds with 200 and sends all bytes."""
    if response.status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not have or span is None or int(span[1]) != have:
            discard(part)
            raise _BrokenOffError("sends a range that was not requested")
        return _Answer(have, None if span[2] == "*" else int(span[2]), _validator(part).read_text())
    if response.status != 200:
        raise SourceError(f"HTTP {response.status} {response.reason}")
    length = response.headers.get("Content-Length", "")
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")  # not a weak ETag
    return _Answer(0, int(length) if length.isdecimal() else None, validator)


def _store(response: http.client.HTTPResponse, part: Path, answer: _Answer, limit: int, *, label: str) -> None:
    size, total = answer.start, answer.total
    with part.open("ab") as sink, Progress(label, total=total, done=size) as progress:
        # read1 returns the bytes that have arrived, so that none of them is lost when the connection breaks.
        while total is None or size < total:
            try:
                chunk = response.read1(CHUNK if total is None else min(CHUNK, total - size))
            except (OSError, http.client.HTTPException) as error:
                raise _BrokenOffError(f"connection lost after {size:,} bytes") from error
            if not chunk:
                break
            size += len(chunk)
            if size > limit:
                discard(part)
                raise SourceError(f"sends more than the limit of {limit:,} bytes")
            sink.write(chunk)
            progress.update(len(chunk))
    if total is not None and size < total:
        raise _BrokenOffError(f"connection lost after {size:,} of {total:,} bytes")


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name.removesuffix('.part')}.validator.part")


def _resumable(part: Path) -> int:
    """Return the number of bytes of an earlier attempt from which a server can continue."""
    known = _validator(part).is_file() and _validator(part).read_text().strip() != ""
    return part.stat().st_size if known and part.is_file() else 0


def _drop_unless_resumable(part: Path) -> None:
    if not _resumable(part):
        discard(part)
