"""Loading what the analysing verbs need."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from nvae.commands._common import load_config
from nvae.config import Config
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.models.protocol import Trainable
from nvae.provenance import Stopwatch, atomic, write_sidecar
from nvae.training.device import open_device
from nvae.training.saved import ModelDescription, load_model


@dataclass(frozen=True)
class Opened:
    """A trained model, and where things are.

    Args:
        model: in evaluation mode.
        description: what it is.
        config: of the profile.
        paths: of the profile.
        device: where the model is.
        inputs: the files read, for the sidecar.
        stopwatch: started when the work began.
    """

    model: Trainable
    description: ModelDescription
    config: Config
    paths: Layout
    device: torch.device
    inputs: Mapping[str, Path]
    stopwatch: Stopwatch

    def write_csv(
        self, table: pd.DataFrame, path: Path, *, verb: str, params: Mapping[str, object], precision: str | None = None
    ) -> None:
        """Write a table with the run's columns in front, and its sidecar; ``precision``: of networks trained for it."""
        for position, (name, value) in enumerate(self.description.columns().items()):
            table.insert(position, name, value)
        with atomic(path) as part:
            table.to_csv(part, index=False, float_format="%.8g")
        self._sidecar(path, verb, params, precision)

    def and_read(self, **inputs: Path) -> Self:
        """The same, with more files read."""
        return replace(self, inputs={**self.inputs, **inputs})

    def write_npz(self, arrays: Mapping[str, object], path: Path, *, verb: str, params: Mapping[str, object]) -> None:
        """Write arrays with the run's name and classes among them, and the sidecar."""
        named = {**self.description.columns(), "class_names": list(self.description.class_names), **arrays}
        with atomic(path) as part, part.open("wb") as stream:
            np.savez_compressed(
                stream, allow_pickle=False, **{name: np.asarray(value) for name, value in named.items()}
            )
        self._sidecar(path, verb, params)

    def _sidecar(self, path: Path, verb: str, params: Mapping[str, object], precision: str | None = None) -> None:
        write_sidecar(
            path,
            verb=verb,
            params=params,
            inputs=self.inputs,
            stopwatch=self.stopwatch,
            device=self.device.type,
            precision=precision,
        )


@dataclass(frozen=True)
class Trained(Opened):
    """A trained model with its data set.

    Args:
        data: what it was trained on.
    """

    data: PreparedSet


def open_model(args: argparse.Namespace) -> Opened:
    """Load the model that the arguments of ``add_model`` name."""
    stopwatch = Stopwatch()
    config = load_config(args)
    config.data_params(args.dataset)
    config.variant(args.variant)
    paths = Layout(config.profile)
    folder: Path = args.model or paths.model(args.dataset, args.variant, args.seed)
    device = open_device(config.execution.device, threads=args.threads)
    model, description = load_model(folder, device=device)
    return Opened(model, description, config, paths, device, {"model": folder}, stopwatch)


def open_trained(args: argparse.Namespace) -> Trained:
    """Load the model and data set that the arguments of ``add_model`` name."""
    opened = open_model(args)
    prepared: Path = args.data or opened.paths.prepared(args.dataset)
    data = PreparedSet.load(prepared)
    description = opened.description
    if (description.class_names, description.image_shape) != (data.class_names, data.image_shape):
        raise UserError(
            opened.inputs["model"].as_posix(),
            got=f"a model of {description.dataset}",
            expected=f"one of {data.name}'s classes and images",
            hint="Name the data that it was trained on with --data, or train it on this.",
        )
    return Trained(**vars(opened.and_read(data=prepared)), data=data)
