"""The images that a verb looks at: the test split, a folder of pictures, or samples of the model itself."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from nvae.analyses.samples import sampled_split
from nvae.commands._common import require_out
from nvae.commands._trained import Opened, open_model, open_trained
from nvae.data.pictures import read_pictures
from nvae.data.prepared import Split
from nvae.errors import UserError
from nvae.inference.kinds import generative_model

_SPLIT = "test"


@dataclass(frozen=True)
class LookedAt:
    """A trained model, and images.

    Args:
        trained: the model.
        split: the images.
        params: where they are from, for the sidecar.
        image: what one of them is called: ``seed_image`` (of the test split), ``given_image`` or ``sampled_image``.
    """

    trained: Opened
    split: Split
    params: dict[str, object]
    image: str


def add_images(parser: argparse.ArgumentParser) -> None:
    """``--images`` and ``--generated``, beside the arguments of ``add_model``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="look at these pictures, in a subfolder for each class, and not at the prepared set's test images",
    )
    group.add_argument(
        "--generated",
        type=int,
        metavar="N",
        help="look at N images of each class that the model samples itself: needs no data",
    )


def open_images(args: argparse.Namespace) -> LookedAt:
    """Load the model and the images that the arguments name.

    Raises:
        UserError: as those of what is loaded; a model or images of one's own without ``--out``.
    """
    require_out(args, "model", "data", "images", "generated")
    if args.images is None and args.generated is None:
        trained = open_trained(args)
        return LookedAt(trained, trained.data.split(_SPLIT), {"split": _SPLIT}, "seed_image")
    if args.data is not None:
        raise UserError(
            "--data",
            got="a prepared set and other images",
            expected="one of them",
            hint="Leave one out.",
        )
    opened = open_model(args)
    if args.images is not None:
        split = read_pictures(args.images, opened.description.class_names, opened.description.image_shape)
        return LookedAt(opened.and_read(images=args.images), split, {"images": args.images.as_posix()}, "given_image")
    if args.generated < 1:
        raise UserError("--generated", got=args.generated, expected="at least 1", hint="Name a larger number.")
    split = sampled_split(
        generative_model(opened.model),
        args.generated,
        n_classes=len(opened.description.class_names),
        seed=args.seed,
        device=opened.device,
    )
    return LookedAt(opened, split, {"generated": args.generated}, "sampled_image")
