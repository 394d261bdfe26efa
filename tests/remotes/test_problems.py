"""``nvae restore`` names the problem of a remote in one line."""

from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from tests.pipeline import sftp
from tests.pipeline.project import ROOT, needs_git
from tests.remotes import s3
from tests.remotes.conftest import BUCKET
from tests.remotes.project import SmallProject

pytestmark = [pytest.mark.remotes, pytest.mark.slow, needs_git]

REMOTE = "DVC's default remote: got "
CREDENTIALS = "expected credentials that the remote accepts. Set them with `dvc remote modify --local`"
PLACE = "expected an existing bucket or folder"
ANSWER = "expected a remote that answers"
#: A port that no service uses.
CLOSED = "127.0.0.1:9"


def use(project: SmallProject, url: str, **settings: str) -> SmallProject:
    """Make a URL the default remote."""
    project.do("dvc", "remote", "add", "-d", "--local", "storage", url)
    for name, value in settings.items():
        project.do("dvc", "remote", "modify", "--local", "storage", name, value)
    return project


@pytest.mark.parametrize(("url", "package"), [("ssh://server/nvae", "ssh"), ("s3://bucket/nvae", "s3")], ids=str)
def test_a_missing_package(url: str, package: str, project: SmallProject, tmp_path: Path) -> None:
    # Where the package is installed, this module hides it.
    (tmp_path / f"dvc_{package}.py").write_text("raise ModuleNotFoundError", encoding="utf-8")
    line = use(replace(project, variables={"PYTHONPATH": f"{tmp_path}:{ROOT}"}), url).restore_error()
    assert line.startswith(f"{REMOTE}{package} is supported, but requires 'dvc-{package}' to be installed, expected")
    assert line.endswith("Install it: pip install -c constraints.txt -e '.[ssh,s3]'.\n")


def test_a_folder_that_does_not_exist(project: SmallProject, tmp_path: Path) -> None:
    line = use(project, str(tmp_path / "nowhere")).restore_error()
    assert line.startswith(REMOTE)
    assert f"'{tmp_path / 'nowhere'}', {PLACE}" in line


def test_a_folder_without_the_files(project: SmallProject, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = use(project, str(tmp_path / "empty")).restore_error()
    assert line.startswith("dvc pull: got failed to pull data from the cloud")
    assert "expected every output of dvc.lock in the cache or the remote" in line


def test_no_default_among_the_remotes(project: SmallProject, tmp_path: Path) -> None:
    project.do("dvc", "remote", "add", "--local", "storage", str(tmp_path))
    line = project.restore_error()
    assert line.startswith(f"{REMOTE}config file error: no remote specified")
    assert "dvc remote default <remote name>" in line


def test_a_key_that_the_ssh_server_rejects(project: SmallProject, ssh_server: sftp.Server, tmp_path: Path) -> None:
    key = tmp_path / "other"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
    line = use(project, ssh_server.url, keyfile=str(key)).restore_error()
    assert line.startswith(f"{REMOTE}Permission denied for user someone on host 127.0.0.1, {CREDENTIALS}")


def test_a_key_that_does_not_exist(project: SmallProject, ssh_server: sftp.Server, tmp_path: Path) -> None:
    line = use(project, ssh_server.url, keyfile=str(tmp_path / "none")).restore_error()
    assert f"'{tmp_path / 'none'}', expected an existing bucket or folder (and key file)" in line


def test_a_folder_that_does_not_exist_on_the_ssh_server(project: SmallProject, ssh_server: sftp.Server) -> None:
    line = use(project, f"{ssh_server.url}/nowhere", keyfile=str(ssh_server.key)).restore_error()
    assert line.startswith(f"{REMOTE}[Errno 2] No such file or directory, {PLACE}")


def test_an_ssh_server_that_does_not_answer(project: SmallProject) -> None:
    line = use(project, f"ssh://{CLOSED}/nvae").restore_error()
    assert line.startswith(f"{REMOTE}[Errno 111] Connect call failed ('127.0.0.1', 9), {ANSWER}")


@pytest.mark.parametrize(
    ("change", "got", "expected"),
    [
        ({"secret_access_key": "wrong"}, "The request signature we calculated does not match", CREDENTIALS),
        ({"access_key_id": "wrong"}, "The AWS Access Key Id you provided does not exist", CREDENTIALS),
        ({"access_key_id": "", "secret_access_key": ""}, "Unable to locate credentials, ", CREDENTIALS),
        ({"url": "s3://no-bucket/nvae"}, "The specified bucket does not exist, ", PLACE),
        ({"url": f"s3://{BUCKET}/nowhere"}, f"{BUCKET}/nowhere, ", PLACE),
        ({"endpointurl": f"http://{CLOSED}"}, f'Could not connect to the endpoint URL: "http://{CLOSED}', ANSWER),
    ],
    ids=["secret key", "key ID", "no credentials", "bucket", "folder", "address"],
)
def test_s3(change: dict[str, str], got: str, expected: str, project: SmallProject, s3_server: s3.Server) -> None:
    settings = {
        "url": f"s3://{BUCKET}/nvae",
        "endpointurl": s3_server.url,
        "access_key_id": s3_server.key_id,
        "secret_access_key": s3_server.secret_key,
        **change,
    }
    line = use(project, **{name: value for name, value in settings.items() if value}).restore_error()
    assert line.startswith(f"{REMOTE}{got}")
    assert expected in line
