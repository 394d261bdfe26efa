"""The Slurm that the tests of this folder share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import slurm
from tests.cluster.slurm import Slurm


@pytest.fixture(scope="session")
def cluster() -> Iterator[Slurm]:
    """Yield a Slurm on this machine, which is installed if necessary."""
    slurm.install()
    # Not a folder of pytest: munged requires one that everybody may enter, and the paths of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="nvae-slurm-") as folder, slurm.running(Path(folder)) as started:
        print(f"Slurm {slurm.version()}")
        yield started
