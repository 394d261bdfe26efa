"""Slurm on one machine: its services are started in a temporary folder and stopped again."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("munge", "slurm-client", "slurmctld", "slurmd")
_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol")
#: Seconds between two checks of a job's memory: long enough that a training has a checkpoint before the first one.
MEMORY_POLL_S = 60
_TIMEOUT_S = 60.0

_CONF = """\
ClusterName=nvae
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
# Without cgroups: the memory of a job is polled, and a job that exceeds its limit is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task={memory_poll_s}
JobAcctGatherParams=OverMemoryKill
MinJobAge=3600
KillWait=5
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} Gres=gpu:1 State=UNKNOWN
PartitionName=debug Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""
# Placeholder for a GPU: the scheduler counts it, but no program can use it.
_GRES = "NodeName=localhost Name=gpu File=/dev/null\n"
# Within a job the plugin removes SLURM_CONF before it calls srun, which would then read /etc/slurm/slurm.conf.
_SRUN = """#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


@dataclass(frozen=True)
class Job:
    """Record of a job in Slurm.

    Args:
        number: Job id.
        name: Rule and its wildcards, as the plugin writes them into the comment of the job.
        state: State, e.g. ``RUNNING``, ``COMPLETED``, ``CANCELLED``.
        minutes: Time limit in minutes.
        granted: Granted resources, e.g. ``{"cpu": "1", "mem": "2000M"}``.
        gpus: Number of requested GPUs.
    """

    number: int
    name: str
    state: str
    minutes: int
    granted: dict[str, str]
    gpus: int


@dataclass(frozen=True)
class Slurm:
    """A running Slurm.

    Args:
        folder: Folder of its configuration, sockets, state and logs.
    """

    folder: Path

    def jobs(self, workdir: Path) -> list[Job]:
        """Return all running and finished jobs that were started in a folder, oldest first."""
        found = []
        for line in _output_of("scontrol", "show", "job", "--oneliner").splitlines():
            fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
            if Path(fields.get("WorkDir", "/")) != workdir:
                continue
            hours, minutes, _ = fields["TimeLimit"].split(":")
            found.append(
                Job(
                    int(fields["JobId"]),
                    fields["Comment"].removeprefix("rule_"),
                    fields["JobState"],
                    60 * int(hours) + int(minutes),
                    dict(part.split("=", 1) for part in fields["TRES"].split(",")),
                    int(fields.get("TresPerJob", "gres:gpu:0").removeprefix("gres:gpu:")),
                )
            )
        return sorted(found, key=lambda job: job.number)


def install() -> None:
    """Install Debian's packages unless their programs exist.

    Raises:
        RuntimeError: If the user is not root, or if there is no working apt-get.
    """
    if os.geteuid() != 0:
        raise RuntimeError("starting Slurm: got an ordinary user, expected root, as its services require here")
    if all(map(shutil.which, _PROGRAMS)):
        return
    if not shutil.which("apt-get"):
        raise RuntimeError(f"Slurm: got no apt-get, expected {' '.join(_PROGRAMS)}, or apt-get to install them")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", "-qq", *command], env=environ, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"apt-get {' '.join(command)}: {done.stderr[-2000:]}")


def version() -> str:
    """Return the version of Slurm, e.g. ``22.05.8``."""
    return _output_of("sbatch", "--version").split()[-1]


@contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """Run munged, slurmctld and slurmd in a folder that other users may enter, and stop them at the end.

    Nothing is written outside the folder. Within the context, ``SLURM_CONF`` and ``PATH`` select this Slurm.
    """
    folder.chmod(0o755)
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    controller_port, node_port = _free_ports(2)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    settings = _CONF.format(
        folder=folder,
        controller_port=controller_port,
        node_port=node_port,
        cpus=os.cpu_count(),
        memory_mb=memory_mb,
        memory_poll_s=MEMORY_POLL_S,
    )
    conf = folder / "slurm.conf"
    conf.write_text(settings, encoding="utf-8")
    (folder / "gres.conf").write_text(_GRES, encoding="utf-8")
    srun = folder / "bin/srun"
    srun.write_text(_SRUN.format(folder=folder, srun=shutil.which("srun")), encoding="utf-8")
    srun.chmod(0o755)
    munged = ["munged", "--foreground", f"--key-file={key}"]
    munged += [
        f"--{name}={folder}/munge.{name.split('-')[0]}" for name in ("socket", "pid-file", "log-file", "seed-file")
    ]
    with ExitStack() as stack:
        stack.enter_context(_service(folder, *munged))
        _wait(lambda: (folder / "munge.socket").exists(), folder, "munged's socket")
        stack.enter_context(_service(folder, "slurmctld", "-D", "-f", str(conf)))
        stack.enter_context(_service(folder, "slurmd", "-D", "-f", str(conf), "-N", "localhost"))
        stack.enter_context(_environment(folder))
        _wait(lambda: _output_of("sinfo", "--noheader", "--format=%T").strip() == "idle", folder, "an idle node")
        yield Slurm(folder)
        subprocess.run(["scancel", "--signal=KILL", "--full", "--user=root"], capture_output=True)
        _wait(lambda: not _output_of("squeue", "--noheader"), folder, "an empty queue")


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """Set ``SLURM_CONF`` and ``PATH`` so that Slurm's commands use this instance and no other."""
    before = {name: os.environ.get(name) for name in ("SLURM_CONF", "PATH")}
    os.environ |= {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder / 'bin'}{os.pathsep}{before['PATH']}"}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _service(folder: Path, *command: str) -> Iterator[None]:
    """Run a service until the end of the context."""
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=_TIMEOUT_S)


def _wait(done: Callable[[], bool], folder: Path, what: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not done():
        if time.monotonic() > deadline:
            logs = "\n".join(
                f"{path.name}:\n{path.read_text(encoding='utf-8')[-1500:]}"
                for path in sorted(folder.glob("*.[lo][ou][gt]"))
            )
            raise TimeoutError(f"timeout after {_TIMEOUT_S:g} s while waiting for {what}\n{logs}")
        time.sleep(0.2)


def _output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def _free_ports(n: int) -> list[int]:
    """Return free TCP ports of this machine."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]
