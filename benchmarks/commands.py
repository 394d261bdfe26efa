"""Waiting time of commands besides training, which have nothing, or next to nothing, to compute."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]

#: Command of each measurement, and the largest number of seconds that it should take.
COMMANDS: dict[str, tuple[Sequence[str], float]] = {
    "nvae --help": (["nvae", "--help"], 0.3),
    "redraw a figure": (["nvae", "draw", "fig05", "--profile", "demo", "--out", "{folder}"], 2.0),
    "nothing to do": (
        ["snakemake", "--cores", "2", "--quiet", "all", "--config", "profile=demo", "--", "all_figures"],
        4.0,
    ),
}


def waits(*, rounds: int) -> pd.DataFrame:
    """Measure the wall-clock seconds of every command; a first, warm-up round is left out. Requires a finished demo.

    Returns:
        Columns command, median_s, lowest_s, highest_s, goal_s, rounds.

    Raises:
        CalledProcessError: If a command failed.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (command, goal) in COMMANDS.items():
            filled = [word.format(folder=folder) for word in command]
            found = [_seconds(filled) for _ in range(rounds + 1)][1:]
            rows.append((name, statistics.median(found), min(found), max(found), goal, rounds))
    columns = ["command", "median_s", "lowest_s", "highest_s", "goal_s", "rounds"]
    return pd.DataFrame(rows, columns=columns).round(2)


def _seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start
