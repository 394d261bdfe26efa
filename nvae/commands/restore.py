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
        raise UserError("dvc.lock", got="no such file", expected="a project's root", mend="Change to the root.")
    remotes = _dvc("remote", "list").strip()
    if remotes:
        _dvc("pull", "--jobs", str(args.jobs))
    else:
        print("no DVC remote is set (`dvc remote add -d NAME URL`); using the local cache", file=sys.stderr)
        _dvc("checkout")
    print("restored; `snakemake --cores 1 -n` should find nothing to be done")


def _dvc(*arguments: str) -> str:
    result = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        raise UserError(
            f"dvc {arguments[0]}",
            got=" / ".join(lines) or f"exit code {result.returncode}",
            expected="every output of dvc.lock in the cache or the remote",
            mend="Set a remote that has them, or make them: snakemake --cores 2 -- all_figures.",
        )
    return result.stdout
