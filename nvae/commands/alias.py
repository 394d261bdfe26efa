"""``nvae alias``: a copy of a trained model under the name of a variant that would train to the same model."""

import argparse
import csv
import io
import json
import shutil
from pathlib import Path

from nvae.commands._common import add_params, load_config, whole_number
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.pipeline import plans
from nvae.provenance import atomic
from nvae.provenance.job import Job
from nvae.provenance.lineage import read_record
from nvae.untrusted import read_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--variant", required=True, help="key of `variants` in params.yaml: new name of the model")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the run (default: 0)")
    parser.add_argument("--model", type=Path, help="folder of the trained model (default: the profile's)")
    parser.add_argument("--out", type=Path, help="folder to write (default: the profile's)")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Copy the folder of the model, with the name of the variant in its description and its history.

    Raises:
        UserError: If no other variant has the same settings, or the model was trained with other settings.
    """
    config = load_config(args)
    paths = Layout(config.profile)
    first = config.trained_as(args.dataset, args.variant)
    if first == args.variant:
        raise UserError(
            "--variant",
            got=f"{args.variant}, which is itself trained on {args.dataset}",
            expected="a variant that differs only in its name from another variant with fewer changes",
            hint=f"Train it: nvae train {args.dataset} --variant {args.variant} --seed {args.seed}.",
        )
    source: Path = args.model or paths.model(args.dataset, first, args.seed)
    folder: Path = args.out or paths.model(args.dataset, args.variant, args.seed)
    job = Job(plans.alias(config, args.dataset, args.variant, args.seed), expected=args.plan)
    job.read({"model": source})
    record = read_record(source)
    if (record.verb, record.params) != ("train", job.plan.params):
        raise UserError(
            str(source),
            got="a model that was trained with other settings",
            expected=f"one with the settings of {args.variant} on {args.dataset}, seed {args.seed}",
            hint=f"Train it again: nvae train {args.dataset} --variant {first} --seed {args.seed}.",
        )
    try:
        description = dict(
            read_json(source / "model.json", kind="description of a trained model", hint="Train it again.")
        )
        columns, *rows = csv.reader(io.StringIO((source / "history.csv").read_text(encoding="utf-8")))
        column = columns.index("model")
        for row in rows:
            row[column] = args.variant
    except (OSError, ValueError, TypeError, IndexError, csv.Error) as error:
        raise UserError(
            str(source), got=f"damaged files ({error})", expected="a trained model", hint="Train it again."
        ) from None
    with atomic(folder / "history.csv") as part, part.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    with atomic(folder / "model.json") as part:
        part.write_text(
            json.dumps({**description, "variant": args.variant}, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
    for name in ("throughput.csv", "weights.safetensors"):
        with atomic(folder / name) as part:
            shutil.copyfile(source / name, part)
    job.write_sidecar(folder)
