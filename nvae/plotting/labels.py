"""Printed names of data sets, models, metrics and factors, and labels of numbers."""

import math
from collections.abc import Collection
from fractions import Fraction

_DATASETS = {
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "yale_b": "Yale B",
    "glyphs": "built-in glyphs",
    "garments": "built-in garments",
    "faces": "built-in faces",
    "dial": "built-in dial",
    "dial_few": "built-in dial, few images",
    "dial_weak": "built-in dial, weak factors",
}

_MODELS = {
    "n_vae": "N-VAE",
    "n_vae_no_bias": "N-VAE, no class bias",
    "n_vae_lambda1": "N-VAE, λ = 1",
    "n_vae_lambda1_5": "N-VAE, λ = 1.5",
    "n_vae_lambda2": "N-VAE, λ = 2",
    "n_vae_lambda4": "N-VAE, λ = 4",
    "n_vae_lambda8": "N-VAE, λ = 8",
    "n_vae_few_shared": "N-VAE, few shared dimensions",
    "n_vae_many_shared": "N-VAE, many shared dimensions",
    "beta_vae": "β-VAE",
    "cvae": "CVAE",
    "cgan": "CGAN",
    "ac_gan": "AC-GAN",
}

_METRICS = {
    "accuracy_pct": "accuracy (%)",
    "frechet_distance": "Fréchet distance",
    "mean_between_class_share": "between-class share",
    "sliced_wasserstein": "sliced Wasserstein",
    "mmd": "squared MMD",
    "gaussian_total_correlation_nats": "total correlation (nat)",
    "probe_accuracy_pct": "probe accuracy (%)",
    "mig": "MIG",
    "sap": "SAP",
    "dci_disentanglement": "DCI disentanglement",
    "dci_completeness": "DCI completeness",
    "dci_informativeness": "DCI informativeness",
    "modularity": "modularity",
}


def dataset_label(dataset: str) -> str:
    """Return the printed name of a data set; a name without an entry is returned unchanged."""
    return _DATASETS.get(dataset, dataset)


def model_label(variant: str) -> str:
    """Return the printed name of a variant; a name without an entry is returned unchanged."""
    return _MODELS.get(variant, variant)


def metric_label(metric: str) -> str:
    """Return the printed name and unit of a metric; a name without an entry is returned unchanged."""
    return _METRICS.get(metric, metric)


def factor_label(factor: str) -> str:
    """Return the printed name of a factor of variation, without its unit, which measures such as R² do not have.

    >>> factor_label("six_hook"), factor_label("azimuth_deg")
    ('six hook', 'azimuth')
    """
    return factor.removesuffix("_deg").replace("_", " ")


def fraction_label(share: float) -> str:
    """Format a share as a fraction with a denominator of at most 12.

    >>> fraction_label(0.0), fraction_label(1 / 3), fraction_label(1.0)
    ('0', '1/3', '1')
    """
    return str(Fraction(share).limit_denominator(12))


def share_label(generated_share: float) -> str:
    """Describe the images that a classifier was trained on.

    >>> share_label(0.25), share_label(1)
    ('25 % generated', 'generated only')
    """
    return "generated only" if generated_share == 1 else f"{100 * generated_share:.3g} % generated"


def mean_label(mean: float, half: float) -> str:
    """Format a mean and half its interval, rounded to the interval's first digit; NaN stands for no interval.

    >>> mean_label(0.04213, 0.0031), mean_label(88.2, 12.4), mean_label(0.04213, math.nan), mean_label(-0.01, 0.2)
    ('0.042 ± 0.003', '88 ± 12', '0.0421', '0.0 ± 0.2')
    """
    if not half > 0:
        return f"{mean:.3g}"
    decimals = max(0, -math.floor(math.log10(half)))
    return f"{mean:z.{decimals}f} ± {half:.{decimals}f}"


def seeds_label(n: int) -> str:
    """State the number of seeds of a panel, and that a single seed has no interval.

    >>> seeds_label(1), seeds_label(5)
    ('n = 1 seed, no interval', 'n = 5 seeds')
    """
    return "n = 1 seed, no interval" if n == 1 else f"n = {n} seeds"


def seeds_range_label(counts: Collection[int]) -> str:
    """State the number of seeds of several lines, which may differ.

    >>> seeds_range_label([5, 5]), seeds_range_label([5, 3])
    ('n = 5 seeds', 'n = 3 to 5 seeds')
    """
    low, high = min(counts), max(counts)
    return seeds_label(low) if low == high else f"n = {low} to {high} seeds"


def model_count_label(seed: str) -> str:
    """State that images or points come from one model."""
    return f"n = 1 model (seed {seed})"


def center_label(center: str) -> str:
    """Describe the values of the dimensions that do not move in a traversal."""
    places = {
        "seed_image": "one test image's encoding",
        "given_image": "one given image's encoding",
        "sampled_image": "one sampled image's encoding",
        "prior": "0, the prior's mean",
    }
    return places.get(center, center)
