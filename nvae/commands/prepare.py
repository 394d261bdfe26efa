"""``nvae prepare``: conversion of raw files into one prepared set."""

import argparse
import importlib
from pathlib import Path

from nvae import layout
from nvae.commands._common import add_params, load_config
from nvae.data import PREPARERS
from nvae.errors import UserError, printable
from nvae.pipeline import plans
from nvae.provenance.job import Job

#: Module that is imported by name, so that an edit to it does not cause any set to be prepared again.
REPORT = "nvae.data.faces.detector_report"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--raw", type=Path, help="folder of the raw files (default: data/raw/DATASET)")
    parser.add_argument("--out", type=Path, help="path of the prepared set (default: the profile's)")
    parser.add_argument(
        "--check-detector",
        action="store_true",
        help="only report how well the face detector works on the uncropped ambient frames of the set",
    )
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Prepare one data set, or report on the face detector."""
    config = load_config(args)
    params = config.data_params(args.dataset)
    raw = args.raw or layout.raw(args.dataset)
    if args.check_detector:
        _check_detector(raw, args.dataset, params.kind)
        return
    out = args.out or layout.Layout(config.profile).prepared(args.dataset)
    job = Job(plans.prepare(config, args.dataset), expected=args.plan)
    boxes = params.face_boxes if params.kind == "faces" else None
    job.read({"raw": raw, **({"face_boxes": Path(boxes)} if boxes else {})})
    prepared = importlib.import_module(PREPARERS[params.kind]).prepare(raw, args.dataset, params)
    prepared.save(out)
    job.write_sidecar(out)
    sizes = ", ".join(f"{len(split)} {name}" for name, split in prepared.splits())
    print(printable(f"{out}: {sizes} images of {prepared.n_classes} classes"))


def _check_detector(raw: Path, dataset: str, kind: str) -> None:
    if kind != "faces":
        raise UserError(
            "--check-detector",
            got=f"{dataset} of kind {kind}",
            expected="a data set of kind faces",
            hint="Leave it out.",
        )
    archives = importlib.import_module("nvae.data.archives")
    with archives.open_image_tree(raw) as tree:
        report = importlib.import_module(REPORT).detector_report(tree)
    if report.empty:
        print("no uncropped ambient frames")
        return
    print(report.to_string(index=False, float_format="{:.2f}".format))
    found, right = report["found"].sum(), report["right"].sum()
    print(f"found {found} of {len(report)} faces; the person's own images agree for {right}")
