"""Runs in a process group of their own, ways to strike them, and what has to be the same afterwards."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.pipeline.project import Project

#: Where runs write.
MADE = ("data/raw", "data/prepared", "results", "paper_figs")
#: They measure the machine, tell what happened, or are kept for a run that goes on.
_MEASURED = ("throughput.csv", "logs", "arms", "checkpoints")
_SIDECAR = ".meta.json"
_LOOK_S = 0.05
_PATIENCE_S = 1200.0


class Run:
    """A command in a process group of its own; what it says goes to a file, so that an orphan can always write.

    Args:
        project: in whose folder.
        command: with its arguments.
    """

    def __init__(self, project: Project, *command: str) -> None:
        self._out = tempfile.TemporaryFile("w+")  # noqa: SIM115 (orphans outlive any block)
        self.command = command
        self.process = subprocess.Popen(
            command,
            cwd=project.root,
            env=project.environ(),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_interruptible,
        )

    def said(self) -> str:
        """All that the run and its children have said so far."""
        return os.pread(self._out.fileno(), 10_000_000, 0).decode()

    def ended(self) -> bool:
        """Whether the command itself has; its children may go on."""
        return self.process.poll() is not None

    def members(self) -> list[psutil.Process]:
        """The group's living processes."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.getpgid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Those that are at a verb of ``nvae``."""
        found = []
        for process in self.members():
            try:
                if any(Path(word).name == "nvae" for word in process.cmdline()[:2]):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the whole group, as a terminal or a batch system does."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def wait(self) -> int:
        """The command's exit code, once it and all that it has started are gone."""
        until(lambda: self.ended() and not self.members(), f"the end of {' '.join(self.command)}", self.said)
        return self.process.wait()

    def close(self) -> None:
        """Leave nothing running."""
        if not self.ended() or self.members():
            self.signal_group(signal.SIGKILL)
            self.wait()
        self._out.close()


def _interruptible() -> None:
    """A parent in the background ignores Ctrl-C, and its children would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(happened: Callable[[], bool], what: str, said: Callable[[], str] = str) -> None:
    """Look again and again until something has happened."""
    deadline = time.monotonic() + _PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}\n{said()[-4000:]}"
        time.sleep(_LOOK_S)


@contextmanager
def group() -> Iterator[Callable[..., Run]]:
    """Starts runs; in the end none of them, and no orphan of theirs, is left."""
    started: list[Run] = []

    def start(project: Project, *command: str) -> Run:
        started.append(Run(project, *command))
        return started[-1]

    try:
        yield start
    finally:
        for run in started:
            run.close()


def untouched(reference: Project, root: Path) -> Project:
    """A project with the same files, in which nothing is made."""
    reference.do("git", "clone", "-q", str(reference.root), str(root))
    return Project(root)


def snakemake(*targets: str, cores: int = 2) -> tuple[str, ...]:
    """The command that makes targets."""
    return ("snakemake", "--cores", str(cores), "--config", "profile=paper", "--", *targets)


# How a run is struck. Each comes back when the next command may be given.


def kill_leader(run: Run) -> None:
    """SIGKILL to Snakemake alone: its jobs go on as orphans, beside the run that follows."""
    run.process.kill()
    run.process.wait()


def kill_group(run: Run) -> None:
    """SIGKILL to Snakemake (or DVC) and all that it has started."""
    run.signal_group(signal.SIGKILL)
    run.wait()


def kill_worker(run: Run) -> None:
    """SIGKILL to one job, as the kernel does when memory is short: Snakemake says that the job has failed."""
    killed = False
    while not (killed or run.ended()):
        for worker in run.workers():
            with suppress(psutil.NoSuchProcess):
                worker.kill()
                killed = True
                break
    run.wait()


def terminate(run: Run) -> None:
    """SIGTERM to the group, as at a machine's shutdown."""
    run.signal_group(signal.SIGTERM)
    run.wait()


def interrupt(run: Run) -> None:
    """Ctrl-C."""
    run.signal_group(signal.SIGINT)
    run.wait()


def unlock(project: Project) -> None:
    """As docs/troubleshooting.md says, after a kill that has left Snakemake's lock."""
    if any((project.root / ".snakemake/locks").glob("*.lock")):
        project.do("snakemake", "--unlock")


def clear(project: Project) -> None:
    """Take away all that runs have made."""
    for name in (*MADE, ".snakemake"):
        shutil.rmtree(project.root / name, ignore_errors=True)


def differences(made: Path, reference: Path) -> list[str]:
    """Where the files of one run are not those of another, byte for byte; of sidecars, where ``made_from`` is not.

    Hidden files are passed over: a killed writer can leave its part, under no final name.

    Args:
        made: a project's folder.
        reference: another's; it may hold more.
    """
    found = set()
    for name in map(Path, listing(made)):
        path, other = made / name, reference / name
        if not other.is_file():
            found.add(f"{name}: not made by an undisturbed run")
        elif name.name.endswith(_SIDECAR):
            found |= {f"{name}: made from something else"} if _made_from(path) != _made_from(other) else set()
        elif path.read_bytes() != other.read_bytes():
            found.add(f"{name}: other bytes")
        for artefact in (name, name.parent):
            sidecar = artefact.with_name(artefact.name + _SIDECAR)
            if (reference / sidecar).is_file() and not (made / sidecar).is_file():
                found.add(f"{sidecar}: missing")
    return sorted(found)


def _made_from(sidecar: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sidecar.read_text())["made_from"]
    return content


def listing(root: Path) -> set[str]:
    """The files that runs have made, but for those that measure and the hidden ones."""
    files = (file.relative_to(root) for name in MADE for file in (root / name).rglob("*") if file.is_file())
    return {str(file) for file in files if not any(part.startswith(".") or part in _MEASURED for part in file.parts)}
