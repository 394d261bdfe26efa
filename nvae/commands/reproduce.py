"""``nvae reproduce``: results from the raw data in a folder of their own, and their comparison with the project's."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nvae.commands import compare
from nvae.commands._common import add_params, load_config
from nvae.config import Config
from nvae.data.fetching.sources import MIRROR_VARIABLE, Setting
from nvae.errors import UserError, printable
from nvae.figures import find
from nvae.layout import PARAMS, RAW, REGISTRY, Layout
from nvae.provenance import PART, atomic

#: File that marks a folder as one that this command may write to.
MARK = "reproduction.txt"
_CLAIMS = Path("claims.yaml")
_SNAKEFILE = Path("Snakefile")
_SETTINGS = Path("profiles/default")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help="figures to draw (default: all results)")
    parser.add_argument(
        "--out", type=Path, default=Path("reproduction"), help="folder to work in (default: reproduction)"
    )
    parser.add_argument("--cores", type=int, help="number of jobs that run at once (default: one per core)")
    parser.add_argument("--dry-run", action="store_true", help="only list the jobs; the folder gets its inputs")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Fill the folder with the project's inputs, run Snakemake in it, and compare the results.

    The folder gets copies of the settings, the claims and the list of raw files. The project's own results are neither
    read by the run nor changed. Raw files that the project has are copied, after a check of their content; others are
    fetched. The same command resumes a run that was stopped.

    Raises:
        UserError: If the folder is in use for something else, or Snakemake fails.
    """
    config = load_config(args)
    figures = [find(name) for name in args.figures]
    if not _SNAKEFILE.is_file():
        raise UserError("Snakefile", got="no such file", expected="a project's root", hint="Change to the root.")
    if args.cores is not None and args.cores < 1:
        raise UserError("--cores", got=args.cores, expected="1 or more", hint="Omit the option to use all cores.")
    _prepare(args.out)
    boxes = {Path(name) for data in config.data.values() if (name := getattr(data, "face_boxes", None))}
    for source, target in [(args.params, PARAMS), *((path, path) for path in (_CLAIMS, REGISTRY, *sorted(boxes)))]:
        _copy(source, args.out / target)
    _run_snakemake(args, config, [figure.name for figure in figures])
    if args.dry_run:
        return
    if not any(place.is_dir() for place in (Layout(config.profile).tables, Layout(config.profile).figures)):
        print(f"{printable(args.out)} is complete; the project has no results of profile {config.profile} to compare")
        return
    compare.report(args.out, Path(), config, figures)


def _prepare(folder: Path) -> None:
    """Make the folder and mark it.

    Raises:
        UserError: If it is or contains the project, or has something else in it.
    """
    expected = "an empty or new folder, or one of an earlier `nvae reproduce`"
    if Path.cwd().is_relative_to(folder.resolve()):
        got = f"{folder}, which has the project in it"
        raise UserError("--out", got=got, expected=expected, hint="Choose another one.")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MARK).is_file():
        if any(not path.name.endswith(PART) for path in folder.iterdir()):
            got = f"{folder}, which has other files"
            raise UserError("--out", got=got, expected=expected, hint="Choose another one.")
        with atomic(folder / MARK) as part:
            part.write_text("A run of `nvae reproduce`. Nothing in this folder is used elsewhere.\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    """Copy a file, unless the target has the same content: then it keeps its time stamp, and nothing runs again."""
    content = source.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        with atomic(target) as part:
            part.write_bytes(content)


def _run_snakemake(args: argparse.Namespace, config: Config, targets: Sequence[str]) -> None:
    """Run Snakemake with the project's rules in the folder.

    Raises:
        UserError: If it fails.
    """
    command = [
        *(sys.executable, "-P", "-m", "snakemake"),  # -P: the code is that of the installed package
        *("--snakefile", str(_SNAKEFILE.resolve()), "--directory", str(args.out.resolve())),
        *("--workflow-profile", str(_SETTINGS.resolve())),
        *("--cores", "all" if args.cores is None else str(args.cores)),
        *("--quiet", "rules"),
        *(["--dry-run"] if args.dry_run else []),
        *("--config", f"profile={config.profile}", "--", *(targets or ["all_figures"])),
    ]
    # Ctrl-C must reach Snakemake once. In a process group of its own, it gets no signal from the terminal.
    with subprocess.Popen(command, env=_environ(), stdin=subprocess.DEVNULL, process_group=0) as process:
        try:
            code = process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            raise
    if code:
        raise UserError(
            "snakemake",
            got=f"exit code {code}",
            expected="0",
            hint="Its messages are above. The same command resumes the run, and keeps what is finished.",
        )


def _environ() -> dict[str, str]:
    """Return the environment of Snakemake: this interpreter's programs, and the project's raw files as a mirror."""
    mirrors = [str(RAW.resolve())] if RAW.is_dir() else []
    for mirror in Setting.from_environ(os.environ).mirrors:
        relative = "://" not in mirror and not mirror.startswith("~")
        mirrors.append(str(Path(mirror).absolute()) if relative else mirror)
    programs = Path(sys.executable).parent
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path} | ({MIRROR_VARIABLE: ",".join(mirrors)} if mirrors else {})
