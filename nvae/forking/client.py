"""Client of the fork server: Snakemake's main process starts the server, and each ``nvae VERB`` requests a fork of it.

Loading PyTorch takes longer than the work of many jobs. `start` therefore runs a server that has imported everything
(`nvae.forking.server`), and each ``nvae VERB`` that finds the server in its environment requests a fork with `run`. The
job behaves as if it had started by itself: it has the working directory, environment and streams of its caller,
receives its caller's signals, and ends with its caller. If no server answers (it is still importing, or belongs to
another environment), the verb runs in its own process.

The server works on Linux only. On other systems it is not safe to fork a process that runs threads of the system's
libraries, and `start` does nothing.
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
#: Variables that numerical libraries read once, when they are loaded. A server has one thread, like every rule.
THREADS = ("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: The format of a message's length, and of a process id.
LENGTH = struct.Struct("!I")
#: The exit code of a job that was killed.
KILLED = 128 + signal.SIGKILL

_SERVE = "from nvae import cli; from nvae.forking.server import serve; serve(cli.import_everything, cli.main)"
# A server runs as long as this end of its lifeline, a socket pair, is open, so the sockets must not be collected.
_running: list[tuple[subprocess.Popen[bytes], socket.socket]] = []


def start() -> subprocess.Popen[bytes] | None:
    """Start a server that ends with this process; the children of this process find it in their environment.

    Returns:
        The server, which is still importing; None on other systems than Linux.
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
        args: Verb and its arguments.

    Returns:
        The exit code, 137 if the fork was killed; None if no server answered, so that nothing was done.
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

        def forward(number: int, frame: FrameType | None) -> None:
            os.kill(job, number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, forward)
        code = server.recv(1)
        return code[0] if code else KILLED


def address(folder: str) -> str:
    """Return the address of the server in ``folder`` with the same code and threads of libraries as this process."""
    same = [sys.prefix, __file__, *(os.environ.get(name) for name in ("PYTHONPATH", *THREADS))]
    return str(Path(folder, hashlib.sha256(repr(same).encode()).hexdigest()[:16]))
