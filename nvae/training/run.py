"""One training run: from a description and a prepared set to a trained model."""

import torch

from nvae.config import Config, ModelParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.models.protocol import Trainable
from nvae.training.batches import Resident, Shuffled
from nvae.training.checkpoint import Checkpointing, TrainState
from nvae.training.loop import EpochCallback, fit
from nvae.training.saved import ModelDescription


def describe(
    config: Config, dataset: str, variant: str, seed: int, data: PreparedSet, params: ModelParams | None = None
) -> ModelDescription:
    """Describe the model of a run.

    Args:
        config: Configuration of the profile.
        dataset: A key of ``data``.
        variant: A key of ``variants``.
        seed: Seed of the run.
        data: Prepared set.
        params: Parameters of the model; None takes those of the configuration.
    """
    chosen = config.model_params(dataset, variant) if params is None else params
    return ModelDescription(
        dataset=dataset,
        variant=variant,
        model=config.variant(variant).model,
        params=chosen.model_dump(mode="json"),
        seed=seed,
        class_names=data.class_names,
        image_shape=data.image_shape,
    )


def train_model(
    description: ModelDescription,
    data: PreparedSet,
    protocol: TrainingParams,
    *,
    device: torch.device,
    title: str,
    checkpointing: Checkpointing | None = None,
    callback: EpochCallback | None = None,
) -> tuple[Trainable, TrainState]:
    """Build a model and train it on the training images of a prepared set.

    Args:
        description: Description of the model; its seed determines the weights, the batch order and the noise.
        data: Prepared set; its validation images are evaluated after each epoch.
        protocol: Training protocol.
        device: Device of the computation.
        title: Title of the progress line and of messages.
        checkpointing: Checkpointing of the run; None writes no checkpoint.
        callback: Function (model, epoch), called after each epoch, that returns more columns of the validation row.

    Returns:
        The trained model, and the training state with its history and its speed.

    Raises:
        UserError: If a loss term is not finite, or the checkpoint cannot be resumed.
    """
    model = description.build()
    state = fit(
        model,
        Shuffled(Resident.of(data.train, device), protocol.batch_size, description.seed),
        Resident.of(data.validation, device),
        protocol,
        seed=description.seed,
        device=device,
        title=title,
        checkpointing=checkpointing,
        callback=callback,
    )
    return model, state
