"""``nvae hours``: the time that a profile's results took, by step, device and seed."""

import argparse
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from nvae.commands._common import add_params, load_config
from nvae.errors import UserError, printable
from nvae.layout import Layout
from nvae.provenance import atomic
from nvae.provenance.lineage import artefacts, read_record

_RUN = re.compile(r"/([^/]+)/([^/]+)/seed(\d+)\b")
_RESUMED = re.compile(r": resuming after epoch (\d{1,9}) of ([1-9]\d{,8})$")
_ARMS = re.compile(r", arms? ([\d, ]+) of ([1-9]\d{,8}) \(")
_KEYS = ["step", "device", "precision", "seed"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--out", type=Path, help="path of a CSV to write as well")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print the sums of the time and the CPU time that the sidecars record.

    For a job that was killed and resumed, a sidecar records only the last part of its time. If the log of such a
    training or augmentation exists, its time is scaled up to all epochs or arms, and ``resumed`` counts it.

    Raises:
        UserError: If there is no sidecar, or a damaged one.
    """
    table = _table(Layout(load_config(args).profile))
    if args.out:
        with atomic(args.out) as part:
            table.to_csv(part, index=False)
    print(*map(printable, table.to_string(index=False, na_rep="").split("\n")), sep="\n")
    print(f"{table['hours'].sum():.2f} hours of jobs, {table['cpu_hours'].sum():.2f} CPU hours")


def _table(paths: Layout) -> pd.DataFrame:
    """Return one row per step, device, precision and seed.

    Columns, beside these keys (``seed`` is empty where a step joins seeds): ``hours``; ``cpu_hours``, empty if the
    sidecars were written before CPU time was measured; ``jobs``, the number of jobs; and ``resumed``, the number of
    jobs whose time was scaled up from their last part.
    """
    jobs: dict[tuple[object, ...], tuple[float, ...]] = {}
    for place in (paths.prepared("").parent, paths.results, paths.figures):
        for artefact in artefacts(place):
            record = read_record(artefact)
            found = _RUN.search(artefact.as_posix())
            key = (record.verb, record.run["device"], record.run.get("precision", ""), found[3] if found else "")
            # All files of one job (the PDF, the PNG and the caption of a figure) have the same stem.
            job = (*key, artefact.parent, artefact.name.partition(".")[0])
            # The sidecars of a job are written one after the other: the last one records the longest time.
            *times, part = jobs.get(job, (0.0, math.nan, 1.0))
            if found:
                part = _last_part(paths.log(f"{record.verb}/{found[1]}-{found[2]}-seed{found[3]}"))
            recorded = [float(record.run.get(name, math.nan)) for name in ("seconds", "cpu_seconds")]
            jobs[job] = (*np.fmax(times, recorded), part)
    if not jobs:
        raise UserError(
            "results",
            got=f"no sidecar in {paths.results}",
            expected="at least one",
            hint="Make them: snakemake --cores 2 -- all_figures, or nvae restore.",
        )
    rows = [(*job[: len(_KEYS)], *times) for job, times in jobs.items()]
    table = pd.DataFrame(rows, columns=[*_KEYS, "hours", "cpu_hours", "part"])
    table[["hours", "cpu_hours"]] = table[["hours", "cpu_hours"]].div(3600 * table["part"], axis=0)
    groups = table.assign(resumed=table["part"] < 1).groupby(_KEYS, sort=True)
    sums = groups[["hours", "cpu_hours"]].sum(min_count=1).round(4)
    return sums.assign(jobs=groups.size(), resumed=groups["resumed"].sum()).reset_index()


def _last_part(log: Path) -> float:
    """Return the share of a job's epochs or arms that its last part covers, from its log; 1 without a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    # The share of the epochs of each group of arms; a training is a single group, "".
    shares: dict[str, float] = {}
    total = 1
    for line in lines:
        arms, resumed = _ARMS.search(line), _RESUMED.search(line)
        group = arms[1] if arms else ""
        if arms:
            total = int(arms[2])
        if resumed:
            shares[group] = 1 - int(resumed[1]) / int(resumed[2])
        elif arms:
            shares.setdefault(group, 1.0)
    return sum(share * (group.count(",") + 1) for group, share in shares.items()) / total if shares else 1.0
