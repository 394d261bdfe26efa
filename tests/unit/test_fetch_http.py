"""HTTP sources, tested with local servers: resumption, interruptions, time-outs and wrong responses."""

import gzip
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import nvae.data.fetching.fetch
from nvae.data.fetching import download, progress
from nvae.data.fetching.fetch import fetch
from nvae.data.fetching.sources import Setting, SourceError
from nvae.errors import UserError
from tests.unit.fetch_world import CONTENT, Server, listing, mirror, plain_row, serving

TARGET = "MNIST/raw/digits"
HALF = 900


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


def fetched(out: Path, server: Server) -> bytes:
    [result] = fetch([plain_row()], out, Setting((server.url,)))
    assert result.source == f"NVAE_DATA_MIRROR {server.url}"
    assert listing(out) == {TARGET}
    return (out / TARGET).read_bytes()


def left_part(out: Path) -> Path:
    [part] = [path for path in (out / "MNIST/raw").glob("digits.*.part") if "validator" not in path.name]
    return part


def interrupted(out: Path, server: Server) -> Path:
    """Let a first run fail after HALF bytes, and return the part that it leaves."""
    server.cuts = [HALF, *[0] * download.ATTEMPTS]
    with pytest.raises(UserError, match=f"connection lost after {HALF} of"):
        fetch([plain_row()], out, Setting((server.url,)))
    server.cuts = []
    server.requests.clear()
    return left_part(out)


def test_a_mirror_address_serves_packed_files(tmp_path: Path, server: Server) -> None:
    assert fetched(tmp_path, server) == CONTENT
    assert server.requests == [("/mnist/digits.gz", None)]


def test_a_mirror_address_serves_plain_files_too(tmp_path: Path, server: Server) -> None:
    server.files = {"/mnist/digits": CONTENT}
    assert fetched(tmp_path, server) == CONTENT


def test_the_official_address_comes_last(tmp_path: Path, server: Server) -> None:
    row = plain_row(url=f"{server.url}/official/digits.gz")
    server.files = {"/official/digits.gz": gzip.compress(CONTENT)}
    [result] = fetch([row], tmp_path, Setting((f"{server.url}/",)))
    assert result.source == row.url
    assert [path for path, _ in server.requests] == ["/mnist/digits.gz", "/mnist/digits", "/official/digits.gz"]
    assert "HTTP 404 Not Found" in result.failed[0]


def test_an_interrupted_transfer_is_resumed(tmp_path: Path, server: Server) -> None:
    server.cuts = [HALF, 50]
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [None, f"bytes={HALF}-", f"bytes={HALF + 50}-"]


def test_the_transfer_restarts_if_the_server_ignores_ranges(tmp_path: Path, server: Server) -> None:
    server.ranges, server.cuts = False, [HALF]
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [None, f"bytes={HALF}-"]


def test_the_transfer_restarts_if_the_server_sends_another_range(tmp_path: Path, server: Server) -> None:
    server.wrong_ranges, server.cuts = True, [HALF]
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [None, f"bytes={HALF}-", None]


def test_interruptions_after_new_bytes_are_not_limited(tmp_path: Path, server: Server) -> None:
    server.cuts = [100] * (2 * download.ATTEMPTS)
    assert fetched(tmp_path, server) == CONTENT


def test_a_later_run_resumes(tmp_path: Path, server: Server) -> None:
    part = interrupted(tmp_path, server)
    assert part.read_bytes() == server.files["/mnist/digits.gz"][:HALF]
    assert not (tmp_path / TARGET).exists()
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [f"bytes={HALF}-"]


def test_the_transfer_restarts_if_the_file_has_changed(tmp_path: Path, server: Server) -> None:
    interrupted(tmp_path, server)
    server.etag, server.files["/mnist/digits.gz"] = '"two"', gzip.compress(CONTENT, 9)
    assert fetched(tmp_path, server) == CONTENT


def test_a_damaged_part_is_discarded_once(tmp_path: Path, server: Server) -> None:
    part = interrupted(tmp_path, server)
    part.write_bytes(b"\0" * HALF)
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [f"bytes={HALF}-", None]


