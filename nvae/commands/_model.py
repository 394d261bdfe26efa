"""Loading of the configuration, the model and the data that a verb about one trained model needs."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from nvae.analyses.run import LoadedModel
from nvae.commands._common import load_config
from nvae.config import Config
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.training.device import open_device
from nvae.training.saved import load_model


@dataclass(frozen=True)
class Profile:
    """The configuration of a profile, its paths, and the device on which a verb computes."""

    config: Config
    paths: Layout
    device: torch.device


def open_profile(args: argparse.Namespace) -> Profile:
    """Load the configuration, and check that the data set and the variant exist.

    Raises:
        UserError: If the configuration is wrong, or the data set or the variant is unknown.
    """
    config = load_config(args)
    config.family(args.dataset)
    config.variant(args.variant)
    return Profile(config, Layout(config.profile), open_device(config.execution.device, threads=args.threads))


def model_folder(args: argparse.Namespace, profile: Profile) -> Path:
    """Return the folder of the model that the arguments of ``add_model`` name."""
    folder: Path = args.model or profile.paths.model(args.dataset, args.variant, args.seed)
    return folder


def data_file(args: argparse.Namespace, profile: Profile) -> Path:
    """Return the path of the prepared set that the arguments of ``add_model`` name."""
    path: Path = args.data or profile.paths.prepared(args.dataset)
    return path


def open_model(folder: Path, profile: Profile) -> LoadedModel:
    """Load a trained model.

    Raises:
        UserError: If the folder has no trained model, or its files are damaged.
    """
    return LoadedModel(*load_model(folder, device=profile.device))


def open_data(path: Path, folder: Path, loaded: LoadedModel) -> PreparedSet:
    """Load the prepared set of a model.

    Args:
        path: Path of the prepared set.
        folder: Folder of the model, for the error message.
        loaded: Trained model.

    Raises:
        UserError: If there is no prepared set, or the model was trained on other classes or image sizes.
    """
    data = PreparedSet.load(path)
    description = loaded.description
    if (description.class_names, description.image_shape) != (data.class_names, data.image_shape):
        raise UserError(
            folder.as_posix(),
            got=f"a model of {description.dataset}",
            expected=f"a model of the classes and the image size of {data.name}",
            hint="Pass the prepared set that it was trained on as --data, or train a model on this one.",
        )
    return data
