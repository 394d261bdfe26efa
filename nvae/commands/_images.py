"""The images that a verb reads: the test split, a folder of pictures, or samples from the model itself."""

import argparse
from pathlib import Path

import torch

from nvae.analyses.run import Images, LoadedModel
from nvae.commands._common import whole_number
from nvae.data.pictures import read_pictures
from nvae.data.prepared import PreparedSet
from nvae.errors import UserError
from nvae.inference.generation import sampled_split
from nvae.inference.kinds import generative_model

_SPLIT = "test"


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add ``--images`` and ``--generated`` to the arguments of ``add_model``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="folder of pictures, with one subfolder per class, to use in place of the test images",
    )
    group.add_argument(
        "--generated",
        type=whole_number,
        metavar="N",
        help="number of samples per class that the model draws, to use in place of the test images; needs no data",
    )


def needs_data(args: argparse.Namespace) -> bool:
    """Return whether the images are those of the prepared set.

    Raises:
        UserError: If a prepared set and other images are given.
    """
    from_data = args.images is None and args.generated is None
    if not from_data and args.data is not None:
        raise UserError("--data", got="a prepared set and other images", expected="one of them", hint="Leave one out.")
    return from_data


def open_images(
    args: argparse.Namespace, loaded: LoadedModel, data: PreparedSet | None, *, device: torch.device
) -> Images:
    """Load or draw the images that the arguments name.

    Raises:
        UserError: If the pictures cannot be read, or the number of samples is below 1.
    """
    if data is not None:
        return Images(data.split(_SPLIT), "seed_image", {"split": _SPLIT})
    description = loaded.description
    if args.images is not None:
        split = read_pictures(args.images, description.class_names, description.image_shape)
        return Images(split, "given_image", {"images": args.images.as_posix()})
    if args.generated < 1:
        raise UserError("--generated", got=args.generated, expected="at least 1", hint="Pass a larger number.")
    split = sampled_split(
        generative_model(loaded.model),
        args.generated,
        n_classes=len(description.class_names),
        seed=args.seed,
        device=device,
    )
    return Images(split, "sampled_image", {"generated": args.generated})
