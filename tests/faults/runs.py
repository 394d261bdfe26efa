"""Runs in process groups of their own, ways to stop them, and the comparison of their results."""

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

from tests.pipeline.project import Project, copy_project

#: Folders in which runs write.
MADE = ("data/raw", "data/prepared", "results", "paper_figs")
#: Measurements of the machine, logs, and files that are kept for a resumed run.
_MEASURED = ("throughput.csv", "logs", "arms", "checkpoints")
_SIDECAR = ".meta.json"
_POLL_S = 0.05
_TIMEOUT_S = 1200.0


class Run:
    """Command in a process group of its own, whose output goes to a file, so that an orphan can always write.

    Args:
        project: Project in whose folder the command runs.
        command: Command with its arguments.
    """

    def __init__(self, project: Project, *command: str) -> None:
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (orphans outlive any block)
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

    def output(self) -> str:
        """Return the output so far of the run and its children."""
        return os.pread(self._out.fileno(), 10_000_000, 0).decode()

    def ended(self) -> bool:
        """Return whether the command itself has ended; its children may still run."""
        return self.process.poll() is not None

    def members(self) -> list[psutil.Process]:
        """Return the living processes of the group."""
        found = []
        for process in psutil.process_iter():
            try:
                if os.getpgid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, ProcessLookupError):
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Return the processes that run a verb of ``nvae``."""
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
        """Return the command's exit code, once it and all processes that it started have ended."""
        until(lambda: self.ended() and not self.members(), f"the end of {' '.join(self.command)}", self.output)
        return self.process.wait()

    def close(self) -> None:
        """Kill all processes that are left."""
        if not self.ended() or self.members():
            self.signal_group(signal.SIGKILL)
            self.wait()
        self._out.close()


def _interruptible() -> None:
    """Restore the default SIGINT handler, because children of a background process would ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(condition: Callable[[], bool], what: str, output: Callable[[], str] = str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"timeout while waiting for {what}\n{output()[-4000:]}"
        time.sleep(_POLL_S)


@contextmanager
def group() -> Iterator[Callable[..., Run]]:
    """Yield a function that starts runs; at the end, kill all of them and their orphans."""
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
    """Copy a project without its results."""
    return copy_project(root, reference.root)


def snakemake(*targets: str, cores: int = 2) -> tuple[str, ...]:
    """Return the command that makes targets."""
    return ("snakemake", "--cores", str(cores), "--config", "profile=paper", "--", *targets)


# Ways to stop a run. Each returns when the next command may be started.


def kill_leader(run: Run) -> None:
    """Send SIGKILL to Snakemake only: its jobs continue as orphans, concurrently with the next run."""
    run.process.kill()
    run.process.wait()


def kill_group(run: Run) -> None:
    """Send SIGKILL to Snakemake (or DVC) and to all processes that it started."""
    run.signal_group(signal.SIGKILL)
    run.wait()


def kill_worker(run: Run) -> None:
    """Send SIGKILL to one job, as the kernel does when memory is short: Snakemake reports that the job failed."""
    killed = False
    while not (killed or run.ended()):
        for worker in run.workers():
            with suppress(psutil.NoSuchProcess):
                worker.kill()
                killed = True
                break
    run.wait()


def terminate(run: Run) -> None:
    """Send SIGTERM to the group, as at a machine's shutdown."""
    run.signal_group(signal.SIGTERM)
    run.wait()


def interrupt(run: Run) -> None:
    """Send SIGINT to the group, as Ctrl-C does."""
    run.signal_group(signal.SIGINT)
    run.wait()


def clear(project: Project) -> None:
    """Remove all files that runs have made."""
    for name in (*MADE, ".snakemake"):
        shutil.rmtree(project.root / name, ignore_errors=True)


def differences(made: Path, reference: Path) -> list[str]:
    """Return the differences between the files of two runs, byte for byte; of sidecars, only those in ``made_from``.

    Hidden files are skipped: a killed process can leave a partial file, which never has a final name.

    Args:
        made: Folder of a project.
        reference: Folder of another project, which may contain more files.
    """
    found = set()
    for name in map(Path, listing(made)):
        path, other = made / name, reference / name
        if not other.is_file():
            found.add(f"{name}: not made by an uninterrupted run")
        elif name.name.endswith(_SIDECAR):
            found |= {f"{name}: different made_from"} if _made_from(path) != _made_from(other) else set()
        elif name.parent.name == "records":
            found |= set() if _records(path) <= _records(other) else {f"{name}: other records"}
        elif path.read_bytes() != other.read_bytes():
            found.add(f"{name}: different bytes")
        for artefact in (name, name.parent):
            sidecar = artefact.with_name(artefact.name + _SIDECAR)
            if (reference / sidecar).is_file() and not (made / sidecar).is_file():
                found.add(f"{sidecar}: missing")
    return sorted(found)


def _made_from(sidecar: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sidecar.read_text(encoding="utf-8"))["made_from"]
    return content


def _records(path: Path) -> set[str]:
    """Return the records of steps; settings and code are named by their hash, so they need not be compared."""
    return {line.rstrip(",") for line in path.read_text(encoding="utf-8").splitlines()}


def listing(root: Path) -> set[str]:
    """Return the files that runs have made, except measurements and hidden files."""
    files = (file.relative_to(root) for name in MADE for file in (root / name).rglob("*") if file.is_file())
    return {str(file) for file in files if not any(part.startswith(".") or part in _MEASURED for part in file.parts)}