def test_a_complete_part_is_accepted(tmp_path: Path, server: Server) -> None:
    part = interrupted(tmp_path, server)
    part.write_bytes(server.files["/mnist/digits.gz"])
    assert fetched(tmp_path, server) == CONTENT


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_validator_no_part_is_kept(tmp_path: Path, server: Server, etag: str) -> None:
    server.etag, server.cuts = etag, [HALF, 0, 0, 0, 0]
    with pytest.raises(UserError, match="connection lost"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert listing(tmp_path) == set()
    assert set(server.spans) == {None}


def test_a_part_is_not_continued_from_another_server(tmp_path: Path, server: Server) -> None:
    interrupted(tmp_path, server)
    with serving() as other:
        assert fetched(tmp_path, other) == CONTENT
        assert other.spans == [None]


def test_a_busy_server_is_tried_again(tmp_path: Path, server: Server) -> None:
    server.statuses = [503, 503]
    assert fetched(tmp_path, server) == CONTENT
    assert len(server.requests) == 3


def test_attempts_at_a_busy_server_are_limited(tmp_path: Path, server: Server) -> None:
    server.statuses = [503] * 20
    with pytest.raises(UserError, match="HTTP 503 Service Unavailable, 3 times"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert len(server.requests) == 2 * download.ATTEMPTS


def test_a_refused_request_is_not_repeated(tmp_path: Path, server: Server) -> None:
    server.statuses = [403, 403]
    with pytest.raises(UserError, match=r"\(HTTP 403 Forbidden\)"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert len(server.requests) == 2


def test_a_silent_server_times_out(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.05)
    server.hangs = True
    with pytest.raises(UserError, match="no answer: timed out, 3 times"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))


@pytest.mark.parametrize("length", [True, False])
def test_an_endless_response_does_not_fill_the_disk(tmp_path: Path, server: Server, length: bool) -> None:
    server.length, server.files = length, {"/mnist/digits.gz": bytes(5_000_000)}
    with pytest.raises(UserError, match="offers 5,000,000 bytes" if length else "sends more than the"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert listing(tmp_path) == set()


def test_a_truncated_response_without_length_is_reported(tmp_path: Path, server: Server) -> None:
    server.length, server.cuts = False, [HALF]
    with pytest.raises(UserError, match="truncated gzip"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert listing(tmp_path) == set()


def test_a_wrong_file_is_discarded_and_the_next_mirror_tried(tmp_path: Path, server: Server) -> None:
    server.files["/mnist/digits.gz"] = gzip.compress(b"x" * len(CONTENT))
    good = mirror(tmp_path / "m", {"mnist/digits.gz": gzip.compress(CONTENT)})
    [result] = fetch([plain_row()], tmp_path / "out", Setting((server.url, good)))
    assert result.source == f"NVAE_DATA_MIRROR {good}"
    assert "wrong SHA-256" in result.failed[0]
    assert listing(tmp_path / "out") == {TARGET}


def test_an_unreachable_mirror_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = []

    def counted(url: str, part: Path, *, limit: int) -> bool:
        urls.append(url)
        return download.download(url, part, limit=limit)

    monkeypatch.setattr(nvae.data.fetching.fetch, "download", counted)
    good = mirror(tmp_path / "m", {"mnist/digits.gz": CONTENT, "mnist/labels": CONTENT})
    rows = [plain_row(), plain_row(file="labels", url="http://127.0.0.1:1/labels.gz")]
    results = fetch(rows, tmp_path / "out", Setting(("http://127.0.0.1:1", good)))
    assert [result.source for result in results] == [f"NVAE_DATA_MIRROR {good}"] * 2
    assert all("no connection" in result.failed[0] for result in results)
    assert urls == ["http://127.0.0.1:1/mnist/digits.gz"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up a source after a fifth of a second at less than 1000 bytes per second."""
    monkeypatch.setattr(download, "RATE_WINDOW_S", 0.2)


@pytest.mark.parametrize("part", ["header", "body", "redirected body"])
def test_a_slow_mirror_is_given_up_for_the_next_one(
    tmp_path: Path, server: Server, part: str, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.drip_s, server.drips_header = 0.01, part == "header"
    if part == "redirected body":
        server.files["/elsewhere"] = server.files["/mnist/digits.gz"]
        server.redirects = {"/mnist/digits.gz": f"{server.url}/elsewhere"}
    good = mirror(tmp_path / "m", {"mnist/digits.gz": CONTENT, "mnist/labels": CONTENT})
    rows = [plain_row(), plain_row(file="labels")]
    results = fetch(rows, tmp_path / "out", Setting((server.url, good)))
    assert [result.source for result in results] == [f"NVAE_DATA_MIRROR {good}"] * 2
    for result in results:
        assert re.search(r"too slow: [0-9]+ bytes in [0-9]+ s, less than 1,000 per second", result.failed[0])
    assert {path for path, _ in server.requests} <= {"/mnist/digits.gz", "/elsewhere"}  # the mirror is given up at once
    assert listing(tmp_path / "out") == {TARGET, "MNIST/raw/labels"}


def test_what_a_slow_server_has_sent_is_kept(tmp_path: Path, server: Server, impatient: None) -> None:
    server.drip_s = 0.01
    with pytest.raises(UserError, match="too slow"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    size = left_part(tmp_path).stat().st_size
    assert 0 < size < HALF
    server.drip_s = 0.0
    server.requests.clear()
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [f"bytes={size}-"]


def test_a_server_that_sends_a_byte_per_connection_is_given_up(
    tmp_path: Path, server: Server, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PAUSE_S", 0.02)
    server.cuts = [1] * 10_000
    with pytest.raises(UserError, match="too slow"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert 1 < len(server.requests) < 100


def test_a_slow_but_honest_server_is_waited_for(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "RATE_WINDOW_S", 0.3)
    monkeypatch.setattr(download, "LEAST_RATE", 10)
    server.drip_s = 0.0005
    server.cuts = [HALF]
    assert fetched(tmp_path, server) == CONTENT
    assert len(server.requests) == 2


def test_a_silent_server_is_reported_before_it_counts_as_slow() -> None:
    assert 1.2 * download.ATTEMPTS * download.TIMEOUT_S < download.RATE_WINDOW_S


def test_a_redirect_over_http_is_followed(tmp_path: Path, server: Server) -> None:
    server.files["/elsewhere"] = server.files["/mnist/digits.gz"]
    server.redirects = {"/mnist/digits.gz": "/elsewhere"}
    assert fetched(tmp_path, server) == CONTENT


@pytest.mark.parametrize(
    "address",
    ["ftp://{host}/elsewhere", "file:///etc/passwd", "data:text/plain,x", "gopher://{host}/", "FTP://{host}/"],
)
def test_a_redirect_to_another_protocol_is_refused(
    tmp_path: Path, server: Server, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request.FTPHandler, "ftp_open", lambda *args: pytest.fail("an FTP connection"))
    monkeypatch.setattr(urllib.request.FileHandler, "file_open", lambda *args: pytest.fail("a file was opened"))
    address = address.format(host=server.url.removeprefix("http://"))
    server.redirects = dict.fromkeys(("/mnist/digits.gz", "/mnist/digits"), address)
    with pytest.raises(UserError, match=r"redirects to \w+:…, but only http|is not allowed"):
        fetch([plain_row()], tmp_path, Setting((server.url,)))
    assert listing(tmp_path) == set()


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:1/x.gz", "file:///etc/passwd", "data:,x", "x"])
def test_only_http_addresses_are_opened(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceError, match="no connection: unknown url type"):
        download.download(address, tmp_path / "x.part", limit=100)
    assert listing(tmp_path) == set()


def test_a_size_with_thousands_of_digits_is_no_size(tmp_path: Path, server: Server) -> None:
    interrupted(tmp_path, server)
    server.lengths = "9" * 5000
    assert fetched(tmp_path, server) == CONTENT
    assert server.spans == [f"bytes={HALF}-", None]


def test_a_damaged_validator_is_no_match(tmp_path: Path, server: Server) -> None:
    part = interrupted(tmp_path, server)
    part.with_name(part.name.replace(".part", ".validator.part")).write_bytes(b'"\xff"')
    assert fetched(tmp_path, server) == CONTENT


def test_progress_in_a_log_is_sparse(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched(tmp_path / "quick", server)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    fetched(tmp_path / "slow", server)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert all(line.startswith("digits.gz: 0.0 of 0.0 MB") for line in lines)
