"""The lines of docs/reproduce.md about remotes, run with the addresses and keys of servers on this machine."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline import sftp
from tests.pipeline.project import ROOT, needs_git
from tests.remotes import s3
from tests.remotes.project import FILES, SmallProject, documented

pytestmark = [pytest.mark.remotes, pytest.mark.slow, needs_git]

INSTALL = re.compile(r"^pip install -c constraints\.txt -e '\.\[(\w+)\]'\n", re.MULTILINE)
RESTORED = "restored; all files match dvc.lock"


def adapted(lines: str, here: dict[str, str]) -> str:
    """Return lines of the document without the installation, and with addresses and keys of this machine."""
    lines = INSTALL.sub("", lines)
    for there, value in here.items():
        lines = re.sub(rf"(?<!\w){re.escape(there)}(?!\w)", value, lines)
    assert not re.search(r"\bpip\b|\bexample\b", lines), lines
    return lines


def fill_and_restore(heading: str, here: dict[str, str], project: SmallProject) -> SmallProject:
    """Run both blocks below a heading, and return the restored clone."""
    filling, restoring = documented(heading)
    assert [there for there in here if there not in filling] == []
    assert "3 files pushed" in project.shell(adapted(filling, here))
    assert project.do("git", "status", "--porcelain") == ""
    committed = project.do("git", "show", "HEAD:.dvc/config").partition("[cache]")[2]
    assert set(re.findall(r"(\w+) = ", committed)) <= {"type", "url", "endpointurl"}
    clone = project.clone()
    assert RESTORED in clone.shell(adapted(restoring, here))
    assert clone.files() == FILES
    return clone


@pytest.mark.parametrize(
    ("heading", "package"), [("SSH", "ssh"), ("S3", "s3"), ("A server compatible with S3", "s3")], ids=str
)
def test_the_lines_install_the_package_of_the_remote(heading: str, package: str) -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [INSTALL.findall(lines) for lines in documented(heading)] == [[package], [package]]
    assert [re.split(">=", line)[0] for line in groups[package]] == [f"dvc-{package}"]


def test_a_folder(project: SmallProject, tmp_path: Path) -> None:
    fill_and_restore("A folder", {"/mnt/storage/nvae": str(tmp_path / "storage/nvae")}, project)
    assert any((tmp_path / "storage/nvae/files").iterdir())


def test_ssh(project: SmallProject, ssh_server: sftp.Server, tmp_path: Path) -> None:
    address = ssh_server.url.partition("@")[2].partition("/")[0]
    here = {"server.example.org": address, "~/.ssh/id_ed25519": str(ssh_server.key)}
    clone = fill_and_restore("SSH", here, project)
    assert any((tmp_path / "served/srv/nvae/files").iterdir())

    # The document also says where the user and the key come from without the `--local` lines.
    (clone.root / ".dvc/config.local").unlink()
    clone.forget_files()
    assert "Permission denied" in clone.restore_error()
    settings = clone.home / ".ssh/config"
    settings.parent.mkdir()
    settings.write_text(f"Host 127.0.0.1\n  User someone\n  IdentityFile {ssh_server.key}\n", encoding="utf-8")
    assert RESTORED in clone.do("nvae", "restore")
    assert not settings.with_name("known_hosts").exists()


def test_s3(project: SmallProject, s3_server: s3.Server) -> None:
    here = {"KEY_ID": s3_server.key_id, "SECRET_KEY": s3_server.secret_key}
    clone = fill_and_restore("S3", here, replace(project, variables={"AWS_ENDPOINT_URL_S3": s3_server.url}))

    # The document also names the file from which the credentials come otherwise.
    assert "Unable to locate credentials" in clone.restore_error()
    settings = clone.home / ".aws/credentials"
    settings.parent.mkdir()
    key = f"aws_access_key_id = {s3_server.key_id}\naws_secret_access_key = {s3_server.secret_key}\n"
    settings.write_text(f"[default]\n{key}", encoding="utf-8")
    assert RESTORED in clone.do("nvae", "restore")


def test_a_server_compatible_with_s3(project: SmallProject, s3_server: s3.Server) -> None:
    here = {
        "https://s3.example.org": s3_server.url,
        "KEY_ID": s3_server.key_id,
        "SECRET_KEY": s3_server.secret_key,
    }
    fill_and_restore("A server compatible with S3", here, project)
