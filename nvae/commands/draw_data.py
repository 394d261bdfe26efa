"""``nvae draw-data``: a built-in data set, drawn from known factors, in the file layout of a real one."""

import argparse
import importlib
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
from nvae.pipeline import plans
from nvae.provenance import sha256, write_manifest
from nvae.provenance.job import Job

# All names that this verb writes; a folder with any other is not replaced.
_WRITTEN = ("IdxSet", FACTORS, "CroppedYale")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help=f"one of {', '.join(BUILTIN)}, or of their families in params.yaml")
    parser.add_argument("--out", type=Path, help="folder to write (default: data/raw/DATASET)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Draw the data set and write its folder and sidecar.

    Raises:
        UserError: If the data set is real or cannot be drawn, or the folder contains other files.
    """
    config = load_config(args)
    params = config.data_params(args.dataset)
    job = Job(plans.draw_data(config, args.dataset), expected=args.plan)
    assert params.drawn is not None  # otherwise there is no plan
    out = layout.raw(args.dataset) if args.out is None else args.out
    module = importlib.import_module(BUILTIN[config.family(args.dataset)])
    if params.kind != module.KIND:
        raise UserError(f"data.{args.dataset}.kind", got=params.kind, expected=module.KIND, hint=f"Edit {args.params}.")
    with _replaced(out) as part:
        if params.kind == "faces":
            module.draw(part, persons=params.drawn.persons, seed=params.drawn.seed)
        else:
            given = params.drawn.model_dump(exclude={"train_images", "test_images"})
            drawn = module.draw(params.drawn.train_images, params.drawn.test_images, **given)
            write_drawn(part, args.dataset, drawn)
    job.write_sidecar(out)
    write_manifest(out, {args.dataset: sha256(out)})


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``folder``, which replaces ``folder`` on success and is removed on failure.

    Raises:
        UserError: If ``folder`` exists and contains something that this verb never writes, or cannot be created.
    """
    folder = folder.absolute()
    _check_replaceable(folder)
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
        # A folder cannot be renamed to the name of one that is not empty, so the old one is moved away first.
        if folder.exists():
            folder.rename(old)
        try:
            part.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def _check_replaceable(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(str(folder), got="a file", expected="a folder", hint="Pass another --out.")
    foreign = sorted(child.name for child in folder.iterdir() if child.name not in _WRITTEN)
    if foreign:
        raise UserError(
            str(folder),
            got=f"a folder that contains {foreign[0]}",
            expected="a new folder, or one that this verb wrote",
            hint="Pass another --out.",
        )
