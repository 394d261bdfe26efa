"""The ``nvae`` command: it finds the verb, runs it and prints errors. The module imports nothing heavy."""

import argparse
import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from nvae import __version__
from nvae.analyses import ANALYSES
from nvae.errors import UserError
from nvae.forking import client

VERBS = {
    "fetch": "fetch the raw files of a real data set from data/raw, mirrors, the system or its official address",
    "draw-data": "draw a built-in data set (glyphs, garments, faces) from known factors",
    "prepare": "turn raw files into one prepared set with training, validation and test splits",
    "try-settings": "train with some keys changed and record the validation metrics",
    "train": "train one model on one prepared set with one seed",
    "alias": "copy a trained model under the name of a variant with the same settings",
    **{analysis.name: analysis.summary for analysis in ANALYSES.values()},
    "variants": "write the parameters of every variant as a table",
    "collect": "join the tables of single runs into one table",
    "summarise": "condense the table of metrics into metrics.json",
    "claims": "evaluate the paper's claims on the tables, with intervals over seeds",
    "draw": "draw a figure from its tables",
    "verify": "hash every artefact again and compare it with its sidecar",
    "trace": "print the lineage of an artefact down to the raw files, with commits, parameters and hashes",
    "prune": "list, or delete, results of seeds, variants and data sets that params.yaml no longer names",
    "release": "write one trained model in half precision, small enough for git, and the effect of the rounding",
    "hours": "report the time that a profile's results took, by step, device and seed",
    "restore": "restore data, models and Snakemake's records from DVC's cache or remote",
}

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
        The exit code: 0, 2 after invalid input, or 128 plus the signal's number after SIGINT (Ctrl-C) or SIGTERM.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        if args and args[0] in VERBS:
            with _raising_on_signals():
                return _run(args)
        _top_parser().parse_args(args or ["--help"])
    except UserError as error:
        print(f"nvae: error: {error}", file=sys.stderr)
        return 2
    except _Stopped as stopped:
        print(
            f"nvae: stopped by {stopped.signal.name}. The same command resumes from the last checkpoint of the run, "
            "or starts from scratch if there is none; finished results are kept.",
            file=sys.stderr,
        )
        return 128 + stopped.signal
    return 0


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


def _run(args: list[str]) -> int:
    if client.VARIABLE in os.environ:
        code = client.run(args)
        if code is not None:
            return code
    verb, *rest = args
    import_undisturbed(*verb_modules(verb))
    parser = argparse.ArgumentParser(prog=f"nvae {verb}", description=VERBS[verb], allow_abbrev=False)
    command = importlib.import_module(verb_modules(verb)[0])
    if verb in ANALYSES:
        command.configure(parser, verb)
    else:
        command.configure(parser)
    command.run(parser.parse_args(rest))
    return 0


def verb_modules(verb: str) -> list[str]:
    """Return the names of the modules that a verb runs, its command first."""
    if verb in ANALYSES:
        return ["nvae.commands.analysis", *ANALYSES[verb].modules]
    return [f"nvae.commands.{verb.replace('-', '_')}"]


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


def import_everything() -> None:
    """Import every verb, and the modules that verbs import only while they run."""
    import_undisturbed(*(name for verb in VERBS for name in verb_modules(verb)), *_IMPORTED_LATE)


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {verb:<{width}}  {summary}" for verb, summary in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="nvae",
        description="N-VAE, from raw archives to the paper's figures.",
        epilog=f"verbs:\n{verbs}\n\n`nvae VERB --help` lists a verb's options. `make figures` runs the whole pipeline.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nvae {__version__}")
    parser.add_argument("verb", choices=list(VERBS), metavar="VERB", help="verb to run, see below")
    return parser
