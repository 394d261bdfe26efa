"""Calibration of the detector: what KL says of the share of class-exclusive factors, on data whose share is set."""

import importlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import torch

from nvae.analyses.factors import factor_table
from nvae.analyses.run import Run
from nvae.config import DrawnDial, FactorsParams, IdxData, TrainingParams
from nvae.data.builtin import BUILTIN
from nvae.data.builtin.drawn import DrawnSet, write_drawn
from nvae.data.prepare_idx import prepare
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.kinds import latent_model
from nvae.models import build
from nvae.models.protocol import Trainable
from nvae.training.batches import Resident, Shuffled
from nvae.training.loop import fit

SPLIT = "test"


def compute(run: Run) -> pd.DataFrame:
    """Return the table of one run; its columns are those of `calibration_table`.

    Raises:
        UserError: If the data set is not a dial, whose number of exclusive factors can be set.
    """
    config, dataset = run.config, run.dataset
    params = config.data_params(dataset)
    drawn = params.drawn
    if not isinstance(params, IdxData) or not isinstance(drawn, DrawnDial):
        raise UserError(
            "data set",
            got=f"{dataset}, whose share of exclusive factors cannot be set",
            expected="a dial, as `dial` in params.yaml",
            hint="Name one of these.",
        )
    recipe = importlib.import_module(BUILTIN[config.family(dataset)])
    variant = config.variant(run.variant)

    def data_of(level: int) -> PreparedSet:
        made = recipe.draw(
            drawn.train_images, drawn.test_images, seed=drawn.seed, exclusive_factors=level, reach=drawn.reach
        )
        return prepared_in_passing(made, dataset, params)

    def model_of(data: PreparedSet) -> Trainable:
        sizes = config.model_params(dataset, run.variant)
        return build(variant.model, sizes, n_classes=data.n_classes, image_shape=data.image_shape)

    return calibration_table(
        config.calibration.exclusive_factors,
        data_of,
        model_of,
        config.training_params(dataset, run.variant),
        config.factors,
        seed=run.seed,
        device=run.device,
        title=f"calibration {dataset}/{run.variant} seed {run.seed}",
    )


def prepared_in_passing(drawn: DrawnSet, dataset: str, params: IdxData) -> PreparedSet:
    """A drawn set as `nvae prepare` makes it of the files that `nvae draw-data` writes."""
    with tempfile.TemporaryDirectory() as folder:
        write_drawn(Path(folder), dataset, drawn)
        return prepare(Path(folder), dataset, params)


def calibration_table(
    levels: Iterable[int],
    data_of: Callable[[int], PreparedSet],
    model_of: Callable[[PreparedSet], Trainable],
    protocol: TrainingParams,
    probe: FactorsParams,
    *,
    seed: int,
    device: torch.device,
    title: str,
) -> pd.DataFrame:
    """Train one model at every setting of the dial and ask it for the factors.

    Args:
        levels: how many factors are a class's own.
        data_of: the set at a level.
        model_of: an untrained model for a set.
        protocol: of the training.
        probe: of the factors.
        seed: of weights, batch order, noise and posterior samples.
        device: where to compute.
        title: of the progress.

    Returns:
        The test rows of ``factor_table``, with ``exclusive_factors`` in front.

    Raises:
        UserError: a model without an encoder and a decoder.

    Source: not in the paper.
    """
    parts = []
    for level in levels:
        data = data_of(level)
        model = latent_model(model_of(data))
        fit(
            model,
            Shuffled(Resident.of(data.train, device), protocol.batch_size, seed),
            Resident.of(data.validation, device),
            protocol,
            seed=seed,
            device=device,
            title=f"{title}, {level} exclusive",
        )
        part = factor_table(model, data, probe, seed=seed, device=device, splits=(SPLIT,), scores=False)
        part.insert(0, "exclusive_factors", level)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
