"""Client of the fork server: Snakemake's main process starts the server, and each ``nvae VERB`` asks it for a fork.

Loading PyTorch takes longer than many a job's own work. `start` runs a server that has everything imported
(`nvae.forking.server`), and each ``nvae VERB`` that finds it in its environment asks it, by `run`, for a fork. The job
behaves as if it had started by itself: it has its caller's folder, environment and streams, receives its signals, and
does not outlive it. If no server answers (it is still importing, or belongs to another environment), the verb runs in
its own process.

This works on Linux alone: elsewhere it is not safe to fork a process that runs threads of the system's libraries, and
`start` does nothing.
"""

import atexit
import hashlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

#: The environment variable that names the folder of the server's socket.
VARIABLE = "NVAE_FORK_SERVER"
#: What numerical libraries read once, when they are loaded: a server has one thread, as every rule has.
THREADS = ("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: The format of a message's length, and of a process id.
LENGTH = struct.Struct("!I")
#: The exit code of a job that was killed.
KILLED = 128 + signal.SIGKILL

_SERVE = "from nvae import cli; from nvae.forking.server import serve; serve(cli.import_everything, cli.main)"
# A server runs as long as the other end of its lifeline is open, so these must not be garbage-collected.
_running: list[tuple[subprocess.Popen[bytes], socket.socket]] = []


def start() -> subprocess.Popen[bytes] | None:
    """Run a server beside this process, and until its end; its children find it in their environment.

    Returns:
        The server, at its imports; None where there is none.
    """
    if sys.platform != "linux":
        return None
    folder = tempfile.mkdtemp(prefix="nvae-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ours, theirs = socket.socketpair()
    with theirs:
        server = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-c",
                _SERVE,
                folder,
                str(theirs.fileno()),
            ],
            env=os.environ | dict.fromkeys(THREADS, "1"),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    _running.append((server, ours))
    os.environ[VARIABLE] = folder
    return server


def run(args: Sequence[str]) -> int | None:
    """Run a verb in a fork of the server.

    Args:
        args: the verb and its arguments.

    Returns:
        Its exit code, 137 if it was killed; None if no server answers, and nothing was done.
    """
    request = json.dumps({"args": list(args), "folder": str(Path.cwd()), "environ": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(address(os.environ[VARIABLE]))
            socket.send_fds(server, [LENGTH.pack(len(request))], [0, 1, 2])
            server.sendall(request)
            answer = server.recv(LENGTH.size, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(answer) < LENGTH.size:
            return None
        (job,) = LENGTH.unpack(answer)

        def hand_on(number: int, frame: FrameType | None) -> None:
            os.kill(job, number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, hand_on)
        code = server.recv(1)
        return code[0] if code else KILLED


def address(folder: str) -> str:
    """Of the server in ``folder`` whose forks are what this process would be: same code, same libraries' threads."""
    same = [sys.prefix, __file__, *(os.environ.get(name) for name in ("PYTHONPATH", *THREADS))]
    return str(Path(folder, hashlib.sha256(repr(same).encode()).hexdigest()[:16]))
