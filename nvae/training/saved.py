"""Trained model on disk: ``weights.safetensors``, ``model.json``, ``history.csv``, ``throughput.csv``.

``throughput.csv`` is separate from the history because it measures the machine. The other three files are identical,
byte for byte, whenever the same run is repeated.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pydantic import ConfigDict, TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from nvae.config import MODEL_PARAMS
from nvae.errors import UserError
from nvae.models import build
from nvae.models.protocol import Trainable
from nvae.provenance import atomic
from nvae.training.checkpoint import TrainState
from nvae.untrusted import read_json


@dataclass(frozen=True)
class ModelDescription:
    """Description from which the network of saved weights is built and named in tables.

    Args:
        dataset: Name of the data set that it was trained on.
        variant: Name of the model in tables and figures.
        model: Key of ``nvae.models.MODELS``.
        params: Section of the configuration for that model.
        seed: Seed of the run.
        class_names: Names of the classes.
        image_shape: Height and width of the images in pixels.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    dataset: str
    variant: str
    model: str
    params: dict[str, Any]
    seed: int
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]

    def build(self) -> Trainable:
        """Build the network, without its weights."""
        params = MODEL_PARAMS[self.model].model_validate(self.params)
        return build(self.model, params, n_classes=len(self.class_names), image_shape=self.image_shape)

    def columns(self) -> dict[str, str | int]:
        """Return the columns that identify the run in every table."""
        return {"dataset": self.dataset, "model": self.variant, "seed": self.seed}


def save_model(folder: Path, model: Trainable, description: ModelDescription, state: TrainState) -> None:
    """Write a finished run, each file atomically and the weights last.

    Args:
        folder: Folder of the run, which is created if it does not exist.
        model: Model whose weights are stored in float32.
        description: Description, stored as ``model.json``.
        state: History and speed.
    """
    history = pd.DataFrame(state.history)
    for position, (name, value) in enumerate(description.columns().items()):
        history.insert(position, name, value)
    with atomic(folder / "history.csv") as part:
        history.to_csv(part, index=False, float_format="%.8g")
    speed = pd.DataFrame({"epoch": range(1, state.epoch + 1), "images_per_s": state.throughput})
    with atomic(folder / "throughput.csv") as part:
        speed.to_csv(part, index=False)
    with atomic(folder / "model.json") as part:
        part.write_text(json.dumps(vars(description), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    with atomic(folder / "weights.safetensors") as part:
        save_file({name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}, part)


def load_model(folder: Path, *, device: torch.device) -> tuple[Trainable, ModelDescription]:
    """Read a trained model.

    Args:
        folder: Folder of one run.
        device: Device for the model.

    Returns:
        The model in evaluation mode and its description.

    Raises:
        UserError: If a file is missing, is damaged, or does not match the others.
    """
    hint = f"Pass another folder, or train a model into this one: `nvae train NAME --out {folder.as_posix()}`."
    try:
        content = read_json(folder / "model.json", kind="description of a trained model", hint=hint)
        description = TypeAdapter(ModelDescription).validate_python(content)
        if not 0 <= description.seed < 1 << 63:
            raise ValueError(f"the seed {description.seed}")
        model = description.build()
        model.load_state_dict(load_file(folder / "weights.safetensors"))
    except FileNotFoundError as error:
        # The error of safetensors has no file name.
        missing = error.filename or folder / "weights.safetensors"
        raise UserError(str(folder), got=f"no {missing}", expected="a trained model", hint=hint) from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UserError(str(folder), got=f"damaged files ({error})", expected="a trained model", hint=hint) from None
    return model.to(device).eval(), description
