"""Calibration of KL as a detector of class-exclusive factors, on data whose share of such factors is set."""

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
        UserError: If the data set is not a dial, the only kind whose number of exclusive factors can be set.
    """
    config, dataset = run.config, run.dataset
    params = config.data_params(dataset)
    drawn = params.drawn
    if not isinstance(params, IdxData) or not isinstance(drawn, DrawnDial):
        raise UserError(
            "data set",
            got=f"{dataset}, whose share of exclusive factors cannot be set",
            expected="a dial, such as `dial` in params.yaml",
            hint="Choose a dial.",
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
    """Return a drawn set as `nvae draw-data` and `nvae prepare` would produce it, through temporary files."""
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
    """Train one model at every setting of the dial, and compute its table of factors.

    Args:
        levels: Numbers of class-exclusive factors.
        data_of: Function that returns the data set for such a number.
        model_of: Function that returns an untrained model for a data set.
        protocol: Training protocol.
        probe: Parameters of the probes of the factors.
        seed: Seed of the weights, the batch order, the noise and the posterior samples.
        device: Device of the computation.
        title: Title of the progress line.

    Returns:
        The test rows of ``factor_table``, with ``exclusive_factors`` as the first column.

    Raises:
        UserError: If the model has no encoder or no decoder.

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
