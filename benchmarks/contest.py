"""Contests whose contestants take turns, round after round, so that changes in the machine's pace affect all alike."""

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

#: Function that trains or computes, and returns the number of processed images.
Work = Callable[[], int]


@dataclass(frozen=True)
class Contest:
    """Same work done by several contestants.

    Args:
        name: Name of the work.
        contestants: Work by name; ``ours`` is compared with each of the others.
        goals: Lowest ratio ours / other that is aimed at, by the other's name.
    """

    name: str
    contestants: Mapping[str, Work]
    goals: Mapping[str, float]


def rates(contest: Contest, *, rounds: int) -> pd.DataFrame:
    """Measure images per CPU second of every contestant in every round; a first, warm-up round is left out.

    Each contestant has a process of its own, as in normal use, so that no state is shared between contestants.

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
    """Fork a process that does the work for each message, and replies with the number of images and the CPU seconds."""
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
    """Compare ours with each other contestant, round by round.

    Args:
        measured: Table that `rates` returned.
        contest: Contest that was measured.

    Returns:
        One row per contestant except ours, with columns contest, against, ours_per_s (median images per CPU second of
        ours), ratio (median over the rounds), lowest and highest ratio, goal and rounds.
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
    """Return the properties of the machine and the package versions that the results depend on."""
    names = {"cpu": _cpu(), "cores": str(os.cpu_count()), "python": platform.python_version()}
    for package in ("torch", "pythae", "snakemake"):
        try:
            names[package] = version(package)
        except PackageNotFoundError:
            names[package] = "none"
    return names


def beside_other_machines(table: pd.DataFrame, described: Mapping[str, str], path: Path) -> pd.DataFrame:
    """Return the new record: the table's rows with the machine's description, then the recorded rows of other machines.

    Args:
        table: Results measured on this machine.
        described: Description of this machine, by column; ``cpu`` and ``cores`` identify the machine.
        path: Path of the record, which may not exist yet.
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
