"""Fetching from folders: the order of sources, files supplied by hand, checks, and the error with all attempts."""

import fcntl
import gzip
import os
import socket
import threading
from pathlib import Path

import pytest

from nvae.data.fetching.fetch import IN_PLACE, fetch
from nvae.data.fetching.payloads import copy_payload
from nvae.data.fetching.sources import Setting
from nvae.errors import UserError
from tests.unit.fetch_world import CONTENT, NOWHERE, listing, mirror, plain_row, serving

TARGET = "MNIST/raw/digits"
PACKED = gzip.compress(CONTENT, 1)
WRONG = gzip.compress(b"x" * len(CONTENT), 1)


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", ["mnist/digits.gz", "mnist/digits", f"mnist/{TARGET}"])
def test_a_folder_mirror_serves_packed_or_plain_files_also_from_raw_data(tmp_path: Path, name: str) -> None:
    place = mirror(tmp_path / "m", {name: PACKED if name.endswith(".gz") else CONTENT})
    [result] = fetch([plain_row()], tmp_path / "out", Setting((place,), offline=True))
    assert result.source == f"NVAE_DATA_MIRROR {place}"
    assert (tmp_path / "out" / TARGET).read_bytes() == CONTENT
    assert listing(tmp_path / "out") == {TARGET}


def test_sources_are_tried_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    out = tmp_path / "out"
    hand = Path(mirror(out, {"digits.gz": PACKED})) / "digits.gz"
    first, second = (mirror(tmp_path / name, {"mnist/digits.gz": PACKED}) for name in ("m1", "m2"))
    system = Path(mirror(tmp_path / "system", {"digits.gz": PACKED})) / "digits.gz"
    with serving() as server:
        row = plain_row(system=str(system), url=f"{server.url}/mnist/digits.gz")
        used, requests = [], []
        for gone in (hand, Path(first, "mnist/digits.gz"), Path(second, "mnist/digits.gz"), system, None):
            [result] = fetch([row], out, Setting((first, second)))
            used.append(result.source)
            requests.append(len(server.requests))
            (out / TARGET).unlink()
            if gone:
                gone.unlink()
        expected = [str(out), f"NVAE_DATA_MIRROR {first}", f"NVAE_DATA_MIRROR {second}", str(system.parent), row.url]
        assert used == expected
        assert requests == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "content"),
    [("digits.gz", PACKED), ("digits", CONTENT), (f"{TARGET}.gz", PACKED), (TARGET, PACKED)],
)
def test_files_supplied_by_hand_are_used(tmp_path: Path, name: str, content: bytes) -> None:
    mirror(tmp_path, {name: content})
    [result] = fetch([plain_row()], tmp_path, Setting(offline=True))
    assert result.source == str(tmp_path)
    assert (tmp_path / TARGET).read_bytes() == CONTENT
    assert name == TARGET or (tmp_path / name).read_bytes() == content


def test_a_second_call_changes_nothing(tmp_path: Path, no_socket: None) -> None:
    setting = Setting((mirror(tmp_path / "m", {"mnist/digits.gz": PACKED}),))
    fetch([plain_row()], tmp_path / "out", setting)
    before = (tmp_path / "out" / TARGET).stat()
    [result] = fetch([plain_row()], tmp_path / "out", setting)
    after = (tmp_path / "out" / TARGET).stat()
    assert result.source == IN_PLACE
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_damaged_file_in_place_is_replaced_and_reported(tmp_path: Path) -> None:
    mirror(tmp_path / "out", {TARGET: CONTENT[:-1] + b"!"})
    place = mirror(tmp_path / "m", {"mnist/digits.gz": PACKED})
    [result] = fetch([plain_row()], tmp_path / "out", Setting((place,), offline=True))
    assert (tmp_path / "out" / TARGET).read_bytes() == CONTENT
    assert "wrong SHA-256" in result.failed[0]


def test_after_a_wrong_checksum_the_next_source_is_tried(tmp_path: Path) -> None:
    bad, good = (mirror(tmp_path / n, {"mnist/digits.gz": c}) for n, c in (("bad", WRONG), ("good", PACKED)))
    [result] = fetch([plain_row()], tmp_path / "out", Setting((bad, good), offline=True))
    assert result.source == f"NVAE_DATA_MIRROR {good}"
    assert bad in result.failed[0]
    assert listing(tmp_path / "out") == {TARGET}


