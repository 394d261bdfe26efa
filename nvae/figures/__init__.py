"""The list of figures with their captions and the tables that they need. Imports nothing heavy.

Each figure has one rule, one file name and one caption, and is drawn by one module of this package; similar figures
share a module. Snakemake reads this list while it builds the graph; the modules are imported only to draw.
"""

from collections.abc import Mapping

from nvae.errors import UserError
from nvae.figures.spec import FigureSpec
from nvae.tables.needs import (
    ABLATIONS,
    CALIBRATION,
    CLASS_BIAS,
    CLASS_WEIGHT,
    COMPARED,
    KNOWN_FACTORS,
    Ablation,
    Need,
    of_each,
)

__all__ = [
    "ABLATIONS",
    "CLASS_BIAS",
    "CLASS_WEIGHT",
    "COMPARED",
    "FIGURES",
    "SUFFIXES",
    "Ablation",
    "FigureSpec",
    "Need",
    "find",
    "runs",
    "select",
    "shown_runs",
]

# Suffixes of the files that `nvae draw` writes for each figure: two images and the caption.
SUFFIXES = ("pdf", "png", "rst")

_AUGMENTATION_NEEDS = (
    *of_each("augmentation", ("digits", "fashion"), COMPARED),
    Need("digits_baseline", "metrics", "digits", "classifier"),
    Need("fashion_baseline", "metrics", "fashion", "classifier"),
)

_MODEL = "The model"
_TRAVERSALS = "Moving one latent variable"
_DETECTION = "Which kind of factor a data set has"
_AGGREGATE = "The aggregate posterior"
_AUGMENTATION = "Augmentation"
_SAMPLES = "Samples"
_GROUND_TRUTH = "Where the factors are known"

_HELD = (
    "One latent dimension moves, all others stay at the value named in the figure; the model is the first seed's. "
    "A coloured line under an image: the encoder no longer sees the class there."
)
_SHEET = (
    "Columns: classes. Rows: two samples for each standard deviation σ of the latents. The models are the first seed's."
)
_OVER_SEEDS = "Lines are means over seeds, bands their 95 % t intervals, dots single seeds; one seed has no interval."
_MARKS = "Marks are means over seeds, lines their 95 % t intervals, dots single seeds; one seed has no interval."

