"""A small project that DVC manages, and the lines of the document that push it to a remote and restore it."""

import re
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.pipeline.project import ROOT, Project
from tests.troubleshooting import explains

DOCUMENT = ROOT / "docs/reproduce.md"
STAGE = """\
stages:
  data:
    cmd: mkdir -p data && echo one > data/one && echo two > data/two
    outs: [data]
"""
FILES = {"one": "one\n", "two": "two\n"}


@dataclass(frozen=True)
class SmallProject(Project):
    """Working copy of the small project, whose user has a home folder without other settings.

    Args:
        root: Folder of the copy.
        home: Home folder of the user.
        variables: Environment variables of the commands, beside those of this process.
    """

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """Return the environment of a command, without credentials and settings of this process's user."""
        foreign = ("AWS_", "DVC_", "GIT_", "SSH_", "XDG_")
        who = {"NAME": "test", "EMAIL": "test@localhost"}
        return {
            **{name: value for name, value in super().environ().items() if not name.startswith(foreign)},
            **{f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in who.items()},
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "DVC_SITE_CACHE_DIR": str(self.home / "dvc"),
            # The only addresses to be asked for credentials are those of the test.
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            **self.variables,
        }

    def shell(self, lines: str) -> str:
        """Run lines of Bash, require that each of them succeeds, and return their output."""
        return self.do("bash", "-euo", "pipefail", "-c", lines)

    def clone(self) -> "SmallProject":
        """Return a fresh clone."""
        root = self.root.with_name("clone")
        self.do("git", "clone", "-q", str(self.root), str(root))
        return replace(self, root=root)

    def files(self) -> dict[str, str]:
        """Return the content of each file of the output."""
        return {path.name: path.read_text(encoding="utf-8") for path in (self.root / "data").iterdir()}

    def forget_files(self) -> None:
        """Delete the output from the working copy and from the cache, as if this were a fresh clone."""
        shutil.rmtree(self.root / "data", ignore_errors=True)
        shutil.rmtree(self.root / ".dvc/cache", ignore_errors=True)

    def restore_error(self) -> str:
        """Return the line with which ``nvae restore`` fails, and which the troubleshooting page has to explain."""
        self.forget_files()
        result = self.call("nvae", "restore")
        assert result.returncode == 2, result
        assert result.stderr.count("\n") == 1, result.stderr
        message = result.stderr.removeprefix("nvae: error: ")
        assert explains(message), message
        return message


def make_project(folder: Path) -> SmallProject:
    """Make the small project in ``folder/project``, with its output in DVC's cache and everything else committed."""
    project = SmallProject(folder / "project", home=folder / "home")
    project.root.mkdir()
    project.home.mkdir()
    (project.root / "dvc.yaml").write_text(STAGE, encoding="utf-8")
    project.shell("git init -q -b main && dvc init -q")
    shutil.copy(ROOT / ".dvc/config", project.root / ".dvc/config")
    project.do("dvc", "repro", "-q")
    project.commit("small project")
    return project


def documented(heading: str) -> tuple[str, str]:
    """Return the two blocks of lines below a heading: those that fill a remote, and those for a fresh clone."""
    section = re.search(
        rf"^### {re.escape(heading)}\n(.*?)^##", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section, heading
    filling, restoring = map(textwrap.dedent, re.findall(r"(?:^    .*\n)+", section[1], re.MULTILINE))
    return filling, restoring
