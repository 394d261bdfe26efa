"""``nvae draw``: a figure, or all of them, from tables alone."""

import argparse
import importlib
from pathlib import Path

from nvae import figures, layout, provenance
from nvae.commands._common import add_params, load_config
from nvae.figures import style, tables


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("figure", help="a figure's name, the beginning of one (fig05), or all")
    add_params(parser)
    parser.add_argument("--out", type=Path, help="folder of the PDF and PNG (default: the profile's figures)")


def run(args: argparse.Namespace) -> None:
    """Draw, and write PDF, PNG and a sidecar for each.

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
    figure = importlib.import_module(spec.module).draw(loaded)
    pdf, png = out / f"{spec.name}.pdf", out / f"{spec.name}.png"
    with provenance.atomic(pdf) as pdf_part, provenance.atomic(png) as png_part:
        style.save(figure, pdf_part, png_part)
    for path in (pdf, png):
        provenance.write_sidecar(path, verb="draw", params={"figure": spec.name}, inputs=inputs, watch=watch)
        print(path)
