"""Jobs that fork from one process in which everything is imported: PyTorch takes longer to load than many a job to do.

Snakemake's main process calls `start` before its first job; every ``nvae VERB`` that it runs from then on finds the
server in its environment and asks it, by `run`, for a fork of it. A job is as if it had started by itself: it has its
caller's folder, environment and streams, gets its signals, and does not outlive it. Where nothing answers (the server
is still at its imports, or is not of the caller's environment), the verb runs in its own process, as without a server.

Linux alone: elsewhere forks of a process with threads of the system's libraries are not safe, and `start` does nothing.
"""

import atexit
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from nvae import cli

#: What numerical libraries read once, when they are loaded: a server has one thread, as every rule has.
_THREADS = ("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: What verbs import only while they work.
_LATE = (
    "nvae.commands._monitor",
    "nvae.plotting.single",
    "scipy.stats",
    "seaborn",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "torch._dynamo",  # by the first optimizer
    "torchvision.datasets.mnist",
)
_LENGTH = struct.Struct("!I")
_KILLED = 128 + signal.SIGKILL

# Kept: a server lives as long as the other end of its lifeline is open.
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
            [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()", folder, str(theirs.fileno())],
            env=os.environ | dict.fromkeys(_THREADS, "1"),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    _running.append((server, ours))
    os.environ[cli.FORK_SERVER] = folder
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
            server.connect(_address(os.environ[cli.FORK_SERVER]))
            socket.send_fds(server, [_LENGTH.pack(len(request))], [0, 1, 2])
            server.sendall(request)
            told = server.recv(_LENGTH.size, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(told) < _LENGTH.size:
            return None
        (job,) = _LENGTH.unpack(told)

        def hand_on(number: int, frame: FrameType | None) -> None:
            os.kill(job, number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, hand_on)
        code = server.recv(1)
        return code[0] if code else _KILLED


def _address(folder: str) -> str:
    """Of the server in ``folder`` whose forks are what this process would be: same code, same libraries' threads."""
    same = [sys.prefix, __file__, *(os.environ.get(name) for name in ("PYTHONPATH", *_THREADS))]
    return str(Path(folder, hashlib.sha256(repr(same).encode()).hexdigest()[:16]))


def serve() -> None:
    """Import everything, then fork for whoever asks, for as long as the lifeline's other end is open.

    The command line has the server's folder and its end of the lifeline.
    """
    folder, descriptor = sys.argv[1:]
    lifeline = socket.socket(fileno=int(descriptor))
    _end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started it
    cli.import_undisturbed(*map(cli.verb_module, cli.VERBS), *_LATE)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, 0)  # from here on it looks for itself, and can tidy up
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(_address(folder))
        listener.listen(socket.SOMAXCONN)
        while lifeline not in select.select([listener, lifeline], [], [])[0]:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    listener.close()
                    lifeline.close()
                    _job(caller)
    shutil.rmtree(folder, ignore_errors=True)


def _job(caller: socket.socket) -> NoReturn:
    """What the caller asks for, in this process, which is a fork and ends with it."""
    code = 1
    try:
        # A session of its own: a terminal's or a batch system's signal reaches it once, through the caller.
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        header, streams, _, _ = socket.recv_fds(caller, _LENGTH.size, 3)
        (length,) = _LENGTH.unpack(header)
        asked = json.loads(caller.recv(length, socket.MSG_WAITALL))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _end_with(caller)
        os.environ.clear()
        os.environ.update(asked["environ"])
        del os.environ[cli.FORK_SERVER]
        os.chdir(asked["folder"])
        caller.sendall(_LENGTH.pack(os.getpid()))
        code = _exit_code(asked["args"])
    finally:
        for written in (sys.stdout, sys.stderr):
            written.flush()
        caller.sendall(bytes([code]))
        os._exit(code)


def _exit_code(args: list[str]) -> int:
    """That of ``nvae args``, which may raise: the interpreter's rules for what was not caught."""
    sys.argv[1:] = args
    try:
        return cli.main(args)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def _end_with(peer: socket.socket) -> None:
    """From now on the kernel ends this process when the other end of ``peer`` closes, whatever it is at.

    It sends SIGIO, whose default is to end the process. No thread has to wake up for it: a library's loop that holds
    the interpreter's lock cannot delay it.
    """
    fcntl.fcntl(peer, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(peer, fcntl.F_SETFL, fcntl.fcntl(peer, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(peer, select.POLLRDHUP)
    if closed.poll(0):
        os._exit(_KILLED)
