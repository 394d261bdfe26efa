"""``python -m benchmarks``: print and record every contest, the waiting time of commands, and the scaling of costs."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch

from benchmarks import commands, contest, quality, scaling, steps
from nvae.layout import Layout

HERE = Path(__file__).parent
PARTS = ("commands", "steps", "scaling", "quality")


def main() -> None:
    """Measure and print; write one table per part with a description of the machine, keeping other machines' rows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"parts to run, of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each contest and command (default: 7)")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the time to quality (default: 3)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the tables (default: benchmarks/)")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; expected some of {', '.join(PARTS)}")
    described = {"measured": datetime.now(UTC).strftime("%Y-%m-%d"), **contest.machine()}
    parts = args.parts or PARTS

    def record(table: pd.DataFrame, name: str) -> None:
        print(table.to_string(index=False), flush=True)
        contest.beside_other_machines(table, described, args.out / name).to_csv(args.out / name, index=False)

    torch.set_num_threads(1)
    if "commands" in parts:
        record(commands.waits(rounds=args.rounds), "commands.csv")
    if "steps" in parts:
        tables = [contest.ratios(contest.rates(one, rounds=args.rounds), one) for one in steps.contests()]
        record(pd.concat(tables), "results.csv")
    if "scaling" in parts:
        costs = scaling.costs(rounds=max(1, args.rounds // 2))
        record(costs, "scaling.csv")
        scaling.plot(costs, args.out / "scaling.png")
    if "quality" in parts:
        runs = quality.race(Layout("demo").prepared(quality.DATASET), seeds=args.seeds)
        record(quality.summary(runs), "quality.csv")


if __name__ == "__main__":
    main()
