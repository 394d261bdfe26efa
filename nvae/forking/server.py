"""The fork server: one process that imports every verb, and then forks for each job that requests it."""

import fcntl
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from nvae.forking.client import KILLED, LENGTH, VARIABLE, address


def serve(import_everything: Callable[[], None], main: Callable[[Sequence[str]], int]) -> None:
    """Import everything, then fork for each job that requests it, as long as the other end of the lifeline is open.

    The arguments of the command line are the folder of the server's socket, and the file descriptor of the server's end
    of the lifeline, a socket pair whose other end the starting process keeps open.

    Args:
        import_everything: Function that imports what jobs need.
        main: Function that runs a verb with its arguments and returns the exit code.
    """
    folder, descriptor = sys.argv[1:]
    lifeline = socket.socket(fileno=int(descriptor))
    _end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started the server handles Ctrl-C
    import_everything()
    fcntl.fcntl(lifeline, fcntl.F_SETFL, 0)  # from here on `select` detects the end, so that the folder is removed
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leave no zombies
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address(folder))
        listener.listen(socket.SOMAXCONN)
        while lifeline not in select.select([listener, lifeline], [], [])[0]:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    listener.close()
                    lifeline.close()
                    _job(caller, main)
    shutil.rmtree(folder, ignore_errors=True)


def _job(caller: socket.socket, main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Run the verb that the caller requests in this process, a fork, and end the process."""
    code = 1
    try:
        # In its own session the job receives a signal of a terminal or a batch system only once, through the caller.
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        header, streams, _, _ = socket.recv_fds(caller, LENGTH.size, 3)
        (length,) = LENGTH.unpack(header)
        request = json.loads(caller.recv(length, socket.MSG_WAITALL))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        # The server's own text streams belong to other files, which may differ in whether they can seek.
        sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=sys.stderr.encoding, closefd=False, buffering=1)  # noqa: SIM115
        _end_with(caller)
        os.environ.clear()
        os.environ.update(request["environ"])
        del os.environ[VARIABLE]
        os.chdir(request["folder"])
        caller.sendall(LENGTH.pack(os.getpid()))
        code = _exit_code(main, request["args"])
    finally:
        for written in (sys.stdout, sys.stderr):
            written.flush()
        caller.sendall(bytes([code]))
        os._exit(code)


def _exit_code(main: Callable[[Sequence[str]], int], args: list[str]) -> int:
    """Run ``nvae args`` and return its exit code; for an uncaught exception, as the interpreter would set it."""
    sys.argv[1:] = args
    try:
        return main(args)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1


def _end_with(peer: socket.socket) -> None:
    """Make the kernel end this process when the other end of ``peer`` closes.

    The kernel sends SIGIO, which ends the process by default. No thread has to run for it, so a loop in a library that
    holds the interpreter's lock cannot delay it.
    """
    fcntl.fcntl(peer, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(peer, fcntl.F_SETFL, fcntl.fcntl(peer, fcntl.F_GETFL) | os.O_ASYNC)
    closed = select.poll()
    closed.register(peer, select.POLLRDHUP)
    if closed.poll(0):
        os._exit(KILLED)
