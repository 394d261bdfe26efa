"""The schemas of all tables: the columns of a CSV, or the arrays of an NPZ. The module imports nothing heavy.

Columns are listed in the order of the file. Tables are checked against their schema when they are written and when they
are read, and docs/architecture.md lists all schemas, which a test compares with these.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kind of values of a column."""

    #: Text, which is never converted: a class called ``NA`` keeps its name.
    TEXT = "text"
    #: A number that identifies a row, such as a seed; it is never missing.
    KEY = "key"
    #: A measured number that every row has.
    NUMBER = "number"
    #: A measured number that may be undefined, and is then an empty cell; rows that are used must have it.
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: Column name in snake_case, with the unit as its ending (``kl_nats``).
        kind: Kind of its values.
        meaning: Description for the documentation; empty if the name is sufficient.
    """

    name: str
    kind: Kind
    meaning: str = ""


@dataclass(frozen=True)
class TableSchema:
    """A tidy table in a CSV file, with one row per run and combination of the other keys.

    Args:
        name: Name of the table, and of the analysis that makes it.
        columns: Columns in the order of the file; the last one holds the measured number.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the file."""
        return tuple(column.name for column in self.columns)

    @property
    def measure(self) -> str:
        """The name of the column that holds the measured number."""
        return self.columns[-1].name

    def of_kind(self, *kinds: Kind) -> tuple[str, ...]:
        """Return the names of the columns of these kinds."""
        return tuple(column.name for column in self.columns if column.kind in kinds)


@dataclass(frozen=True)
class ArraySchema:
    """A table of arrays in an NPZ file, about one model.

    Args:
        name: Name of the table, and of the analysis that makes it.
        axes: Array name → the names of its axes; axes of the same name have the same length.
        mark: Name of the array that identifies the table, since no other table has it.
        meaning: Description for the documentation.
    """

    name: str
    axes: dict[str, str]
    mark: str
    meaning: str


#: The columns that identify a run.
RUN = (
    Column("dataset", Kind.TEXT),
    Column("model", Kind.TEXT, "the variant"),
    Column("seed", Kind.KEY),
)
_SPLIT = Column("split", Kind.TEXT)
_METRIC = Column("metric", Kind.TEXT)
_VALUE = Column("value", Kind.OPTIONAL)
_IMAGE_CLASS = Column("image_class", Kind.KEY)
_BLOCK = Column("kind", Kind.TEXT, "`class` or `shared`")
_DIM = Column("dim", Kind.KEY)
_SIGMA = Column("sigma", Kind.KEY)
_FACTOR = (
    Column("factor", Kind.TEXT, "or `all`"),
    Column("factor_kind", Kind.TEXT, "`shared`, `exclusive` or `all`"),
    Column("factor_class", Kind.KEY, "−1: shared"),
    Column("codes", Kind.TEXT, "`shared`, `own`, `others`, `decoded`"),
)

TABLES: dict[str, TableSchema] = {
    schema.name: schema
    for schema in (
        TableSchema(
            "kl",
            (
                *RUN,
                _SPLIT,
                _IMAGE_CLASS,
                Column("image_class_name", Kind.TEXT),
                Column("n_images", Kind.KEY),
                _BLOCK,
                Column("latent_class", Kind.KEY, "−1 if shared"),
                _DIM,
                Column("kl_nats", Kind.NUMBER, "mean over the images of image_class"),
            ),
        ),
        TableSchema("metrics", (*RUN, _SPLIT, _METRIC, _VALUE)),
        TableSchema("history", (*RUN, Column("epoch", Kind.KEY), _SPLIT, Column("term", Kind.TEXT), _VALUE)),
        TableSchema("aggregate", (*RUN, _SPLIT, _METRIC, Column("dim", Kind.KEY, "−1: all dimensions"), _VALUE)),
        TableSchema(
            "augmentation",
            (*RUN, _SIGMA, Column("generated_share", Kind.KEY), _SPLIT, Column("error_pct", Kind.OPTIONAL)),
        ),
        TableSchema("fidelity", (*RUN, _SPLIT, _SIGMA, _METRIC, _VALUE)),
        TableSchema("factors", (*RUN, _SPLIT, *_FACTOR, _METRIC, _VALUE)),
        TableSchema(
            "calibration",
            (*RUN, Column("exclusive_factors", Kind.KEY, "of six"), _SPLIT, *_FACTOR, _METRIC, _VALUE),
        ),
        TableSchema("transfer", (*RUN, _SPLIT, _IMAGE_CLASS, _METRIC, _VALUE)),
        TableSchema(
            "ladder",
            (
                *RUN,
                Column("shared_dims", Kind.KEY),
                Column("class_weight", Kind.KEY),
                Column("likelihood", Kind.TEXT),
                _SPLIT,
                Column("image_class", Kind.KEY, "−1: all"),
                _METRIC,
                _VALUE,
            ),
        ),
        TableSchema("responses", (*RUN, _SPLIT, _IMAGE_CLASS, _BLOCK, _DIM, _METRIC, _VALUE)),
    )
}

#: The table of the parameters of every variant on every data set, which has no seeds.
VARIANTS = TableSchema("variants", (*RUN[:2], Column("parameter", Kind.TEXT), Column("setting", Kind.TEXT)))

ARRAYS: dict[str, ArraySchema] = {
    schema.name: schema
    for schema in (
        ArraySchema(
            "traversals",
            {
                "images": "class dim step height width",
                "values": "step",
                "dims": "class dim",
                "kl_nats": "class dim",
                "kept": "class dim step",
                "seed_images": "class height width",
                "class_names": "class",
                "center": "",
                "kind": "",
                "dataset": "",
                "seed": "",
            },
            mark="values",
            meaning="`dims`: dimensions by falling KL; `kept`: whether the encoder still predicts the class; `center`: "
            "`seed_image`, `prior`, or `given_image`, `sampled_image` where it is not from the test split",
        ),
        ArraySchema(
            "samples",
            {
                "images": "sigma class image height width",
                "sigmas": "sigma",
                "class_names": "class",
                "dataset": "",
                "model": "",
                "seed": "",
            },
            mark="sigmas",
            meaning="`images`: uint8 grey levels",
        ),
        ArraySchema(
            "posteriors",
            {
                "z": "image dim",
                "labels": "image",
                "kl_nats": "dim",
                "dims": "dim",
                "class_names": "class",
                "dataset": "",
                "model": "",
                "seed": "",
            },
            mark="z",
            meaning="`z`: one posterior sample of the shared latents per test image, dimensions by falling KL",
        ),
    )
}
