"""``python -m benchmarks``: prints and records every contest, and what commands make wait."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import torch

from benchmarks import commands, contest, steps

HERE = Path(__file__).parent


def main() -> None:
    """Measure and print; write both tables with the machine's description."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of each contest and command (default: 7)")
    parser.add_argument("--out", type=Path, default=HERE, help="where the tables go (default: benchmarks/)")
    args = parser.parse_args()
    described = {"measured": datetime.now(UTC).strftime("%Y-%m-%d"), **contest.machine()}
    waits = commands.waits(rounds=args.rounds)
    print(waits.to_string(index=False), flush=True)
    waits.assign(**described).to_csv(args.out / "commands.csv", index=False)
    torch.set_num_threads(1)
    tables = []
    for one in steps.contests():
        tables.append(contest.ratios(contest.rates(one, rounds=args.rounds), one))
        print(tables[-1].to_string(index=False, header=len(tables) == 1), flush=True)
    pd.concat(tables).assign(**described).to_csv(args.out / "results.csv", index=False)


if __name__ == "__main__":
    main()
