"""What data sets and numbers are called in a figure."""

_DATASETS = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "yale_b": "Yale B",
    "glyphs": "built-in glyphs",
    "garments": "built-in garments",
    "faces": "built-in faces",
}


def dataset_label(dataset: str) -> str:
    """A data set's name in print; one that is unknown here stays as it is."""
    return _DATASETS.get(dataset, dataset)


def seeds_label(n: int) -> str:
    """How many seeds a panel is based on, and whether there can be an interval.

    >>> seeds_label(1), seeds_label(5)
    ('n = 1 seed, no interval', 'n = 5 seeds')
    """
    return "n = 1 seed, no interval" if n == 1 else f"n = {n} seeds"


def center_label(center: str) -> str:
    """Where a traversal holds the dimensions that do not move."""
    places = {"seed_image": "one test image's encoding", "prior": "0, the prior's mean"}
    return places.get(center, center)
