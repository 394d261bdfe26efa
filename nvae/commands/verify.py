"""``nvae verify``: hash every artefact again and compare it with its sidecar."""

import argparse
from pathlib import Path

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import RAW, Layout
from nvae.provenance.lineage import Hashes, artefacts, differences, sidecar_of, unaccounted


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        "paths", nargs="*", type=Path, help="artefacts or folders of them (default: all of the profile's, and raw data)"
    )
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print what differs, a line each.

    Raises:
        UserError: something differs, or there is nothing to look at.
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
    # Only in these two has every file a sidecar.
    for folder in (paths.tables, paths.figures):
        if folder.is_dir() and any(folder == place or place in folder.parents for place in places):
            found += unaccounted(folder)
    for finding in found:
        print(finding)
    if found:
        raise UserError(
            f"{len(chosen)} artefacts",
            got=f"{len({finding.path for finding in found})} that differ, told above",
            expected="each as its sidecar says",
            hint="Remove them and run Snakemake again, or bring them back: git checkout, nvae restore.",
        )
    print(f"{len(chosen)} artefacts are as their sidecars say")


def _artefacts(place: Path, *, named: bool) -> list[Path]:
    """The artefacts at a place; that one does not exist is an error only if it was named."""
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
