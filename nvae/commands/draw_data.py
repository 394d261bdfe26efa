"""``nvae draw-data``: a built-in data set, drawn from known factors, in a real one's file layout."""

import argparse
import importlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nvae import layout
from nvae.commands._common import add_params, load_config
from nvae.data.builtin import BUILTIN
from nvae.data.builtin.drawn import write_drawn
from nvae.data.prepare_idx import FACTORS
from nvae.errors import UserError
from nvae.provenance import Stopwatch, sha256, write_manifest, write_sidecar

_OURS = ("IdxSet", FACTORS, "CroppedYale")  # all that this verb ever writes; a folder with more is not replaced


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help=f"one of {', '.join(BUILTIN)}, or of their families in params.yaml")
    parser.add_argument("--out", type=Path, help="the folder to write (default: data/raw/DATASET)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Draw the data set and write its folder and sidecar.

    Raises:
        UserError: a real data set, one that can't be drawn, or a folder that holds other things.
    """
    stopwatch = Stopwatch()
    config = load_config(args)
    params = config.data_params(args.dataset)
    recipe = config.family(args.dataset)
    if params.drawn is None or recipe not in BUILTIN:
        raise UserError(
            "data set",
            got=f"{args.dataset}, which is not drawn",
            expected=f"one of {', '.join(BUILTIN)}, or of their families",
            hint=f"Run `nvae fetch {args.dataset}` for a real one.",
        )
    out = layout.raw(args.dataset) if args.out is None else args.out
    module = importlib.import_module(BUILTIN[recipe])
    if params.kind != module.KIND:
        raise UserError(f"data.{args.dataset}.kind", got=params.kind, expected=module.KIND, hint=f"Edit {args.params}.")
    with _replaced(out) as part:
        if params.kind == "faces":
            module.draw(part, persons=params.drawn.persons, seed=params.drawn.seed)
        else:
            given = params.drawn.model_dump(exclude={"train_images", "test_images"})
            drawn = module.draw(params.drawn.train_images, params.drawn.test_images, **given)
            write_drawn(part, args.dataset, drawn)
    slice_ = json.loads(config.slice("draw-data", dataset=args.dataset))
    write_sidecar(out, verb="draw-data", params=slice_, inputs={}, stopwatch=stopwatch)
    write_manifest(out, {args.dataset: sha256(out)})


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``folder``; on success it takes that name, on failure it is removed.

    Raises:
        UserError: ``folder`` exists and holds something that this verb never writes, or can't be made.
    """
    folder = folder.absolute()
    _check_ours(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.")
    except OSError as error:
        hint = "Pass another --out."
        raise UserError(str(folder), got=error.strerror, expected="a place for a folder", hint=hint) from error
    with scratch as inside:
        part, old = Path(inside, "new"), Path(inside, "old")
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
        raise UserError(str(folder), got="a file", expected="a folder", hint="Pass another --out.")
    foreign = sorted(child.name for child in folder.iterdir() if child.name not in _OURS)
    if foreign:
        raise UserError(
            str(folder),
            got=f"a folder that holds {foreign[0]}",
            expected="a new one, or one that this verb wrote",
            hint="Pass another --out.",
        )
