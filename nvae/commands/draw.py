"""``nvae draw``: a figure, or all of them, from tables alone; or the picture of one table."""

import argparse
import importlib
from pathlib import Path

from nvae import figures, layout, provenance
from nvae.commands._common import add_params, load_config
from nvae.config import Config
from nvae.figures.loading import load
from nvae.plotting import captions, style
from nvae.tables import reading


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("figure", help="a figure's name, the beginning of one (fig05), or all; or a table.npz")
    add_params(parser)
    parser.add_argument(
        "--out", type=Path, help="folder of what is drawn (default: the profile's figures; of a table, its own folder)"
    )


def run(args: argparse.Namespace) -> None:
    """Draw, and write PDF, PNG and caption, each with a sidecar; of a table that is named, PDF and PNG.

    Raises:
        UserError: an unknown figure, a wrong configuration, or a table that is missing or incomplete.
    """
    if args.figure.endswith(".npz"):
        _draw_table(Path(args.figure), args.out)
        return
    chosen = figures.select(args.figure)
    config = load_config(args)
    paths = layout.Layout(config.profile)
    for spec in chosen:
        _draw(spec, config, paths, args.out or paths.figures)


def _draw(spec: figures.FigureSpec, config: Config, paths: layout.Layout, out: Path) -> None:
    stopwatch = provenance.Stopwatch()
    loaded, inputs = load(spec, paths, config.datasets, config.seeds_of)
    module = importlib.import_module(spec.module)
    figure = module.draw(loaded, **spec.options)
    numbers = module.numbers(loaded, **spec.options) if hasattr(module, "numbers") else ""
    pdf, png, caption = (out / f"{spec.name}.{suffix}" for suffix in figures.SUFFIXES)
    with (
        provenance.atomic(pdf) as pdf_part,
        provenance.atomic(png) as png_part,
        provenance.atomic(caption) as caption_part,
    ):
        style.save(figure, pdf_part, png_part)
        caption_part.write_text(captions.compose(spec.caption, numbers), encoding="utf-8")
    for path in (pdf, png, caption):
        provenance.write_sidecar(path, verb="draw", params={"figure": spec.name}, inputs=inputs, stopwatch=stopwatch)
        print(path)


def _draw_table(path: Path, out: Path | None) -> None:
    stopwatch = provenance.Stopwatch()
    kind = reading.kind_of(path)
    # By name, as the figures are: what it imports would slow every other drawing.
    single = importlib.import_module("nvae.plotting.single")
    figure = single.draw(reading.load_arrays(path, kind), kind)
    pdf, png = (((out or path.parent) / path.name).with_suffix(suffix) for suffix in (".pdf", ".png"))
    with provenance.atomic(pdf) as pdf_part, provenance.atomic(png) as png_part:
        style.save(figure, pdf_part, png_part)
    for drawn in (pdf, png):
        provenance.write_sidecar(
            drawn, verb="draw", params={"table": kind}, inputs={"table": path}, stopwatch=stopwatch
        )
        print(drawn)
