"""What ``claims.yaml`` may hold: claims, the quantities that they are about, and the criteria that they must meet."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveFloat, PositiveInt

from nvae.config.schema import Section, Share

Text = Annotated[str, Field(min_length=1)]
#: As an expression can name it.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Metric(Section):
    """The value of a named metric."""

    kind: Literal["metric"]
    name: Text
    sigma: PositiveFloat | None = None


class LargestMetric(Section):
    """The largest value, over latent dimensions, of a metric that each dimension has."""

    kind: Literal["largest_metric"]
    name: Text


class OwnBlockOfClass(Section):
    """KL of a class's own block on its own images, of the class where it is the ``rank``-th largest."""

    kind: Literal["own_block_of_class"]
    rank: PositiveInt


class Error(Section):
    """Test error of the classifiers trained with one share of generated images: at one σ, the largest, or the mean."""

    kind: Literal["error"]
    share: Share
    sigma: PositiveFloat | Literal["largest", "mean"]


class ErrorTrend(Section):
    """Spearman's ρ of the test error against σ, at one share of generated images."""

    kind: Literal["error_trend"]
    share: Share


class Response(Section):
    """What a traversal does to its images: reduced over a block's dimensions, then the mean over classes."""

    kind: Literal["response"]
    metric: Text
    block: Literal["class", "shared"]
    image_class: NonNegativeInt | None = None
    reduce: Literal["sum", "max", "second", "mean"]


Read = Annotated[
    Metric | LargestMetric | OwnBlockOfClass | Error | ErrorTrend | Response,
    Field(discriminator="kind"),
]

#: The tables that each kind of reading can be made from.
READ_FROM: dict[str, tuple[str, ...]] = {
    "metric": ("metrics", "aggregate", "fidelity"),
    "largest_metric": ("aggregate",),
    "own_block_of_class": ("kl",),
    "error": ("augmentation",),
    "error_trend": ("augmentation",),
    "response": ("responses",),
}


class Quantity(Section):
    """One number a seed: which table of which variant on which role's data set, and what is read there."""

    table: Text
    role: Literal["digits", "fashion", "faces"]
    variant: Text
    read: Read


class Criterion(Section):
    """An expression over quantities, and the threshold that it has to be above or below."""

    name: Text
    expression: Text
    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    unit: str
    reason: Text

    @property
    def threshold(self) -> float:
        """The number that ``above`` or ``below`` gives."""
        given = self.above if self.above is not None else self.below
        assert given is not None  # seen to when the file was read
        return given

    @property
    def direction(self) -> Literal["above", "below"]:
        """On which side of the threshold the claim is."""
        return "below" if self.above is None else "above"


class Claim(Section):
    """One sentence of the paper, and what has to hold for it to be reproduced.

    All of its criteria have to hold, each over the seeds that every quantity has.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$")]
    sentence: Text
    where: Text
    figure: Text | None = None
    min_seeds: PositiveInt
    quantities: Annotated[dict[Name, Quantity], Field(min_length=1)]
    criteria: Annotated[tuple[Criterion, ...], Field(strict=False, min_length=1)]


class Claims(Section):
    """The whole file."""

    claims: Annotated[tuple[Claim, ...], Field(strict=False, min_length=1)]

    def needs(self) -> set[tuple[str, str, str]]:
        """The tables that the claims are judged by, as (table, role, variant)."""
        return {(q.table, q.role, q.variant) for claim in self.claims for q in claim.quantities.values()}
