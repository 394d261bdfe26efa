"""Atomic writes and their errors."""

import os
import signal
from pathlib import Path

import pytest
from safetensors import SafetensorError

from nvae.cli import main
from nvae.errors import UserError
from nvae.provenance import atomic

NO_ROOM = 28


def test_a_failed_write_is_a_user_error_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old", encoding="utf-8")

    def full(descriptor: int) -> None:
        raise OSError(NO_ROOM, os.strerror(NO_ROOM))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"table\.csv: got .*No space left on device"), atomic(target) as part:
        part.write_text("new", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_weights_that_cannot_be_written_are_a_user_error_too(tmp_path: Path) -> None:
    """The error class of safetensors, with its message on a full disk (tests/faults has a real one)."""
    message = "Error while serializing: I/O error: No space left on device (os error 28)"
    with pytest.raises(UserError, match="os error"), atomic(tmp_path / "weights.safetensors"):
        raise SafetensorError(message)


@pytest.mark.parametrize("name", ["file/table.csv", "folder"])
def test_an_existing_path_of_another_kind_is_a_user_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="expected a writable path with free space"), atomic(tmp_path / name) as part:
        part.write_text("new", encoding="utf-8")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_other_errors_are_propagated_and_leave_no_file(tmp_path: Path) -> None:
    def half(part: Path) -> None:
        part.write_text("half", encoding="utf-8")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "table.csv") as part:
        half(part)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_cleans_up_and_explains_how_to_resume(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)

    def run(args: object) -> None:
        with atomic(tmp_path / "table.csv") as part:
            part.write_text("half", encoding="utf-8")
            os.kill(os.getpid(), number)

    monkeypatch.setattr("nvae.commands.trace.run", run)
    assert main(["trace", "anything"]) == 128 + number
    message = capsys.readouterr().err
    assert message.startswith(f"nvae: stopped by {number.name}. The same command resumes")
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) == before
