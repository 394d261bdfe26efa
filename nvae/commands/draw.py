"""``nvae draw``: one figure or all of them, drawn from tables alone, or the picture of one table."""

import argparse
import importlib
from pathlib import Path

from nvae import figures, layout, provenance
from nvae.commands._common import add_params, load_config
from nvae.config import Config
from nvae.errors import printable
from nvae.figures.loading import load
from nvae.pipeline import plans
from nvae.plotting import captions, style
from nvae.provenance.job import Job
from nvae.provenance.plan import Plan
from nvae.tables import reading


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("figure", help="name of a figure or the beginning of one (fig05), or all; or a table (X.npz)")
    add_params(parser)
    parser.add_argument(
        "--out", type=Path, help="folder to write to (default: the profile's figures; for a table, the table's folder)"
    )


def run(args: argparse.Namespace) -> None:
    """Draw, and write the PDF, the PNG and the caption of each figure with sidecars; a table has no caption.

    Raises:
        UserError: If a figure is unknown, the configuration is wrong, or a table is missing or incomplete.
    """
    if args.figure.endswith(".npz"):
        _draw_table(Path(args.figure), args.out)
        return
    chosen = figures.select(args.figure)
    config = load_config(args)
    paths = layout.Layout(config.profile)
    for spec in chosen:
        _draw(spec, config, paths, args)


def _draw(spec: figures.FigureSpec, config: Config, paths: layout.Layout, args: argparse.Namespace) -> None:
    job = Job(plans.draw(spec), expected=args.plan)
    loaded, inputs = load(spec, paths, config.datasets, config.seeds_of)
    job.read(inputs)
    module = importlib.import_module(spec.module)
    figure = module.draw(loaded, **spec.options)
    numbers = module.numbers(loaded, **spec.options) if hasattr(module, "numbers") else ""
    out = args.out or paths.figures
    pdf, png, caption = (out / f"{spec.name}.{suffix}" for suffix in figures.SUFFIXES)
    with (
        provenance.atomic(pdf) as pdf_part,
        provenance.atomic(png) as png_part,
        provenance.atomic(caption) as caption_part,
    ):
        style.save(figure, pdf_part, png_part)
        caption_part.write_text(captions.compose(spec.caption, numbers), encoding="utf-8")
    for path in (pdf, png, caption):
        job.write_sidecar(path)
        print(printable(path))


def _draw_table(path: Path, out: Path | None) -> None:
    job = Job(Plan.of("draw", "{}", "nvae.commands.draw", "nvae.plotting.single"))
    job.read({"table": path})
    kind = reading.kind_of(path)
    # Imported by name, like the modules of the figures, because its imports would slow down every other figure.
    single = importlib.import_module("nvae.plotting.single")
    figure = single.draw(reading.load_arrays(path, kind), kind)
    pdf, png = (((out or path.parent) / path.name).with_suffix(suffix) for suffix in (".pdf", ".png"))
    with provenance.atomic(pdf) as pdf_part, provenance.atomic(png) as png_part:
        style.save(figure, pdf_part, png_part)
    for drawn in (pdf, png):
        job.write_sidecar(drawn, options={"table": kind})
        print(printable(drawn))
