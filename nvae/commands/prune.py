"""``nvae prune``: removal of results of seeds, variants and data sets that ``params.yaml`` no longer names."""

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from nvae.commands._common import add_params, load_config
from nvae.config import Config
from nvae.errors import printable
from nvae.layout import Layout

_SEED = re.compile(r"seed(\d+)\b")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("--delete", action="store_true", help="delete the results (default: only list them)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """List the results that no run of the configuration belongs to, or delete them."""
    config = load_config(args)
    stale = sorted(_stale(config, Layout(config.profile)))
    for path in stale:
        print(printable(path))
        if args.delete and path.is_dir():
            shutil.rmtree(path)
        elif args.delete:
            path.unlink()
    done = "deleted" if args.delete else "to delete; pass --delete to do so"
    print(f"{len(stale)} {done}" if stale else "nothing to prune")


def _stale(config: Config, paths: Layout) -> Iterator[Path]:
    """Yield the files and folders of runs that the configuration does not name, each with its sidecar."""
    runs = (paths.model("*", "*", ""), paths.run_table("*", "*", "*", "").with_suffix(""), paths.arms("*", "*", ""))
    for pattern in (*runs, paths.checkpoint("*", "*", "").with_suffix("")):
        # `seed0.meta.json` and `seed0.safetensors` are beside `seed0`.
        for path in Path().glob(f"{pattern}*"):
            found = _SEED.match(path.name)
            kind, dataset, variant = path.parts[-4:-1]  # a table, or models and the like
            known = dataset in config.data and variant in config.variants
            if found and not (known and int(found[1]) in config.seeds_of(dataset, kind)):
                yield path
    names = tuple(f"{dataset}-{variant}" for dataset in config.data for variant in config.variants)
    for path in paths.tables.glob("*/*"):
        if not _begins(path.name.partition(".")[0], names):
            yield path


def _begins(name: str, names: tuple[str, ...]) -> bool:
    return any(name == known or name.startswith(f"{known}-") for known in names)
