"""``nvae restore``: retrieval of the data, models and Snakemake records that the committed ``dvc.lock`` describes."""

import argparse
import subprocess
import sys
from pathlib import Path

from nvae.commands._common import whole_number
from nvae.errors import UserError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        "--jobs", type=whole_number, default=4, help="number of parallel downloads from the remote (default: 4)"
    )


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
        if arguments[0] == "pull":
            _check_remote()
        expected = "every output of dvc.lock in the cache or the remote"
        hint = "Set a remote that has them, or make them: snakemake --cores 2 -- all_figures."
    raise UserError(
        f"dvc {arguments[0]}",
        got=" / ".join(message.split("\n")).strip(" /") or f"exit code {result.returncode}",
        expected=expected,
        hint=hint,
    )


def _check_remote() -> None:
    """Raise an error if the remote's top folder cannot be listed.

    The output of ``dvc pull`` spreads the reason over several lines, or mentions only missing files, as it does for a
    bucket that does not exist.
    """
    from dvc.fs import RemoteMissingDepsError
    from dvc.repo import Repo

    try:
        remote = Repo().cloud.get_remote()
        remote.fs.ls(remote.path)
    except NotImplementedError:  # a remote over HTTP, where nothing can be listed
        return
    except Exception as error:
        match error:
            case ImportError() | RemoteMissingDepsError():
                expected = "DVC's package for this kind of remote"
                hint = "Install it: pip install -c constraints.txt -e '.[ssh,s3]'."
            case FileNotFoundError():
                expected = "an existing bucket or folder (and key file)"
                hint = "Check `dvc remote list`; `dvc push` creates a missing folder, but no bucket."
            case _ if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:  # botocore's
                expected = "credentials that the remote accepts"
                hint = "Set them with `dvc remote modify --local` or in the environment (docs/reproduce.md)."
            case _:
                expected = "a remote that answers"
                hint = "Check `dvc remote list` and the network."
        got = str(error) or type(error).__name__
        raise UserError("DVC's default remote", got=got, expected=expected, hint=hint) from error


def _dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, errors="backslashreplace"
    )
