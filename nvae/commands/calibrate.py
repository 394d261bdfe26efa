"""``nvae calibrate``: KL as a detector, on the built-in dial, whose share of class-exclusive factors is set."""

import argparse
import importlib
import json
from pathlib import Path

from nvae.analyses.calibration import calibration_table, prepared_in_passing
from nvae.commands._common import add_compute, add_params, load_config
from nvae.config import DrawnDial, IdxData
from nvae.data.builtin import BUILTIN
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.models import build
from nvae.models.protocol import Trainable
from nvae.provenance import Stopwatch, atomic, write_sidecar
from nvae.training.device import open_device, resolve_precision


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", nargs="?", default="dial", help="a dial of `data` in params.yaml (default: dial)")
    parser.add_argument("--variant", default="n_vae", help="a key of `variants` (default: n_vae)")
    parser.add_argument("--seed", type=int, default=0, help="of the runs (default: 0)")
    parser.add_argument("--out", type=Path, help="the table to write (default: the profile's)")
    add_compute(parser)
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Train at every setting of the dial and write the factor table."""
    stopwatch = Stopwatch()
    config = load_config(args)
    params = config.data_params(args.dataset)
    drawn = params.drawn
    if not isinstance(params, IdxData) or not isinstance(drawn, DrawnDial):
        raise UserError(
            "data set",
            got=f"{args.dataset}, whose share of exclusive factors can't be set",
            expected="a dial, as `dial` in params.yaml",
            hint="Name one of these.",
        )
    recipe = importlib.import_module(BUILTIN[config.family(args.dataset)])
    variant = config.variant(args.variant)
    device = open_device(config.execution.device, threads=args.threads)

    def data_of(level: int) -> PreparedSet:
        made = recipe.draw(
            drawn.train_images, drawn.test_images, seed=drawn.seed, exclusive_factors=level, reach=drawn.reach
        )
        return prepared_in_passing(made, args.dataset, params)

    def model_of(data: PreparedSet) -> Trainable:
        sizes = config.model_params(args.dataset, args.variant)
        return build(variant.model, sizes, n_classes=data.n_classes, image_shape=data.image_shape)

    protocol = config.training_params(args.dataset, args.variant)
    table = calibration_table(
        config.calibration.exclusive_factors,
        data_of,
        model_of,
        protocol,
        config.probe,
        seed=args.seed,
        device=device,
        title=f"calibrate {args.dataset}/{args.variant} seed {args.seed}",
    )
    for position, (name, value) in enumerate((("dataset", args.dataset), ("model", args.variant), ("seed", args.seed))):
        table.insert(position, name, value)
    out = args.out or Layout(config.profile).run_table("calibration", args.dataset, args.variant, args.seed)
    with atomic(out) as part:
        table.to_csv(part, index=False, float_format="%.8g")
    slice_ = json.loads(config.slice("calibrate", dataset=args.dataset, variant=args.variant))
    precision = resolve_precision(protocol.precision, device)
    write_sidecar(
        out, verb="calibrate", params=slice_, inputs={}, stopwatch=stopwatch, device=device.type, precision=precision
    )
