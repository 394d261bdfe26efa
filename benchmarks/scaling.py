"""Training cost as a function of the number of classes, image size, number of seeds and number of arms."""

import math
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from benchmarks import ours
from benchmarks.contest import Work

PRECISION = "fp32"
CLASSES = (10, 30, 100, 300, 1000)
SIDES = (14, 28, 56, 112)
RUNS = (1, 2, 4, 8)


def _works() -> Iterator[tuple[str, int, Work]]:
    """Yield the name of the growing quantity, its size, and the work at that size."""
    for classes in CLASSES:
        yield "classes (N-VAE)", classes, ours.epoch("n_vae", precision=PRECISION, classes=classes)
    for side in SIDES:
        yield "pixels (N-VAE)", side * side, ours.epoch("n_vae", precision=PRECISION, shape=(side, side))
    for seeds in RUNS:
        yield "seeds (N-VAE), one by one", seeds, ours.epoch("n_vae", precision=PRECISION, runs=seeds)
    for arms in RUNS:
        yield "arms (classifier), one by one", arms, ours.epoch("classifier", precision=PRECISION, runs=arms)
        yield "arms (classifier), stacked", arms, ours.epoch("classifier", precision=PRECISION, runs=arms, stacked=True)


def costs(*, rounds: int) -> pd.DataFrame:
    """Measure the CPU seconds of one epoch of the benchmark's images (of each run, if there are several).

    Returns:
        Columns grows, size, median_s, lowest_s, highest_s, rounds and exponent, which is that of the power law through
        this size and the previous one; 1 is linear.
    """
    works = list(_works())
    seconds: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for found, (_, _, work) in zip(seconds, works, strict=True):
            start = time.process_time()
            work()
            if number:
                found.append(time.process_time() - start)
    table = pd.DataFrame(
        [
            (grows, size, statistics.median(found), min(found), max(found), rounds)
            for (grows, size, _), found in zip(works, seconds, strict=True)
        ],
        columns=["grows", "size", "median_s", "lowest_s", "highest_s", "rounds"],
    )
    return exponents(table).round(3)


def exponents(table: pd.DataFrame) -> pd.DataFrame:
    """Add a column ``exponent``: log of the ratio of costs over log of the ratio of sizes, between successive rows."""
    logs = table[["size", "median_s"]].map(math.log).groupby(table["grows"]).diff()
    return table.assign(exponent=logs["median_s"] / logs["size"])


def plot(table: pd.DataFrame, path: Path) -> None:
    """Plot the cost against the size, both relative to the smallest size, on log axes; grey is linear growth."""
    first = table.groupby("grows")[["size", "median_s"]].transform("first")
    shown = pd.DataFrame(
        {"grows": table["grows"], "times as large": table["size"] / first["size"]}
        | {"times the cost": table["median_s"] / first["median_s"]}
    )
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(6.6, 2.8), layout="constrained")
        axes = figure.subplots()
        axes.axline((1, 1), (10, 10), color="0.7", linewidth=1)
        sns.lineplot(shown, x="times as large", y="times the cost", hue="grows", style="grows", markers=True, ax=axes)
        axes.set(xscale="log", yscale="log")
        axes.legend(
            title=f"an epoch of {ours.IMAGES:,} images, {PRECISION}",
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(1.02, 1.0),
        )
        figure.savefig(path, dpi=200, metadata={"Software": None})
