"""Contestants take turns, round after round, so that a machine's moods fall on all of them alike."""

import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd

#: Trains or computes, and returns the number of images that went through.
Work = Callable[[], int]


@dataclass(frozen=True)
class Contest:
    """The same work done by several.

    Args:
        name: of the work.
        contestants: name → work; ``ours`` is compared with each of the others.
        goals: the other's name → the least ratio ours / other that is aimed at.
    """

    name: str
    contestants: Mapping[str, Work]
    goals: Mapping[str, float]


def rates(contest: Contest, *, rounds: int) -> pd.DataFrame:
    """Images per CPU second of every contestant in every round; a first round, that warms up, is left out.

    Each has a process of its own, as whoever uses it would: what one sets up or leaves behind is not another's.

    Returns:
        Columns contest, contestant, round (from 1), images_per_cpu_s.
    """
    rows = []
    with ExitStack() as stack:
        players = {name: stack.enter_context(_player(work)) for name, work in contest.contestants.items()}
        for number in range(rounds + 1):
            for name, player in players.items():
                player.send(None)
                images, spent = player.recv()
                if number:
                    rows.append((contest.name, name, number, images / spent))
    return pd.DataFrame(rows, columns=["contest", "contestant", "round", "images_per_cpu_s"])


@contextmanager
def _player(work: Work) -> Iterator[Connection]:
    """A fork that does the work whenever it is sent something, and answers with the images and its CPU seconds."""
    ours, its = multiprocessing.Pipe()
    fork = multiprocessing.get_context("fork").Process(target=_play, args=(work, its, ours), daemon=True)
    fork.start()
    its.close()
    try:
        yield ours
    finally:
        ours.close()
        fork.join()


def _play(work: Work, turns: Connection, other_end: Connection) -> None:
    other_end.close()
    with suppress(EOFError):
        while True:
            turns.recv()
            start = time.process_time()
            turns.send((work(), time.process_time() - start))


def ratios(measured: pd.DataFrame, contest: Contest) -> pd.DataFrame:
    """Ours against each other contestant, round by round.

    Args:
        measured: as `rates` gives it.
        contest: that was measured.

    Returns:
        A row a contestant but ours: contest, against, images_per_cpu_s (median, ours), median, lowest and highest
        ratio over the rounds, goal.
    """
    table = measured.pivot_table(index="round", columns="contestant", values="images_per_cpu_s")
    rows = []
    for other in contest.contestants:
        if other == "ours":
            continue
        found = (table["ours"] / table[other]).tolist()
        rows.append(
            {
                "contest": contest.name,
                "against": other,
                "ours_per_s": round(table["ours"].median(), 1),
                "ratio": round(statistics.median(found), 3),
                "lowest": round(min(found), 3),
                "highest": round(max(found), 3),
                "goal": contest.goals.get(other),
                "rounds": len(found),
            }
        )
    return pd.DataFrame(rows)


def machine() -> dict[str, str]:
    """What the numbers depend on beside the code."""
    names = {"cpu": _cpu(), "cores": str(os.cpu_count()), "python": platform.python_version()}
    for package in ("torch", "pythae", "snakemake"):
        try:
            names[package] = version(package)
        except PackageNotFoundError:
            names[package] = "none"
    return names


def beside_other_machines(table: pd.DataFrame, described: Mapping[str, str], path: Path) -> pd.DataFrame:
    """A table as it is recorded: its rows with the machine's description, then what stands there of other processors.

    Args:
        table: measured here.
        described: this machine, by column; ``cpu`` and ``cores`` tell it from others.
        path: of the record, which need not exist yet.
    """
    new = table.assign(**described)
    if not path.exists():
        return new
    old = pd.read_csv(path)
    here = (old["cpu"] == described["cpu"]) & (old["cores"].astype(str) == described["cores"])
    return pd.concat([new, old[~here]], ignore_index=True)


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:  # noqa: PTH123 (no file of ours)
            lines = [line for line in stream if line.startswith("model name")]
    except FileNotFoundError:
        return platform.processor() or platform.machine()
    return lines[0].split(":", 1)[1].strip() if lines else platform.machine()