def test_a_wrong_checksum_at_every_source_is_reported_and_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    mirror(out, {TARGET: b"mine", "MNIST/raw/other": b"mine too"})
    place = mirror(tmp_path / "m", {"mnist/digits.gz": WRONG})
    got, expected = plain_row(b"x" * len(CONTENT)).sha256, plain_row().sha256
    with pytest.raises(UserError, match=f"wrong SHA-256: got {got} .*, expected {expected}"):
        fetch([plain_row()], out, Setting((place,), offline=True))
    assert listing(out) == {TARGET, "MNIST/raw/other"}
    assert (out / TARGET).read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (PACKED[:-300], "truncated gzip"),
        (PACKED[:-4] + b"\0\0\0\0", "damaged gzip"),
        (PACKED[:600] + b"\xff" * 40 + PACKED[640:], "damaged gzip|wrong SHA-256"),
        (gzip.compress(CONTENT + b"\0"), "holds more than the expected 307,200 bytes"),
        (gzip.compress(CONTENT[:-1]), "wrong SHA-256.*307,199 bytes"),
        (b"<html>log in first</html>", "wrong SHA-256"),
        (b"", "wrong SHA-256"),
    ],
)
def test_damaged_files_are_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    place = mirror(tmp_path / "m", {"mnist/digits.gz": content})
    with pytest.raises(UserError, match=reason):
        fetch([plain_row()], tmp_path / "out", Setting((place,), offline=True))
    assert listing(tmp_path / "out") == set()


def test_a_gzip_bomb_is_read_up_to_the_expected_size(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(20_000_000)))
    with (tmp_path / "sink").open("wb") as sink, pytest.raises(ValueError, match="more than the expected 1,000 bytes"):
        copy_payload(bomb, sink, limit=1000)
    assert (tmp_path / "sink").stat().st_size <= 1000


def test_offline_opens_no_socket(tmp_path: Path, no_socket: None) -> None:
    setting = Setting.from_environ({"NVAE_DATA_MIRROR": "http://mirror.example/data", "NVAE_OFFLINE": "1"})
    with pytest.raises(UserError) as caught:
        fetch([plain_row()], tmp_path / "out", setting)
    assert str(caught.value).count("not tried, NVAE_OFFLINE is set") == 2


def test_the_socket_guard_of_these_tests_works(tmp_path: Path, no_socket: None) -> None:
    with pytest.raises(AssertionError, match="socket was opened"):
        fetch([plain_row()], tmp_path / "out", Setting())


def test_one_error_lists_all_attempts(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    row = plain_row(system=str(tmp_path / "usr" / "digits.gz"))
    with pytest.raises(UserError) as caught:
        fetch([row, plain_row(file="labels")], tmp_path / "out", Setting((str(tmp_path / "empty"),), offline=True))
    message = str(caught.value)
    parts = [
        f"{tmp_path / 'out'} (not there)",
        f"NVAE_DATA_MIRROR {tmp_path / 'empty'} (not there)",
        f"{tmp_path / 'usr'} (not there)",
        f"{NOWHERE} (not tried, NVAE_OFFLINE is set)",
        f"in {tmp_path / 'out'}/ by hand",
        "http://home.example",
    ]
    places = [message.find(part) for part in parts]
    assert min(places) >= 0, message
    assert places == sorted(places)
    assert "\n" not in message


def test_the_parts_of_killed_runs_are_removed(tmp_path: Path) -> None:
    left = {"MNIST/raw/digits.0a1b2c3d.part": b"1", "MNIST/raw/digits.0a1b2c3d.validator.part": b"2"}
    mirror(tmp_path / "out", {**left, "MNIST/raw/.digits.77.part": b"3", "MNIST/raw/other.0a1b2c3d.part": b"4"})
    setting = Setting((mirror(tmp_path / "m", {"mnist/digits.gz": PACKED}),), offline=True)
    fetch([plain_row()], tmp_path / "out", setting)
    assert listing(tmp_path / "out") == {TARGET, "MNIST/raw/other.0a1b2c3d.part"}


def test_a_raw_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match="a writable folder"):
        fetch([plain_row()], tmp_path / "out", Setting(offline=True))


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    setting = Setting((mirror(tmp_path / "m", {"mnist/digits.gz": PACKED}),), offline=True)
    second = threading.Thread(target=fetch, args=([plain_row()], out, setting))
    first = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(first, fcntl.LOCK_EX)
        second.start()
        second.join(0.2)
        assert second.is_alive()
        assert listing(out) == set()
    finally:
        os.close(first)
    second.join(10)
    assert listing(out) == {TARGET}


@pytest.mark.parametrize(
    "value", ["ftp://host/data", "http://me:secret@host/data", "https://", "/a,file:///b", "FILE:///b"]
)
def test_unusable_mirrors_are_refused_without_showing_the_password(value: str) -> None:
    with pytest.raises(UserError, match="NVAE_DATA_MIRROR") as caught:
        Setting.from_environ({"NVAE_DATA_MIRROR": value})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("value", "offline"), [("1", True), ("yes", True), ("0", False), ("", False), ("no", False)])
def test_offline_values(value: str, offline: bool) -> None:
    assert Setting.from_environ({"NVAE_OFFLINE": value}).offline is offline
