"""The small project, and servers for its remotes."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline import sftp
from tests.remotes import s3
from tests.remotes.project import SmallProject, make_project

#: Bucket of the document.
BUCKET = "my-bucket"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    return make_project(tmp_path_factory.mktemp("small"))


@pytest.fixture
def project(made: SmallProject, tmp_path: Path) -> SmallProject:
    """Return a copy of the small project, which the test may change."""
    shutil.copytree(made.root.parent, tmp_path, dirs_exist_ok=True)
    return replace(made, root=tmp_path / "project", home=tmp_path / "home")


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[sftp.Server]:
    keys = tmp_path / "keys"
    keys.mkdir()
    with sftp.sftp_server(tmp_path / "served", secrets=keys) as server:
        yield server


@pytest.fixture
def s3_server() -> Iterator[s3.Server]:
    for name in ("dvc_s3", "moto.server"):
        pytest.importorskip(name, reason="the packages for S3 are not installed: make remotes")
    with s3.s3_server(BUCKET) as server:
        yield server
