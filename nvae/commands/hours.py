"""``nvae hours``: how long a profile's results took, by step, device and seed."""

import argparse
import re
from pathlib import Path

import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.lineage import artefacts, read_record
from nvae.provenance import atomic

_SEED = re.compile(r"/seed(\d+)\b")
_KEYS = ["step", "device", "precision", "seed"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--out", type=Path, help="a CSV to write it to, too")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Add up the seconds that the sidecars tell.

    Of a step that was killed and went on, they tell the last sitting's.

    Raises:
        UserError: there is no sidecar, or a damaged one.
    """
    table = _table(Layout(load_config(args).profile))
    if args.out:
        with atomic(args.out) as part:
            table.to_csv(part, index=False)
    print(table.to_string(index=False, na_rep=""))
    print(f"{table['hours'].sum():.2f} hours of jobs")


def _table(paths: Layout) -> pd.DataFrame:
    """Columns ``step``, ``device``, ``precision``, ``seed`` (empty where a step joins seeds), ``jobs``, ``hours``."""
    jobs: dict[tuple[object, ...], float] = {}
    for place in (paths.prepared("").parent, paths.results, paths.figures):
        for artefact in artefacts(place):
            record = read_record(artefact)
            found = _SEED.search(artefact.as_posix())
            run = record.run
            key = (record.verb, run["device"], run.get("precision", ""), found[1] if found else "")
            # What one job made (the PDF, the PNG and the caption of a figure) has one stem.
            job = (*key, artefact.parent, artefact.name.partition(".")[0])
            jobs[job] = max(jobs.get(job, 0.0), float(run["seconds"]))
    if not jobs:
        raise UserError(
            "results",
            got=f"no sidecar in {paths.results}",
            expected="some",
            mend="Make them: snakemake --cores 2 -- all_figures, or nvae restore.",
        )
    table = pd.DataFrame([(*job[: len(_KEYS)], seconds) for job, seconds in jobs.items()], columns=[*_KEYS, "seconds"])
    sums = table.groupby(_KEYS, sort=True)["seconds"].agg(["size", "sum"]).reset_index()
    return sums.rename(columns={"size": "jobs"}).assign(hours=lambda rows: (rows.pop("sum") / 3600).round(4))
