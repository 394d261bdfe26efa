"""``nvae hours``: how long a profile's results took, by step, device and seed."""

import argparse
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.provenance import atomic
from nvae.provenance.lineage import artefacts, read_record

_RUN = re.compile(r"/([^/]+)/([^/]+)/seed(\d+)\b")
_WENT_ON = re.compile(r": resuming after epoch (\d+) of (\d+)$")
_ARMS = re.compile(r", arms? ([\d, ]+) of (\d+) \(")
_KEYS = ["step", "device", "precision", "seed"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--out", type=Path, help="a CSV to write it to, too")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Add up the time and the CPU time that the sidecars tell.

    Of a job that was killed and went on, both tell the last part's time alone. Where the log of such a training or
    augmentation is at hand, its time is scaled to all epochs or arms, and ``resumed`` counts it.

    Raises:
        UserError: there is no sidecar, or a damaged one.
    """
    table = _table(Layout(load_config(args).profile))
    if args.out:
        with atomic(args.out) as part:
            table.to_csv(part, index=False)
    print(table.to_string(index=False, na_rep=""))
    print(f"{table['hours'].sum():.2f} hours of jobs, {table['cpu_hours'].sum():.2f} CPU hours")


def _table(paths: Layout) -> pd.DataFrame:
    """A row for each step, device, precision and seed.

    Columns, beside these keys (``seed`` is empty where a step joins seeds): ``hours``, ``cpu_hours`` (empty where
    sidecars are older than its measurement), ``jobs`` and ``resumed``, how many of them were scaled up from their last
    part.
    """
    jobs: dict[tuple[object, ...], tuple[float, ...]] = {}
    for place in (paths.prepared("").parent, paths.results, paths.figures):
        for artefact in artefacts(place):
            record = read_record(artefact)
            found = _RUN.search(artefact.as_posix())
            key = (record.verb, record.run["device"], record.run.get("precision", ""), found[3] if found else "")
            # What one job made (the PDF, the PNG and the caption of a figure) has one stem.
            job = (*key, artefact.parent, artefact.name.partition(".")[0])
            # Its sidecars are written one after the other: the last one tells most.
            *times, part = jobs.get(job, (0.0, math.nan, 1.0))
            if found:
                part = _last_part(paths.log(f"{record.verb}/{found[1]}-{found[2]}-seed{found[3]}"))
            told = [float(record.run.get(name, math.nan)) for name in ("seconds", "cpu_seconds")]
            jobs[job] = (*np.fmax(times, told), part)
    if not jobs:
        raise UserError(
            "results",
            got=f"no sidecar in {paths.results}",
            expected="some",
            hint="Make them: snakemake --cores 2 -- all_figures, or nvae restore.",
        )
    rows = [(*job[: len(_KEYS)], *times) for job, times in jobs.items()]
    table = pd.DataFrame(rows, columns=[*_KEYS, "hours", "cpu_hours", "part"])
    table[["hours", "cpu_hours"]] = table[["hours", "cpu_hours"]].div(3600 * table["part"], axis=0)
    groups = table.assign(resumed=table["part"] < 1).groupby(_KEYS, sort=True)
    sums = groups[["hours", "cpu_hours"]].sum(min_count=1).round(4)
    return sums.assign(jobs=groups.size(), resumed=groups["resumed"].sum()).reset_index()


def _last_part(log: Path) -> float:
    """The share of a job's epochs, or arms, that its last part did, as its log tells; 1 where there is no log."""
    lines = log.read_text("utf-8").splitlines() if log.is_file() else []
    # Of each group of arms ("" for a training, which is one of one) the share of its epochs.
    shares: dict[str, float] = {}
    total = 1
    for line in lines:
        arms, went_on = _ARMS.search(line), _WENT_ON.search(line)
        group = arms[1] if arms else ""
        if arms:
            total = int(arms[2])
        if went_on:
            shares[group] = 1 - int(went_on[1]) / int(went_on[2])
        elif arms:
            shares.setdefault(group, 1.0)
    return sum(share * (group.count(",") + 1) for group, share in shares.items()) / total if shares else 1.0
