"""Schema of ``claims.yaml``: claims, the quantities that they are about, and the criteria that they must meet."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic_core import PydanticCustomError

from nvae.config.schema import Section, Share
from nvae.tables.schemas import TABLES

Text = Annotated[str, Field(min_length=1)]
#: A name that can be used in an expression.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Metric(Section):
    """The value of a named metric."""

    kind: Literal["metric"]
    name: Text
    sigma: PositiveFloat | None = None


class LargestMetric(Section):
    """The largest value over latent dimensions of a metric that is measured per dimension."""

    kind: Literal["largest_metric"]
    name: Text


class OwnBlockOfClass(Section):
    """The KL of a class's own block on images of that class, for the class in which it is the ``rank``-th largest."""

    kind: Literal["own_block_of_class"]
    rank: PositiveInt


class Error(Section):
    """The test error of classifiers trained with one share of generated images: at one σ, the largest, or the mean."""

    kind: Literal["error"]
    share: Share
    sigma: PositiveFloat | Literal["largest", "mean"]


class ErrorTrend(Section):
    """Spearman's ρ between σ and the test error, at one share of generated images."""

    kind: Literal["error_trend"]
    share: Share


class Response(Section):
    """How much a traversal changes its images: reduced over the dimensions of a block, then averaged over classes."""

    kind: Literal["response"]
    metric: Text
    block: Literal["class", "shared"]
    image_class: NonNegativeInt | None = None
    reduce: Literal["sum", "max", "second", "mean"]


Read = Annotated[
    Metric | LargestMetric | OwnBlockOfClass | Error | ErrorTrend | Response,
    Field(discriminator="kind"),
]

#: Kind of reader → the tables that it can read.
READ_FROM: dict[str, tuple[str, ...]] = {
    "metric": ("metrics", "aggregate", "fidelity"),
    "largest_metric": ("aggregate",),
    "own_block_of_class": ("kl",),
    "error": ("augmentation",),
    "error_trend": ("augmentation",),
    "response": ("responses",),
}
_READABLE = tuple(table for table in TABLES if any(table in tables for tables in READ_FROM.values()))


def _readable(table: str) -> str:
    if table not in _READABLE:
        raise PydanticCustomError("table", "{tables}", {"tables": ", ".join(map(repr, _READABLE))})
    return table


class Quantity(Section):
    """One number per seed: the table, the role of the data set, the variant, and the reader of the number."""

    table: Annotated[str, AfterValidator(_readable)]
    role: Literal["digits", "fashion", "faces"]
    variant: Text
    read: Read


class Criterion(Section):
    """An arithmetic expression of quantities, and the threshold that it has to be above or below."""

    name: Text
    expression: Text
    above: FiniteFloat | None = None
    below: FiniteFloat | None = None
    unit: str
    reason: Text

    @property
    def threshold(self) -> float:
        """The value of ``above`` or ``below``."""
        given = self.above if self.above is not None else self.below
        assert given is not None  # checked when the file is read
        return given

    @property
    def direction(self) -> Literal["above", "below"]:
        """The claimed side of the threshold."""
        return "below" if self.above is None else "above"


class Claim(Section):
    """One statement of the paper, with the criteria that decide whether it is reproduced.

    All criteria have to hold, each over the seeds that every quantity has.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*$")]
    sentence: Text
    where: Text
    figure: Annotated[str, Field(pattern=r"^\w+$")] | None = None
    min_seeds: PositiveInt
    quantities: Annotated[dict[Name, Quantity], Field(min_length=1)]
    criteria: Annotated[tuple[Criterion, ...], Field(strict=False, min_length=1)]


class Claims(Section):
    """All claims of the file."""

    claims: Annotated[tuple[Claim, ...], Field(strict=False, min_length=1)]

    def needs(self) -> set[tuple[str, str, str]]:
        """Return what the claims are evaluated on, as (table, role, variant)."""
        return {(q.table, q.role, q.variant) for claim in self.claims for q in claim.quantities.values()}
