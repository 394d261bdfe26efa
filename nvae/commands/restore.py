"""``nvae restore``: retrieval of the data, models and Snakemake records that the committed ``dvc.lock`` describes."""

import argparse
import subprocess
import sys
from pathlib import Path

from nvae.errors import UserError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--jobs", type=int, default=4, help="number of parallel downloads from the remote (default: 4)")


def run(args: argparse.Namespace) -> None:
    """Pull from DVC's remote, or check out from the local cache if no remote is set.

    Snakemake's records are restored too. Without them Snakemake would not notice parameters that changed since.

    Raises:
        UserError: If the working directory is no DVC project, or DVC cannot restore everything.
    """
    if not Path("dvc.lock").is_file():
        raise UserError("dvc.lock", got="no such file", expected="a project's root", hint="Change to the root.")
    if _dvc("remote", "list").stdout.strip():
        _retrieve("pull", "--jobs", str(args.jobs))
    else:
        print("no DVC remote is set (`dvc remote add -d NAME URL`); using the local cache", file=sys.stderr)
        _retrieve("checkout")
    # The exit code only chooses the message: restoring has also succeeded where files differ on purpose, as in an
    # edited copy.
    if _dvc("status", "--quiet").returncode:
        print("restored; some files differ from dvc.lock: `dvc status` lists them, `snakemake -n` the jobs to rerun")
    else:
        print("restored; all files match dvc.lock, and `snakemake -n` should report nothing to be done")


def _retrieve(*arguments: str) -> None:
    result = _dvc(*arguments)
    if result.returncode == 0:
        return
    message = result.stderr.partition("ERROR: ")[2] or result.stderr
    if "unsaved files" in message:
        expected = "no output with changes that are not in DVC's cache"
        hint = f"Keep them (dvc commit) or drop them (dvc {arguments[0]} --force)."
    else:
        expected = "every output of dvc.lock in the cache or the remote"
        hint = "Set a remote that has them, or make them: snakemake --cores 2 -- all_figures."
    raise UserError(
        f"dvc {arguments[0]}",
        got=" / ".join(message.split("\n")).strip(" /") or f"exit code {result.returncode}",
        expected=expected,
        hint=hint,
    )


def _dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
