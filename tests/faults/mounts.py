"""Small and read-only file systems, where the machine allows mounting them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(*words: str | Path) -> None:
    """Mount a file system, or skip the test: mounting requires Linux and root."""
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no `mount` here")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"mounting needs Linux and root: {error.stderr.strip()}")


@contextmanager
def small_disk(folder: Path, *, kib: int) -> Iterator[Path]:
    """Mount a file system of the given size at ``folder``."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def enlarge(disk: Path, *, kib: int) -> None:
    """Enlarge a small file system."""
    mount("-o", f"remount,size={kib}k", disk)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder read-only, also for root."""
    mount("--bind", folder, folder)
    try:
        mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
