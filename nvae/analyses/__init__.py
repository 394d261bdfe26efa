"""The analyses, which compute tables from trained models. ``ANALYSES`` lists them; this module imports nothing heavy.

An analysis has one name, which its verb (``nvae kl``), its module (``nvae.analyses.kl``), its table (``tables/kl.csv``,
with its schema in `nvae.tables.schemas`) and its Snakemake rule share. The function ``compute(run)`` of its module
returns the table. To add an analysis, write that module, add an entry here, and add a schema for its table.
"""

from dataclasses import dataclass

from nvae.tables.schemas import ARRAYS

#: Modules that an option of a verb needs. They are imported by name, so that an edit to one of them reruns only the
#: analyses that have the option.
MODULES_OF_OPTIONS = {"images": "nvae.commands._images", "classifier": "nvae.inference.classifiers"}


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Args:
        name: Name of its verb, module, table and rule.
        summary: Description for ``nvae --help``.
        reads: Inputs: ``model``, ``data`` (the prepared set), ``classifier`` (the first seed's).
        sections: Parts of the configuration on which its table depends, as names for `Config.sections`.
        options: Options of its verb beside the common ones, as `nvae.commands.analysis` handles them.
        trains: Whether it trains networks; its rule then has the resource `gpu`, and its sidecar the precision.
    """

    name: str
    summary: str
    reads: tuple[str, ...] = ("model", "data")
    sections: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    trains: bool = False

    @property
    def module(self) -> str:
        """The dotted name of its module."""
        return f"nvae.analyses.{self.name}"

    @property
    def modules(self) -> list[str]:
        """The dotted names of the modules that it imports by name: its own first, then those of its options."""
        return [self.module, *(MODULES_OF_OPTIONS[option] for option in self.options if option in MODULES_OF_OPTIONS)]

    @property
    def first_seed_alone(self) -> bool:
        """Whether its table is about the first seed's model only, as the tables of images and codes are."""
        return self.name in ARRAYS


ANALYSES: dict[str, Analysis] = {
    analysis.name: analysis
    for analysis in (
        Analysis("kl", "mean KL per latent dimension, block and class, which shows the class-exclusive factors"),
        Analysis(
            "metrics",
            "objectives and their terms, label accuracy and factor probes on validation and test images",
            sections=("metrics",),
        ),
        Analysis(
            "aggregate",
            "distance of the aggregate posterior from the prior, and its dependence on the class",
            sections=("aggregate",),
        ),
        Analysis(
            "factors",
            "prediction of known factors from each kind of latents, and the share of KL of each kind",
            sections=("factors",),
        ),
        Analysis(
            "responses",
            "change of decoded images along each latent dimension, and marks that appear or disappear",
            sections=(
                "responses.images_per_class",
                "features",
                "traversals.low",
                "traversals.high",
                "traversals.steps",
            ),
        ),
        Analysis(
            "fidelity",
            "accuracy, Fréchet distance, precision, recall, density and coverage of samples at every sigma",
            reads=("model", "data", "classifier"),
            sections=("fidelity.images", "fidelity.neighbours", "augmentation.sigmas"),
            options=("classifier",),
        ),
        Analysis(
            "augmentation",
            "test error of classifiers trained on real and generated images, for every sigma and mix",
            sections=("augmentation", "classifier", "classifier_training"),
            options=("arms",),
            trains=True,
        ),
        Analysis(
            "calibration",
            "comparison of the share of KL with a known share of class-exclusive factors, which the dial sets",
            reads=(),
            sections=("data", "calibration.exclusive_factors", "model", "training", "factors"),
            trains=True,
        ),
        Analysis(
            "transfer",
            "information of each class that readers fitted on other classes cannot tell",
            sections=("transfer",),
        ),
        Analysis(
            "ladder",
            "KL, bound and transfer of N-VAE trained with many sizes of z_s, weights λ and likelihoods",
            reads=("data",),
            sections=("rungs", "training", "transfer"),
            trains=True,
        ),
        Analysis(
            "traversals",
            "images decoded along single latent dimensions",
            sections=("traversals",),
            options=("images", "kind"),
        ),
        Analysis(
            "samples",
            "class-conditional samples at growing sigma",
            reads=("model",),
            sections=("samples",),
        ),
        Analysis(
            "posteriors",
            "posterior samples of images in the latents that all classes share",
            options=("images",),
        ),
    )
}
