"""``nvae restore``: data, models and Snakemake's records as the committed ``dvc.lock`` describes them."""

import argparse
import subprocess
import sys
from pathlib import Path

from nvae.errors import UserError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--jobs", type=int, default=4, help="parallel downloads from the remote (default: 4)")


def run(args: argparse.Namespace) -> None:
    """Pull from DVC's remote, or check out of the local cache if no remote is set.

    Snakemake's records come along: without them it would not see parameters that changed since.

    Raises:
        UserError: no DVC project here, or DVC could not bring everything.
    """
    if not Path("dvc.lock").is_file():
        raise UserError("dvc.lock", got="no such file", expected="a project's root", hint="Change to the root.")
    if _dvc("remote", "list").stdout.strip():
        _bring("pull", "--jobs", str(args.jobs))
    else:
        print("no DVC remote is set (`dvc remote add -d NAME URL`); using the local cache", file=sys.stderr)
        _bring("checkout")
    # Only the exit code: with files that differ on purpose, as in an edited copy, restoring has still succeeded.
    if _dvc("status", "--quiet").returncode:
        print("restored; files here differ from dvc.lock: `dvc status` names them, `snakemake -n` what they rerun")
    else:
        print("restored; everything is as dvc.lock says, and `snakemake -n` should find nothing to be done")


def _bring(*arguments: str) -> None:
    result = _dvc(*arguments)
    if result.returncode == 0:
        return
    said = result.stderr.partition("ERROR: ")[2] or result.stderr
    if "unsaved files" in said:
        expected = "no output with changes that DVC's cache does not have"
        hint = f"Keep them (dvc commit) or drop them (dvc {arguments[0]} --force)."
    else:
        expected = "every output of dvc.lock in the cache or the remote"
        hint = "Set a remote that has them, or make them: snakemake --cores 2 -- all_figures."
    raise UserError(
        f"dvc {arguments[0]}",
        got=" / ".join(said.split("\n")).strip(" /") or f"exit code {result.returncode}",
        expected=expected,
        hint=hint,
    )


def _dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
