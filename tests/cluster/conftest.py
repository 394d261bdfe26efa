"""The Slurm that the tests of this folder share, and what they run on it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import slurm
from tests.cluster.slurm import Slurm


@pytest.fixture(scope="session")
def cluster() -> Iterator[Slurm]:
    """A Slurm of this machine, installed if need be."""
    slurm.install()
    # Not pytest's folder: munged wants one that everybody may enter, and sockets have short names.
    with tempfile.TemporaryDirectory(prefix="nvae-slurm-") as folder, slurm.running(Path(folder)) as started:
        print(f"Slurm {slurm.version()}")
        yield started