FIGURES: tuple[FigureSpec, ...] = (
    FigureSpec(
        "fig01_mnist_class_traversals",
        _TRAVERSALS,
        "Figure 1. Class-dependent variables of the digits two and seven. Rows: the dimensions of the class's own "
        "block that carry the most information, with their KL to the prior. Columns: the latent's value. " + _HELD,
        (Need("traversals", "traversals", "digits", block="class"),),
        drawn_by="class_traversals",
        options={"classes": (2, 7), "n_dims": 4, "columns": 1},
    ),
    FigureSpec(
        "fig02_mnist_shared_traversals",
        _TRAVERSALS,
        "Figure 2. Shared variables on the digits. One panel for each shared dimension, by falling KL (in brackets); "
        "one row for each digit. " + _HELD,
        (Need("traversals", "traversals", "digits", block="shared"),),
        drawn_by="shared_traversals",
        options={"n_dims": 12, "columns": 4},
    ),
    FigureSpec(
        "fig03_aggregate_posterior",
        _AGGREGATE,
        "Figure 3. The aggregate posterior on the digits, one posterior sample for each test image: (a, b) the latent "
        "variables of a β-VAE, (c, d) the shared ones of N-VAE. Of each model the dimensions of largest KL are shown, "
        "four at most, with the share of their variance that lies between classes; every density has area 1; points "
        "are some of the images, as many of one class as of another. (e) That share, mean over all dimensions. (f, g) "
        "Distances to the prior; the second one's scale depends on the number of dimensions. (h) Total correlation of "
        "a Gaussian with the same covariance. (i) Test accuracy of a linear classifier of the latents. (a–d) are the "
        "first seed's models, since dimensions of different seeds do not correspond; (e–i) are means over seeds, with "
        "half the 95 % t interval where there is more than one.",
        (
            Need("beta_vae_posterior", "posteriors", "digits", "beta_vae"),
            Need("beta_vae_aggregate", "aggregate", "digits", "beta_vae"),
            Need("n_vae_posterior", "posteriors", "digits"),
            Need("n_vae_aggregate", "aggregate", "digits"),
        ),
    ),
    FigureSpec(
        "fig04_graphical_model",
        _MODEL,
        "Figure 4. The graphical model. (a) Generation, solid edges: the class y lets one of the K blocks of "
        "class-dependent variables reach the image. (b) Inference, dashed edges: one network reads the image alone. "
        "Shaded nodes are observed; dots are parameters; a plate repeats what is inside.",
    ),
    FigureSpec(
        "fig05_kl_per_dimension",
        _DETECTION,
        "Figure 5. KL divergence from posterior to prior of every latent dimension on the test images of three data "
        "sets. Left: the block of each class on that class's images. Middle: the shared variables on all images. "
        "Right: sums, with the blocks of the other classes, which the decoder never sees. Since dimensions of "
        "different seeds do not correspond, each block's are ordered by falling KL before seeds are averaged.",
        (Need("digits", "kl", "digits"), Need("fashion", "kl", "fashion"), Need("faces", "kl", "faces")),
    ),
    FigureSpec(
        "fig06_fashion_class_traversals",
        _TRAVERSALS,
        "Figure 6. Class-dependent variables of every class of clothes. Rows: the dimensions of the class's own block "
        "that carry the most information, with their KL to the prior. " + _HELD,
        (Need("traversals", "traversals", "fashion", block="class"),),
        drawn_by="class_traversals",
        options={"n_dims": 3, "columns": 2},
    ),
    FigureSpec(
        "fig07_fashion_shared_traversals",
        _TRAVERSALS,
        "Figure 7. Shared variables on the clothes. One panel for each shared dimension, by falling KL (in brackets); "
        "one row for each class. " + _HELD,
        (Need("traversals", "traversals", "fashion", block="shared"),),
        drawn_by="shared_traversals",
        options={"n_dims": 12, "columns": 4},
    ),
    FigureSpec(
        "fig08_yale_b_shared_traversals",
        _TRAVERSALS,
        "Figure 8. Shared variables on faces under a moving light. One panel for each shared dimension, by falling KL "
        "(in brackets); the rows are persons taken at equal steps through the list. " + _HELD,
        (Need("traversals", "traversals", "faces", block="shared"),),
        drawn_by="shared_traversals",
        options={"n_dims": 8, "columns": 2, "n_classes": 4},
    ),
    FigureSpec(
        "fig09_augmentation",
        _AUGMENTATION,
        "Figure 9. Test error of classifiers that are trained on generated images, against the standard deviation σ of "
        "the sampled latents. (a, b) One generated image for each real one, (c, d) generated images alone, whose test "
        "accuracy is a classification accuracy score (Ravuri & Vinyals 2019); (a, c) digits, (b, d) clothes. Dashed: "
        "the same classifier on real images alone. Each is trained for the same number of steps. " + _OVER_SEEDS,
        _AUGMENTATION_NEEDS,
    ),
    FigureSpec(
        "fig10_class_bias_kl",
        _DETECTION,
        "Figure 10. KL divergence of the class-dependent dimensions on the digits with and without the decoder's class "
        "bias. Left: the block of each class on that class's images, ordered by falling KL before seeds are averaged. "
        "Right: the block's sum over all test images; a line joins the two models of one seed.",
        (Need("with_bias", "kl", "digits"), Need("without_bias", "kl", "digits", "n_vae_no_bias")),
    ),
    FigureSpec(
        "fig11_samples",
        _SAMPLES,
        "Figure 11. Samples given the class, latents drawn from a normal distribution whose standard deviation σ grows "
        "from left to right; one row for each class. (a) Digits, (b) clothes. The model is the first seed's.",
        (Need("digits", "samples", "digits"), Need("fashion", "samples", "fashion")),
    ),
    FigureSpec(
        "supp01_digit_samples_by_model",
        _SAMPLES,
        "Figure S1. Samples of the digits given the class, a panel a model. " + _SHEET,
        of_each("samples", ("digits",), COMPARED),
        drawn_by="samples_by_model",
        options={"role": "digits"},
    ),
    FigureSpec(
        "supp02_clothes_samples_by_model",
        _SAMPLES,
        "Figure S2. Samples of the clothes given the class, a panel a model. " + _SHEET,
        of_each("samples", ("fashion",), COMPARED),
        drawn_by="samples_by_model",
        options={"role": "fashion"},
    ),
    FigureSpec(
        "supp03_fidelity",
        _AUGMENTATION,
        "Figure S3. Generated images beside the test images, against the standard deviation σ of the sampled latents; "
        "above digits, below clothes. Accuracy: how many the classifier of real images gives the class that they were "
        "drawn for. The others compare both sets in that classifier's features: Fréchet distance (smaller is nearer), "
        "precision and density (are generated images like real ones), recall and coverage (are all real ones reached). "
        + _OVER_SEEDS,
        of_each("fidelity", ("digits", "fashion"), COMPARED),
    ),
    FigureSpec(
        "supp04_augmentation_mixes",
        _AUGMENTATION,
        "Figure S4. As Figure 9, for every share of generated images in a batch: a row a share, growing downwards; "
        "left digits, right clothes. Dashed: the same classifier on real images alone. " + _OVER_SEEDS,
        _AUGMENTATION_NEEDS,
    ),
    FigureSpec(
        "supp05_class_weight",
        _DETECTION,
        "Figure S5. N-VAE trained with different weights λ of the class-dependent variables' KL; a column a data set. "
        "(a–c) KL to the prior, summed over dimensions, mean over the test images. (d–f) The negative evidence bound, "
        "in which every KL has weight 1, less that of the same seed at the smallest λ; lower is better. (g–i) Accuracy "
        "of the model's own labels. Hatched: λ = 1, which the paper's λ > 1 leaves out. " + _OVER_SEEDS,
        (CLASS_WEIGHT,),
    ),
    FigureSpec(
        "supp06_class_bias",
        _DETECTION,
        "Figure S6. N-VAE with and without the decoder's class bias on three data sets. Above: KL to the prior, summed "
        "over dimensions, mean over the test images; a line joins the two models of one seed. Below: the negative "
        "evidence bound without the bias less that with it, of the same seed; above 0 the bias helps. Means over "
        "seeds with their 95 % t intervals, dots single seeds; one seed has no interval.",
        (CLASS_BIAS,),
    ),
    FigureSpec(
        "supp07_known_factors",
        _GROUND_TRUTH,
        "Figure S7. What latents know where the factors of variation are known: built-in digits, clothes, and faces "
        "under a moving light. (a–c) How well each factor is predicted on test images by the nearest neighbours of "
        "one posterior sample (each dimension scaled by the share of its spread that is signal) of the shared "
        "variables z_s, of the image's own block and of the other classes' blocks; "
        "a class's own factors among images of that class. (d–f) Scores of the codes that the decoder sees, mean over "
        "classes: gaps between the two most informative dimensions (MIG, SAP), whether a dimension tells of one "
        "factor (DCI disentanglement, modularity), a factor of one dimension (completeness), and how well all "
        "dimensions tell (informativeness). " + _MARKS,
        KNOWN_FACTORS,
    ),
    FigureSpec(
        "supp08_calibration",
        _GROUND_TRUTH,
        "Figure S8. Detection by KL on drawn data whose share of class-exclusive factors is set: so many of six that "
        "change images alike. (a) The own block's part of N-VAE's KL against the true share. (b) The part of the KL "
        "that not every class has, a number that can be asked of every model. (c) R² as in Figure S7, mean over "
        "factors. (d) As (a), at both ends and in the middle of the scale, where it is harder: few training images, "
        "weak factors, fewer or more shared dimensions than factors, a large weight λ. Lines and marks are means over "
        "seeds, bands and bars their 95 % t intervals, dots single seeds; one seed has no interval.",
        CALIBRATION,
    ),
)


