"""The verbs of the analyses: ``nvae kl``, ``nvae metrics`` and so on, each an entry of ``nvae.analyses.ANALYSES``."""

import argparse
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nvae.analyses import ANALYSES, MODULES_OF_OPTIONS, Analysis
from nvae.analyses.run import ArmFiles, Run
from nvae.commands._common import (
    add_classifier,
    add_compute,
    add_model,
    add_params,
    require_out,
    whole_number,
)
from nvae.commands._model import (
    Profile,
    data_file,
    model_folder,
    open_data,
    open_model,
    open_profile,
)
from nvae.config import CLASSIFIER
from nvae.data.prepared import PreparedSet
from nvae.pipeline import plans
from nvae.provenance import atomic
from nvae.provenance.job import Job
from nvae.tables.schemas import RUN, TABLES
from nvae.training.device import resolve_precision


def configure(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the arguments of the analysis ``name``."""
    analysis = ANALYSES[name]
    parser.set_defaults(analysis=analysis)
    if "model" in analysis.reads:
        add_model(parser, data="data" in analysis.reads)
    else:
        parser.add_argument("dataset", help="key of `data` in params.yaml")
        parser.add_argument("--variant", default="n_vae", help="key of `variants` in params.yaml (default: n_vae)")
        parser.add_argument("--seed", type=whole_number, default=0, help="seed of the runs (default: 0)")
        if "data" in analysis.reads:
            parser.add_argument("--data", type=Path, help="path of the prepared set (default: the profile's)")
        parser.add_argument("--out", type=Path, help="path of the table to write (default: the profile's)")
        add_compute(parser)
        add_params(parser)
    if "images" in analysis.options:
        importlib.import_module(MODULES_OF_OPTIONS["images"]).add_images(parser)
    if "kind" in analysis.options:
        parser.add_argument(
            "--kind", choices=("class", "shared"), default="class", help="latents that are moved (default: class)"
        )
    if "classifier" in analysis.options:
        add_classifier(parser)
    if "arms" in analysis.options:
        parser.add_argument("--arms", type=Path, help="folder of finished arms (default: the profile's)")
        parser.add_argument("--restart", action="store_true", help="train every arm from scratch")


def run(args: argparse.Namespace) -> None:
    """Compute the table of one run, and write it with its sidecar.

    Raises:
        UserError: If an input is missing or does not fit the others, or an input is given without ``--out``.
    """
    analysis: Analysis = args.analysis
    if analysis.first_seed_alone:
        # The profile's table describes only the profile's own model and data.
        require_out(args, *(name for name in ("model", "data", "images", "generated") if hasattr(args, name)))
    profile = open_profile(args)
    job = Job(plans.analysis(profile.config, analysis.name, args.dataset, args.variant, args.seed), expected=args.plan)
    opened = _open(args, analysis, profile, job)
    result = importlib.import_module(analysis.module).compute(opened)
    out: Path = args.out or _default_out(args, analysis, profile)
    if isinstance(result, pd.DataFrame):
        _write_csv(analysis, result, opened, out)
    else:
        _write_npz(result, opened, out)
    job.write_sidecar(
        out,
        options=_choices(opened),
        device=profile.device.type,
        precision=_precision(args, analysis, profile) if analysis.trains else None,
    )


def _open(args: argparse.Namespace, analysis: Analysis, profile: Profile, job: Job) -> Run:
    """Load what the analysis reads."""
    fields: dict[str, Any] = {"block": getattr(args, "kind", None)}
    images = importlib.import_module(MODULES_OF_OPTIONS["images"]) if "images" in analysis.options else None
    if "model" in analysis.reads:
        model = model_folder(args, profile)
        job.read({"model": model})
        fields["loaded"] = open_model(model, profile)
    if "data" in analysis.reads and (images is None or images.needs_data(args)):
        data = data_file(args, profile)
        job.read({"data": data})
        fields["prepared"] = (
            open_data(data, model, fields["loaded"]) if "model" in analysis.reads else PreparedSet.load(data)
        )
    if images is not None:
        if args.images is not None:
            job.read({"images": args.images})
        fields["images"] = images.open_images(args, fields["loaded"], fields.get("prepared"), device=profile.device)
    if "classifier" in analysis.reads:
        first = profile.config.seeds_of(args.dataset)[0]
        classifier = args.classifier or profile.paths.model(args.dataset, CLASSIFIER, first)
        job.read({"classifier": classifier})
        load = importlib.import_module(MODULES_OF_OPTIONS["classifier"]).load_classifier
        fields["classifier"] = load(classifier, fields["prepared"], device=profile.device)
    if "arms" in analysis.options:
        fields["arms"] = _arm_files(args, analysis, profile, job)
    return Run(args.dataset, args.variant, args.seed, profile.config, profile.device, **fields)


def _arm_files(args: argparse.Namespace, analysis: Analysis, profile: Profile, job: Job) -> ArmFiles:
    config, paths = profile.config, profile.paths
    depends_on = {
        "classifier": config.classifier_params(args.dataset).model_dump(mode="json"),
        "training": config.training_params(args.dataset, CLASSIFIER).model_dump(mode="json"),
        "seed": args.seed,
        "precision": _precision(args, analysis, profile),
        "inputs": job.hashes,
        "code": job.plan.code_digest,
    }
    return ArmFiles(
        args.arms or paths.arms(args.dataset, args.variant, args.seed),
        paths.checkpoint(args.dataset, args.variant, args.seed).with_suffix(""),
        args.restart,
        depends_on,
    )


def _precision(args: argparse.Namespace, analysis: Analysis, profile: Profile) -> str:
    """Return the precision in which the analysis trains its networks."""
    trained = args.variant if "training" in analysis.sections else CLASSIFIER
    protocol = profile.config.training_params(args.dataset, trained)
    return resolve_precision(protocol.precision, profile.device)


def _choices(opened: Run) -> dict[str, object]:
    """Return the kind of latents and the origin of the images, for the sidecar."""
    kind = {"kind": opened.block} if opened.block else {}
    return {**kind, **(opened.images.origin if opened.images else {})}


def _default_out(args: argparse.Namespace, analysis: Analysis, profile: Profile) -> Path:
    if analysis.first_seed_alone:
        return profile.paths.arrays(analysis.name, args.dataset, args.variant, getattr(args, "kind", ""))
    return profile.paths.run_table(analysis.name, args.dataset, args.variant, args.seed)


def _columns(opened: Run) -> dict[str, str | int]:
    """Return the columns that identify the run, from the model's description or, without a model, the arguments."""
    if opened.loaded is not None:
        return opened.loaded.description.columns()
    values = (opened.dataset, opened.variant, opened.seed)
    return dict(zip((column.name for column in RUN), values, strict=True))


def _write_csv(analysis: Analysis, table: pd.DataFrame, opened: Run, out: Path) -> None:
    for position, (name, value) in enumerate(_columns(opened).items()):
        table.insert(position, name, value)
    expected = TABLES[analysis.name].names
    if tuple(table.columns) != expected:
        raise ValueError(
            f"the analysis {analysis.name} made columns {', '.join(table.columns)}, not those of its schema"
        )
    with atomic(out) as part:
        table.to_csv(part, index=False, float_format="%.8g")


def _write_npz(arrays: Mapping[str, object], opened: Run, out: Path) -> None:
    named = {**_columns(opened), "class_names": list(opened.description.class_names), **arrays}
    with atomic(out) as part, part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **{name: np.asarray(value) for name, value in named.items()})
