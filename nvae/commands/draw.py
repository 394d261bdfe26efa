"""``nvae draw``: a figure, or all of them, from tables alone; a caption with their numbers beside it."""

import argparse
import importlib
from pathlib import Path

from nvae import figures, layout, provenance
from nvae.commands._common import add_params, load_config
from nvae.figures import captions, style, tables


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("figure", help="a figure's name, the beginning of one (fig05), or all")
    add_params(parser)
    parser.add_argument(
        "--out", type=Path, help="folder of the PDF, the PNG and the caption (default: the profile's figures)"
    )


def run(args: argparse.Namespace) -> None:
    """Draw, and write PDF, PNG and caption, each with a sidecar.

    Raises:
        UserError: an unknown figure, a wrong configuration, or a table that is missing or incomplete.
    """
    chosen = figures.select(args.figure)
    config = load_config(args)
    paths = layout.Layout(config.profile)
    for spec in chosen:
        _draw(spec, spec.tables(paths, config.datasets), args.out or paths.figures)


def _draw(spec: figures.FigureSpec, inputs: dict[str, Path], out: Path) -> None:
    watch = provenance.Stopwatch()
    loaded = tables.load(inputs)
    module = importlib.import_module(spec.module)
    figure = module.draw(loaded)
    numbers = module.numbers(loaded) if hasattr(module, "numbers") else ""
    pdf, png, caption = (out / f"{spec.name}.{suffix}" for suffix in figures.SUFFIXES)
    with (
        provenance.atomic(pdf) as pdf_part,
        provenance.atomic(png) as png_part,
        provenance.atomic(caption) as caption_part,
    ):
        style.save(figure, pdf_part, png_part)
        caption_part.write_text(captions.compose(spec.caption, numbers), encoding="utf-8")
    for path in (pdf, png, caption):
        provenance.write_sidecar(path, verb="draw", params={"figure": spec.name}, inputs=inputs, watch=watch)
        print(path)