def find(name: str) -> FigureSpec:
    """Return the figure with a name, or the only one whose name begins with it.

    Args:
        name: Name, such as ``fig05_kl_per_dimension``, or an unambiguous beginning of it, such as ``fig05``.

    Raises:
        UserError: If no name or several names begin with it.

    >>> find("fig05").name
    'fig05_kl_per_dimension'
    """
    found = [spec for spec in FIGURES if name and spec.name.startswith(name)]
    if len(found) != 1:
        names = ", ".join(spec.name for spec in FIGURES)
        raise UserError(
            "figure",
            got=repr(name),
            expected=f"the beginning of exactly one of {names}",
            hint="`nvae draw fig05` draws one figure, `nvae draw all` draws all.",
        )
    return found[0]


def select(name: str) -> tuple[FigureSpec, ...]:
    """Return every figure for the name ``all``, and otherwise the figure that `find` returns.

    Raises:
        UserError: As `find`.
    """
    return FIGURES if name == "all" else (find(name),)


def runs(roles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the data set and the variant of every model that a figure needs, sorted.

    Args:
        roles: Data set of each role, ``{"digits": "mnist", …}``.
    """
    return sorted({run for spec in FIGURES for need in spec.needs for run in need.runs(roles)})


def shown_runs(roles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the models of `runs` that a figure shows outside of an ablation, on a data set that has a role, sorted.

    Their metrics are summarised, and they have tables of history and KL even if no figure reads these.

    Args:
        roles: Data set of each role, ``{"digits": "mnist", …}``.
    """
    needs = [need for spec in FIGURES for need in spec.needs if isinstance(need, Need)]
    return sorted({run for need in needs for run in need.runs(roles) if run[0] in roles.values()})
