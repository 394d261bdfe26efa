"""``nvae fetch``: the raw files of a real data set, with their checksums verified, under ``data/raw``."""

import argparse
import json
import os
import sys
from pathlib import Path

from nvae import layout, provenance
from nvae.data.builtin import BUILTIN
from nvae.data.fetching import registry
from nvae.data.fetching.fetch import IN_PLACE, Fetched, fetch
from nvae.data.fetching.sources import Setting
from nvae.errors import UserError


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", metavar="DATASET", help=f"data set of {layout.REGISTRY}, such as mnist")
    parser.add_argument("--out", type=Path, help="folder of the raw files (default: data/raw/DATASET)")


def run(args: argparse.Namespace) -> None:
    """Fetch the files and write the folder's sidecar.

    Raises:
        UserError: If the data set is unknown or built in, or no source provides a file.
    """
    if args.dataset in BUILTIN:
        hint = f"Run `nvae draw-data {args.dataset}`."
        raise UserError("data set", got=f"{args.dataset}, which is built in", expected="a real one", hint=hint)
    rows = registry.select(registry.load(), args.dataset)
    out = layout.raw(args.dataset) if args.out is None else args.out
    stopwatch = provenance.Stopwatch()
    results = fetch(rows, out, Setting.from_environ(os.environ))
    for result in results:
        for reason in result.failed:
            print(f"{result.file}: skipped {reason}", file=sys.stderr)
        print(f"{result.file}: {result.source}")
    digests = {row.file: row.sha256 for row in rows}
    _write_sidecar(out, digests, results, stopwatch)
    if not _listed(out, digests):
        provenance.write_manifest(out, digests)


def _write_sidecar(out: Path, params: dict[str, str], results: list[Fetched], stopwatch: provenance.Stopwatch) -> None:
    sidecar = out.with_name(f"{out.name}.meta.json")
    if all(result.source == IN_PLACE for result in results) and _has_params(sidecar, params):
        return  # this run only checked the files; the sidecar records where they came from
    provenance.write_sidecar(out, verb="fetch", params=params, inputs={}, stopwatch=stopwatch)
    # The source is recorded in the run's block: files with the same bytes are the same artefact, from any mirror.
    record = json.loads(sidecar.read_text())
    record["run"]["sources"] = {result.file: result.source for result in results}
    with provenance.atomic(sidecar) as part:
        part.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def _listed(out: Path, digests: dict[str, str]) -> bool:
    """Return whether the manifest lists the digests already; it is then not written, as raw data may be read-only."""
    try:
        lines = out.with_name(f"{out.name}.sha256").read_text().splitlines()
    except FileNotFoundError:
        return False
    return lines == [f"{digest}  {name}" for name, digest in sorted(digests.items())]


def _has_params(sidecar: Path, params: dict[str, str]) -> bool:
    """Return whether a sidecar exists and records these parameters."""
    try:
        return bool(json.loads(sidecar.read_text())["made_from"]["params"] == params)
    except (OSError, ValueError, KeyError, TypeError):
        return False
