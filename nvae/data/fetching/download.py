"""Download of one file over HTTP, streamed, with time-outs and a least rate, resumed after an interruption.

The bytes are written to ``X.part``, and the server's ETag or date to ``X.validator.part``. Without the validator a part
is not continued, since it could be the beginning of another file. Proxies are configured as for urllib, by the
environment variables ``http_proxy``, ``https_proxy`` and ``no_proxy``.
"""

import functools
import http.client
import io
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from nvae import __version__
from nvae.data.fetching.payloads import CHUNK
from nvae.data.fetching.progress import Progress
from nvae.data.fetching.sources import GivenUpError, SourceError

TIMEOUT_S = 30.0
"""Time-out of a connection attempt and of each read, in seconds."""

ATTEMPTS = 3
"""Number of consecutive attempts without a new byte after which a download fails."""

PAUSE_S = 1.0
"""Pause before the second attempt in seconds; it doubles before each further attempt."""

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP statuses of temporary errors, after which another attempt is made."""

LEAST_RATE = 1000
"""Least rate of new bytes per second. At this rate the largest file, of 87 MB, would take a day; slow mobile
connections and modems have several times the rate."""

RATE_WINDOW_S = 120.0
"""Time over which the rate is averaged, in seconds. It is longer than `ATTEMPTS` time-outs with their pauses, so that a
connection may be interrupted, and a silent server is reported as such."""


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
        GivenUpError: If no connection can be made, or new bytes arrive at less than `LEAST_RATE`.
        SourceError: If the server refuses, redirects to another protocol, sends too much, or fails `ATTEMPTS` times in
            a row without a new byte.
        OSError: If writing fails.
    """
    earlier = best = _resumable(part)
    failures = 0
    pace = _Pace()
    while True:
        try:
            _transfer(url, part, limit, pace)
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


class _Pace:
    """The rate of new bytes, over all attempts: pauses, and answers without content, lower it as well."""

    def __init__(self) -> None:
        self._start, self._new = time.monotonic(), 0

    def add(self, n_bytes: int) -> None:
        """Count new bytes."""
        self._new += n_bytes

    def check(self) -> None:
        """Give the source up if a window has ended in which too few bytes arrived."""
        seconds = time.monotonic() - self._start
        if seconds < RATE_WINDOW_S:
            return
        if self._new < LEAST_RATE * seconds:
            raise GivenUpError(f"too slow: {self._new:,} bytes in {seconds:.0f} s, less than {LEAST_RATE:,} per second")
        self._start, self._new = time.monotonic(), 0


class _PacedStream(io.RawIOBase):
    """The bytes of a connection; the pace is checked before each read, also while the header arrives."""

    def __init__(self, stream: io.RawIOBase, pace: _Pace) -> None:
        self._stream, self._pace = stream, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._pace.check()
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _PacedResponse(http.client.HTTPResponse):
    def __init__(self, *args: Any, pace: _Pace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_PacedStream(self.fp.detach(), pace))


class _PacedHandler(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    """Connections over HTTP and HTTPS at a checked pace."""

    def __init__(self, pace: _Pace) -> None:
        super().__init__()
        self._pace = pace

    def do_open(self, http_class: Any, req: urllib.request.Request, **kwargs: Any) -> http.client.HTTPResponse:
        def connect(*args: Any, **settings: Any) -> http.client.HTTPConnection:
            connection: http.client.HTTPConnection = http_class(*args, **settings)
            paced = functools.partial(_PacedResponse, pace=self._pace)
            connection.response_class = paced  # type: ignore[assignment]  # http.client only calls it
            return connection

        return super().do_open(connect, req, **kwargs)


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects to http and https addresses only; urllib would also follow one to ftp."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        fp.close()  # urllib would read the body first, of whatever length
        scheme = urlsplit(newurl).scheme
        if scheme not in ("http", "https"):
            raise SourceError(f"redirects to {scheme}:…, but only http and https addresses are used")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(pace: _Pace) -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone; urllib's own one also opens ftp, file and data addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        _WebRedirects(),
        _PacedHandler(pace),
    ):
        opener.add_handler(handler)
    return opener


def _transfer(url: str, part: Path, limit: int, pace: _Pace) -> None:
    """Make one attempt, from the end of the part if it can be continued."""
    have = _resumable(part)
    with _open(url, part, have, pace) as response:
        answer = _answer(response, part, have)
        if answer.total is not None and answer.total > limit:
            raise SourceError(f"offers {answer.total:,} bytes, more than the limit of {limit:,}")
        if not answer.start:
            # Empty the part before its validator changes: a crash in between must not pair old bytes with a new one.
            part.write_bytes(b"")
            _validator(part).write_text(answer.validator, encoding="latin-1")
        _store(response, part, answer, limit, pace, label=url.rsplit("/", 1)[-1])


def _open(url: str, part: Path, have: int, pace: _Pace) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"nvae/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": _validator(part).read_text(encoding="latin-1")}
    try:
        request = urllib.request.Request(url, headers=headers)
        response: http.client.HTTPResponse = _opener(pace).open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code == 416:
                # The part is at least as long as the file, so it is complete but unchecked, or stale. Start again.
                discard(part)
            raise (_BrokenOffError if error.code in (416, *PASSING) else SourceError)(reason) from error
    except (urllib.error.URLError, ValueError, http.client.InvalidURL) as error:
        raise GivenUpError(f"no connection: {getattr(error, 'reason', error)}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"no answer: {error or type(error).__name__}") from error
    return response


def _answer(response: http.client.HTTPResponse, part: Path, have: int) -> _Answer:
    """Parse which bytes the server sends. A server that ignores the range responds with 200 and sends all bytes."""
    if response.status == 206:
        span = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]{1,18}|\*)", response.headers.get("Content-Range", ""))
        if not have or span is None or int(span[1]) != have:
            discard(part)
            raise _BrokenOffError("sends a range that was not requested")
        return _Answer(have, None if span[2] == "*" else int(span[2]), _validator(part).read_text(encoding="latin-1"))
    if response.status != 200:
        raise SourceError(f"HTTP {response.status} {response.reason}")
    length = response.headers.get("Content-Length", "")
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")  # not a weak ETag
    return _Answer(0, int(length) if re.fullmatch("[0-9]{1,18}", length) else None, validator)


def _store(
    response: http.client.HTTPResponse, part: Path, answer: _Answer, limit: int, pace: _Pace, *, label: str
) -> None:
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
            pace.add(len(chunk))
            progress.update(len(chunk))
    if total is not None and size < total:
        raise _BrokenOffError(f"connection lost after {size:,} of {total:,} bytes")


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name.removesuffix('.part')}.validator.part")


def _resumable(part: Path) -> int:
    """Return the number of bytes of an earlier attempt from which a server can continue."""
    known = _validator(part).is_file() and _validator(part).read_text(encoding="latin-1").strip() != ""
    return part.stat().st_size if known and part.is_file() else 0


def _drop_unless_resumable(part: Path) -> None:
    if not _resumable(part):
        discard(part)
