"""``nvae draw-data``: a built-in data set, drawn from known factors, in a real one's file layout."""

import argparse
import importlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nvae import layout
from nvae.commands._common import add_params, load_config
from nvae.data.builtin import BUILTIN
from nvae.data.builtin.drawn import DrawnSet
from nvae.data.idx import IMAGES, LABELS, raw_folder, write_idx
from nvae.errors import UserError
from nvae.provenance import Stopwatch, sha256, write_manifest, write_sidecar

_FACTORS = "factors.npz"
_OURS = ("IdxSet", _FACTORS, "CroppedYale")  # all that this verb ever writes; a folder with more is not replaced


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help=f"one of {', '.join(BUILTIN)}")
    parser.add_argument("--out", type=Path, help="the folder to write (default: data/raw/DATASET)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Draw the data set and write its folder and sidecar.

    Raises:
        UserError: a real data set, one that can't be drawn, or a folder that holds other things.
    """
    watch = Stopwatch()
    config = load_config(args)
    params = config.data_params(args.dataset)
    if params.drawn is None or args.dataset not in BUILTIN:
        raise UserError(
            "data set",
            got=f"{args.dataset}, which is not drawn",
            expected=f"one of {', '.join(BUILTIN)}",
            mend=f"Run `nvae fetch {args.dataset}` for a real one.",
        )
    out = layout.raw(args.dataset) if args.out is None else args.out
    module = importlib.import_module(BUILTIN[args.dataset])
    if params.kind != module.KIND:
        raise UserError(f"data.{args.dataset}.kind", got=params.kind, expected=module.KIND, mend=f"Edit {args.params}.")
    with _replaced(out) as part:
        if params.kind == "faces":
            module.draw(part, persons=params.drawn.persons, seed=params.drawn.seed)
        else:
            counts = params.drawn.train_images, params.drawn.test_images
            _write_drawn(part, args.dataset, module.draw(*counts, seed=params.drawn.seed))
    slice_ = json.loads(config.slice("draw-data", dataset=args.dataset))
    write_sidecar(out, verb="draw-data", params=slice_, inputs={}, watch=watch)
    write_manifest(out, {args.dataset: sha256(out)})


def _write_drawn(folder: Path, dataset: str, drawn: DrawnSet) -> None:
    """Four IDX files and ``factors.npz``."""
    raw = raw_folder(folder, dataset)
    write_idx(raw / IMAGES["train"], drawn.train_images)
    write_idx(raw / LABELS["train"], drawn.train_labels)
    write_idx(raw / IMAGES["test"], drawn.test_images)
    write_idx(raw / LABELS["test"], drawn.test_labels)
    np.savez(
        folder / _FACTORS,
        train_factors=drawn.train_factors,
        test_factors=drawn.test_factors,
        factor_names=np.array(drawn.factor_names),
        factor_kinds=np.array(drawn.factor_kinds),
        class_names=np.array(drawn.class_names),
    )


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``folder``; on success it takes that name, on failure it is removed.

    Raises:
        UserError: ``folder`` exists and holds something that this verb never writes.
    """
    folder = folder.absolute()
    _check_ours(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        part, old = Path(scratch, "new"), Path(scratch, "old")
        part.mkdir()
        yield part
        # A folder can't be renamed onto one that isn't empty: the old one steps aside first.
        if folder.exists():
            folder.rename(old)
        try:
            part.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def _check_ours(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(str(folder), got="a file", expected="a folder", mend="Pass another --out.")
    foreign = sorted(child.name for child in folder.iterdir() if child.name not in _OURS)
    if foreign:
        raise UserError(
            str(folder),
            got=f"a folder that holds {foreign[0]}",
            expected="a new one, or one that this verb wrote",
            mend="Pass another --out.",
        )
