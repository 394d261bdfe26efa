"""``nvae trace``: the lineage of an artefact down to the raw files, with commits, parameters and hashes."""

import argparse
from pathlib import Path

from nvae.errors import printable
from nvae.provenance.lineage import trace


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("artefact", type=Path, help="path of a figure, table, model or prepared set")


def run(args: argparse.Namespace) -> None:
    """Print the lineage as an indented tree."""
    for line in trace(args.artefact):
        print(printable(line))
