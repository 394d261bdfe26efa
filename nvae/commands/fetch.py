"""``nvae fetch``: the raw files of a real data set, with their checksums verified, under ``data/raw``."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from nvae import layout, provenance
from nvae.commands._common import add_plan
from nvae.data.builtin import BUILTIN
from nvae.data.fetching import registry
from nvae.data.fetching.fetch import IN_PLACE, Fetched, fetch
from nvae.data.fetching.sources import Setting
from nvae.errors import UserError, printable
from nvae.pipeline import plans
from nvae.provenance.job import Job
from nvae.provenance.lineage import read_record


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", metavar="DATASET", help=f"data set of {layout.REGISTRY}, such as mnist")
    parser.add_argument("--out", type=Path, help="folder of the raw files (default: data/raw/DATASET)")
    add_plan(parser)


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
    job = Job(plans.fetch(args.dataset), expected=args.plan)
    results = fetch(rows, out, Setting.from_environ(os.environ))
    for result in results:
        for reason in result.failed:
            print(printable(f"{result.file}: skipped {reason}"), file=sys.stderr)
        print(printable(f"{result.file}: {result.source}"))
    digests = {row.file: row.sha256 for row in rows}
    _write_sidecar(out, job, results)
    if not _listed(out, digests):
        provenance.write_manifest(out, digests)


def _write_sidecar(out: Path, job: Job, results: list[Fetched]) -> None:
    if all(result.source == IN_PLACE for result in results) and _has_params(out, job.plan.params):
        return  # this run only checked the files; the sidecar records where they came from
    # The sources are in the block of the run: files with the same bytes are the same artefact, from any mirror.
    job.write_sidecar(out, sources={result.file: result.source for result in results})


def _listed(out: Path, digests: dict[str, str]) -> bool:
    """Return whether the manifest lists the digests already; it is then not written, as raw data may be read-only."""
    manifest = out.with_name(f"{out.name}.sha256")
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return manifest.is_file() and manifest.read_bytes() == lines.encode()


def _has_params(out: Path, params: dict[str, Any]) -> bool:
    """Return whether the folder has a sidecar that records these parameters."""
    try:
        return read_record(out).params == params
    except UserError:
        return False
