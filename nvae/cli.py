"""The ``nvae`` command: it finds the verb, runs it and prints errors. The module imports nothing heavy."""

import argparse
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from nvae import __version__
from nvae.analyses import ANALYSES
from nvae.errors import UserError, printable
from nvae.forking import client
from nvae.verbs import VERBS, verb_modules

#: Modules that verbs import only while they run.
_IMPORTED_LATE = (
    "nvae.inference.gan_monitor",
    "nvae.plotting.single",
    "scipy.stats",
    "seaborn",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "torch._dynamo",  # by the first optimizer
    "torchvision.datasets.mnist",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: Arguments without the program's name; None takes ``sys.argv[1:]``.

    Returns:
        The exit code: 0, 2 after invalid input or an error of the system, or 128 plus the signal's number after SIGINT
        (Ctrl-C), SIGTERM or SIGPIPE (the reader of the output has ended).
    """
    args = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal or a log that cannot show a character gets its number.
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        try:
            if args and args[0] in VERBS:
                with _raising_on_signals():
                    code = _run(args)
            else:
                _top_parser().parse_args(args or ["--help"])
        finally:
            print(end="", flush=True)
    except UserError as error:
        print(f"nvae: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        _discard_output()
        return 128 + signal.SIGPIPE
    except (OSError, UnicodeError) as error:
        print(f"nvae: error: {_as_user_error(error)}", file=sys.stderr)
        _discard_output()
        return 2
    except _Stopped as stopped:
        print(
            f"nvae: stopped by {stopped.signal.name}. The same command resumes from the last checkpoint of the run, "
            "or starts from scratch if there is none; finished results are kept.",
            file=sys.stderr,
        )
        return 128 + stopped.signal
    return code


def _as_user_error(error: OSError | UnicodeError) -> UserError:
    """Return the message for an error of the system or of an encoding that nothing handles more precisely."""
    if isinstance(error, OSError):
        names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
        return UserError(
            " and ".join(names) or "input or output",
            got=error.strerror or str(error) or type(error).__name__,
            expected="a file or folder that can be used",
            hint="Correct the path, its permissions or the space on its disk.",
        )
    what = f"the text {error.object!r:.200}" if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else "a text"
    return UserError(what, got=error, expected="UTF-8", hint="Rename the file, or convert its content to UTF-8.")


def _discard_output() -> None:
    """Discard output that cannot be written; Python would try to write it once more at its end, and fail."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Stopped(BaseException):
    """Raised by a signal that ends the command; as it propagates, all partly written files are removed."""

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)


@contextmanager
def _raising_on_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise :class:`_Stopped` within the context."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stopped(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _run(args: list[str]) -> int:
    if client.VARIABLE in os.environ:
        code = client.run(args)
        if code is not None:
            return code
    verb, *rest = args
    if "--plan" in rest:
        _take_stock()
    import_undisturbed(*verb_modules(verb))
    parser = _Parser(prog=f"nvae {verb}", description=VERBS[verb], allow_abbrev=False)
    command = importlib.import_module(verb_modules(verb)[0])
    if verb in ANALYSES:
        command.configure(parser, verb)
    else:
        command.configure(parser)
    command.run(parser.parse_args(rest))
    return 0


def import_undisturbed(*names: str) -> None:
    """Import modules without garbage collection.

    PyTorch's modules consist of half a million objects that are no garbage, but repeated scans of them take a fifth of
    the time of the import. The garbage collector does not scan them later, either.
    """
    if all(name in sys.modules for name in names):
        return
    gc.disable()
    for name in names:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()


def _take_stock() -> None:
    """Record the commit and the hash of every file of the package, before the modules that do the work are imported."""
    closure = importlib.import_module("nvae.provenance.closure")
    importlib.import_module("nvae.provenance.job").commit_at_start()
    closure.read_all()


def import_everything() -> None:
    """Import every verb, and the modules that verbs import only while they run."""
    _take_stock()
    import_undisturbed(*(name for verb in VERBS for name in verb_modules(verb)), *_IMPORTED_LATE)


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    parser = _Parser(
        prog="nvae",
        description="N-VAE, from raw archives to the paper's figures.",
        epilog=f"verbs:\n{verbs}\n\n`nvae VERB --help` lists a verb's options. `make figures` runs the whole pipeline.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nvae {__version__}")
    parser.add_argument("verb", choices=list(VERBS), metavar="VERB", help="verb to run, see below")
    return parser
