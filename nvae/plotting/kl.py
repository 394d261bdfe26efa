"""The numbers that the KL figures show: ranked dimensions and sums of a KL table.

Latent dimensions of two seeds do not correspond: dimension 3 of one model may be dimension 1 of another. The dimensions
of a block are therefore ranked by falling KL for each seed, and averages over seeds are taken per rank.
"""

import numpy as np
import pandas as pd

from nvae.tables.reading import select

OWN = "own block"
SHARED = "shared"
OTHER = "other blocks"


def own_block(kl: pd.DataFrame) -> pd.DataFrame:
    """Return the KL of each class's block on the images of that class.

    Args:
        kl: Test rows of a KL table.

    Returns:
        Columns seed, image_class, rank (1 = largest) and kl_nats.
    """
    blocks = select(kl, kind="class")
    own = blocks[blocks["latent_class"] == blocks["image_class"]]
    return _ranked(own[["seed", "image_class", "dim", "kl_nats"]], ["seed", "image_class"])


def shared(kl: pd.DataFrame) -> pd.DataFrame:
    """Return the KL of each shared dimension, mean over all test images.

    Returns:
        Columns seed, rank (1 = largest) and kl_nats.
    """
    return _ranked(_over_images(select(kl, kind="shared"), ["seed", "dim"]), ["seed"])


def totals(kl: pd.DataFrame) -> pd.DataFrame:
    """Return the KL of each part of the latents, summed over dimensions, mean over all test images, per seed.

    Returns:
        Columns seed, part (`OWN`, `SHARED` or `OTHER`) and kl_nats. The three parts add up to KL(q(z|x) ‖ p(z)).
    """
    is_shared = kl["kind"] == "shared"
    is_own = ~is_shared & (kl["latent_class"] == kl["image_class"])
    part = np.select([is_shared, is_own], [SHARED, OWN], default=OTHER)
    by = ["seed", "part", "image_class", "n_images"]
    sums = kl.assign(part=part).groupby(by, as_index=False)[["kl_nats"]].sum()
    return _over_images(sums, ["seed", "part"])


def seeds(kl: pd.DataFrame) -> list[int]:
    """Return the seeds of a table, sorted."""
    return sorted({int(seed) for seed in kl["seed"]})


def class_names(kl: pd.DataFrame) -> list[str]:
    """Return the class names in the order of the class numbers."""
    named = kl.drop_duplicates("image_class").sort_values("image_class")
    return [str(name) for name in named["image_class_name"]]


def dataset(kl: pd.DataFrame) -> str:
    """Return the data set of a table."""
    return str(kl["dataset"].iloc[0])


def _over_images(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    weighted = frame.assign(weighted=frame["kl_nats"] * frame["n_images"])
    sums = weighted.groupby(by, as_index=False)[["weighted", "n_images"]].sum()
    return sums.assign(kl_nats=sums["weighted"] / sums["n_images"])[[*by, "kl_nats"]]


def _ranked(frame: pd.DataFrame, block: list[str]) -> pd.DataFrame:
    rank = frame.groupby(block)["kl_nats"].rank(ascending=False, method="first").astype(int)
    return frame.assign(rank=rank)[[*block, "rank", "kl_nats"]].sort_values([*block, "rank"], ignore_index=True)
