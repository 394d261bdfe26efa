"""One file over HTTP: streamed, with time-outs, resumed after an interruption.

The bytes go to ``X.part``; beside it ``X.validator.part`` keeps the server's ETag or date, without which
an earlier part is not continued, since it could be another file's beginning. Proxies are urllib's: the
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
"""Longest silence of a server, when connecting as well as between two reads."""

ATTEMPTS = 3
"""Attempts in a row that may bring no new byte before a server is given up."""

PAUSE_S = 1.0
"""Pause before the second attempt; doubled before each further one."""

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses that another attempt may not meet again."""


class _BrokenOffError(SourceError):
    """The transfer broke off; another attempt may go on where it stopped."""


def download(url: str, part: Path, *, limit: int) -> bool:
    """Bring ``url`` to ``part``, continuing what is there if the server can.

    Args:
        url: an http or https address.
        part: where the bytes go. After a failure it stays if it can be continued, and is removed otherwise.
        limit: most bytes that are accepted; an endless answer does not fill the disk.

    Returns:
        Whether an earlier call had left a part. If so and the file is found wrong, that part may be why.

    Raises:
        UnreachableError: no connection.
        SourceError: the server refuses, sends too much, or breaks off `ATTEMPTS` times without a new byte.
        OSError: writing failed.
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
    """Remove a part and what is known about it."""
    part.unlink(missing_ok=True)
    _validator(part).unlink(missing_ok=True)


@dataclass(frozen=True)
class _Answer:
    start: int
    total: int | None
    validator: str


def _transfer(url: str, part: Path, limit: int) -> None:
    """One attempt, from the part's end if it can be continued."""
    have = _resumable(part)
    with _open(url, part, have) as response:
        answer = _answer(response, part, have)
        if answer.total is not None and answer.total > limit:
            raise SourceError(f"offers {answer.total:,} bytes, at most {limit:,} are due")
        if not answer.start:
            # Emptied before its validator changes: a crash between the two must not pair old bytes with a new one.
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
                # The part is as long as the file or longer: it is finished but for its check, or stale. Begin again.
                discard(part)
            raise (_BrokenOffError if error.code in (416, *PASSING) else SourceError)(reason) from error
    except (urllib.error.URLError, ValueError, http.client.InvalidURL) as error:
        raise UnreachableError(f"no connection: {getattr(error, 'reason', error)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"no answer: {error or type(error).__name__}") from error
    return response


def _answer(response: http.client.HTTPResponse, part: Path, have: int) -> _Answer:
    """Which bytes the server sends. A server that ignores the range answers 200 and sends all of them."""
    if response.status == 206:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not have or span is None or int(span[1]) != have:
            discard(part)
            raise _BrokenOffError("sends another range than asked for")
        return _Answer(have, None if span[2] == "*" else int(span[2]), _validator(part).read_text())
    if response.status != 200:
        raise SourceError(f"HTTP {response.status} {response.reason}")
    length = response.headers.get("Content-Length", "")
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")  # a weak ETag can't do
    return _Answer(0, int(length) if length.isdecimal() else None, validator)


def _store(response: http.client.HTTPResponse, part: Path, answer: _Answer, limit: int, *, label: str) -> None:
    size, total = answer.start, answer.total
    with part.open("ab") as sink, Progress(label, total=total, done=size) as progress:
        # read1 gives what has arrived: a connection that breaks loses nothing that came before.
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
                raise SourceError(f"sends more than the {limit:,} bytes that are due")
            sink.write(chunk)
            progress.update(len(chunk))
    if total is not None and size < total:
        raise _BrokenOffError(f"connection lost after {size:,} of {total:,} bytes")


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name.removesuffix('.part')}.validator.part")


def _resumable(part: Path) -> int:
    """Bytes of an earlier attempt that a server can be asked to continue."""
    known = _validator(part).is_file() and _validator(part).read_text().strip() != ""
    return part.stat().st_size if known and part.is_file() else 0


def _drop_unless_resumable(part: Path) -> None:
    if not _resumable(part):
        discard(part)
