"""Small and read-only disks, where this machine lets us mount them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(*words: str | Path) -> None:
    """Mount something, or skip the test: it needs Linux and root."""
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no `mount` here")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounting needs Linux and root: {error.stderr.strip()}")


@contextmanager
def small_disk(folder: Path, *, kib: int) -> Iterator[Path]:
    """A disk of so many KiB at ``folder``."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def enlarge(disk: Path, *, kib: int) -> None:
    """Make room on a small disk."""
    mount("-o", f"remount,size={kib}k", disk)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing in a folder can be changed, by root neither."""
    mount("--bind", folder, folder)
    try:
        mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
