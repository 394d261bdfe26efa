"""Removal of the locks that a killed Snakemake left, so that the same command can run again."""

import fcntl
import os
import platform
from pathlib import Path

#: Beginnings of the versions of Snakemake that keep their locks in ``locks/*.lock``, as this module expects.
KNOWN_VERSIONS = ("9.27.",)
#: Descriptors that stay open, and locked, as long as this process lives.
_held: list[int] = []


def remove_stale_locks(folder: Path, version: str) -> int:
    """Mark this process as a Snakemake that runs here, and remove the locks of runs that were killed.

    Snakemake records the files of a run in ``locks/``, and refuses to run beside a run with the same files. SIGKILL
    leaves these locks behind. Each main process therefore holds a shared lock of the system on one file, which the
    system drops when the process ends, however it ends. A process that gets this lock for itself alone is the only one,
    so that all of Snakemake's locks are stale. A dry run holds it too, for the moment that it takes.

    Jobs do not inherit the lock: a job that outlives a killed Snakemake writes the same bytes as the job of the next
    run, and each file at once, so that the next run need not wait for it.

    The file lists the machine and the process id of each run. Locks of a run on another machine are kept, because not
    all network file systems know the locks of other machines. They are also kept where the system has no such locks
    or the folder is read-only: Snakemake then reports them, and ``snakemake --unlock`` removes them.

    Args:
        folder: Snakemake's folder, ``.snakemake``, which is created if it does not exist.
        version: Version of Snakemake.

    Returns:
        The number of Snakemake's lock files that were removed.
    """
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder / "nvae.lock", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        _held.append(descriptor)
        removed = _remove_if_alone(descriptor, folder / "locks", version)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        os.write(descriptor, f"{platform.node()} {os.getpid()}\n".encode())
    except OSError:
        return 0
    return removed


def _remove_if_alone(descriptor: int, locks: Path, version: str) -> int:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    stale = list(locks.glob("*.lock"))
    machines = set(os.pread(descriptor, 1 << 20, 0).decode(errors="replace").split()[::2])
    if stale and (machines != {platform.node()} or not version.startswith(KNOWN_VERSIONS)):
        return 0
    for path in stale:
        path.unlink(missing_ok=True)
    os.ftruncate(descriptor, 0)
    return len(stale)
