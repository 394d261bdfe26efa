"""``nvae verify``: comparison of every artefact's hash with its sidecar."""

import argparse
from pathlib import Path

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import RAW, Layout
from nvae.provenance.lineage import Hashes, artefacts, differences, sidecar_of, unaccounted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, help="artefacts or folders of them (default: the profile's and the raw data)"
    )
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print one line per difference.

    Raises:
        UserError: If something differs, or there is no artefact to verify.
    """
    paths = Layout(load_config(args).profile)
    places = args.paths or [RAW, paths.prepared("").parent, paths.results, paths.figures]
    chosen = list(dict.fromkeys(artefact for place in places for artefact in _artefacts(place, named=bool(args.paths))))
    if not chosen:
        raise UserError(
            "artefacts",
            got=f"none in {', '.join(map(str, places))}",
            expected="at least one",
            hint="Make or restore them: snakemake --cores 2 -- all_figures, or nvae restore.",
        )
    hashes = Hashes()
    found = [finding for artefact in chosen for finding in differences(artefact, hashes)]
    # Every file has a sidecar in these two folders only.
    for folder in (paths.tables, paths.figures):
        if folder.is_dir() and any(folder == place or place in folder.parents for place in places):
            found += unaccounted(folder)
    for finding in found:
        print(finding)
    if found:
        raise UserError(
            f"{len(chosen)} artefacts",
            got=f"{len({finding.path for finding in found})} that differ, listed above",
            expected="all to match their sidecars",
            hint="Remove them and run Snakemake again, or restore them: git checkout, nvae restore.",
        )
    print(f"{len(chosen)} artefacts match their sidecars")


def _artefacts(place: Path, *, named: bool) -> list[Path]:
    """Return the artefacts at a place; a missing place is an error only if the user named it."""
    if sidecar_of(place).exists():
        return [place]
    if place.is_dir():
        return list(artefacts(place))
    if not named:
        return []
    raise UserError(
        str(place),
        got="no sidecar" if place.exists() else "no such file",
        expected="an artefact, or a folder of them",
        hint="Correct the path.",
    )
