"""The analyses: from trained models to tables. ``ANALYSES`` lists them; this module imports nothing heavy.

An analysis has one name, which is that of its verb (``nvae kl``), its module (``nvae.analyses.kl``), its table
(``tables/kl.csv``, with its schema in `nvae.tables.schemas`) and its Snakemake rule. Its module has ``compute(run)``,
which returns the table. To add an analysis, write that module, add an entry here, and give its table a schema.
"""

from dataclasses import dataclass

from nvae.tables.schemas import ARRAYS


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Args:
        name: Name of its verb, module, table and rule.
        summary: Description for ``nvae --help``.
        reads: Inputs: ``model``, ``data`` (the prepared set), ``classifier`` (the first seed's).
        sections: Parts of the configuration on which its table depends, as `Config.sections` takes them.
        options: Options of its verb beside the common ones, as `nvae.commands.analysis` knows them.
        trains: Whether it trains networks: it then uses a GPU if there is one, and reports its progress.
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
    def first_seed_alone(self) -> bool:
        """Whether its table is about the first seed's model alone, as tables of images and codes are."""
        return self.name in ARRAYS


ANALYSES: dict[str, Analysis] = {
    analysis.name: analysis
    for analysis in (
        Analysis("kl", "KL per latent dimension, block and class: which factors are a class's own"),
        Analysis(
            "metrics",
            "objectives and their terms, label accuracy and factor probes on validation and test images",
            sections=("metrics",),
        ),
        Analysis(
            "aggregate",
            "distance of the aggregate posterior to the prior, and how much it depends on the class",
            sections=("aggregate",),
        ),
        Analysis(
            "factors",
            "which latents predict which factor, where the factors are known, and the KL of each kind of factor",
            sections=("factors",),
        ),
        Analysis(
            "responses",
            "how much decoded images change along each latent dimension, and which marks appear or disappear",
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
            "train on data whose share of class-exclusive factors is set, and compare it with the share of KL",
            reads=(),
            sections=("data", "calibration.exclusive_factors", "model", "training", "factors"),
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
