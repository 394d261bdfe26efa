"""``nvae train``: training of one model on one prepared set with one seed."""

import argparse
import importlib
from pathlib import Path

from nvae.commands._common import add_classifier, add_compute, add_params, load_config, whole_number
from nvae.config import CLASSIFIER
from nvae.data.prepared import PreparedSet
from nvae.layout import Layout
from nvae.models import MODELS
from nvae.pipeline import plans
from nvae.provenance.job import Job
from nvae.training.checkpoint import Checkpointing
from nvae.training.device import open_device, resolve_precision
from nvae.training.run import describe, train_model
from nvae.training.saved import save_model


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument("dataset", help="key of `data` in params.yaml")
    parser.add_argument("--variant", default="n_vae", help="key of `variants` in params.yaml (default: n_vae)")
    parser.add_argument(
        "--seed", type=whole_number, default=0, help="seed of the weights, the batch order and the noise (default: 0)"
    )
    parser.add_argument("--data", type=Path, help="path of the prepared set (default: the profile's)")
    parser.add_argument("--out", type=Path, help="folder of the model (default: the profile's)")
    parser.add_argument(
        "--checkpoint", type=Path, help="checkpoint to resume from, if it exists (default: the profile's)"
    )
    parser.add_argument("--restart", action="store_true", help="delete the checkpoint of an unfinished run first")
    add_classifier(parser)
    add_compute(parser)
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Train one model or resume its training, write it, and delete its checkpoint."""
    config = load_config(args)
    paths = Layout(config.profile)
    protocol = config.training_params(args.dataset, args.variant)
    prepared = args.data or paths.prepared(args.dataset)
    folder = args.out or paths.model(args.dataset, args.variant, args.seed)
    checkpoint = args.checkpoint or paths.checkpoint(args.dataset, args.variant, args.seed)
    job = Job(plans.train(config, args.dataset, args.variant, args.seed), expected=args.plan)
    device = open_device(config.execution.device, threads=args.threads)
    job.read({"data": prepared})
    data = PreparedSet.load(prepared)
    description = describe(config, args.dataset, args.variant, args.seed, data)
    callback = None
    if MODELS[description.model].monitored:
        classifier = args.classifier or paths.model(args.dataset, CLASSIFIER, config.seeds_of(args.dataset)[0])
        job.read({"classifier": classifier})
        load = importlib.import_module(plans.MONITOR).load
        callback = load(classifier, data, config.fidelity, seed=args.seed, device=device)
    precision = resolve_precision(protocol.precision, device)
    depends_on = {
        **job.plan.params,
        "precision": precision,
        "inputs": job.hashes,
        "code": job.plan.code_digest,
    }
    if args.restart:
        checkpoint.unlink(missing_ok=True)
    model, state = train_model(
        description,
        data,
        protocol,
        device=device,
        title=f"train {args.dataset}/{args.variant} seed {args.seed}",
        checkpointing=Checkpointing(checkpoint, depends_on, config.execution.checkpoint_every_s),
        callback=callback,
    )
    save_model(folder, model, description, state)
    job.write_sidecar(folder, device=device.type, precision=precision)
    checkpoint.unlink(missing_ok=True)
