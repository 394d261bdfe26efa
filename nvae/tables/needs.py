"""The tables that figures need, named by the role of the data set. The module imports nothing heavy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nvae.layout import Layout
from nvae.tables.schemas import ARRAYS

#: Kind of a null; empty for the data set itself.
Null = Literal["", "marked", "clone"]
#: Function (data set, table) → the seeds whose rows the table has.
SeedsOf = Callable[[str, str], Sequence[int]]
#: Tables of the built-in data sets, whose factors are known.
GROUND_TRUTH = ("factors", "calibration")
#: Tables whose analyses train their own models.
TRAINS_ITS_OWN = ("calibration", "ladder")


@dataclass(frozen=True)
class Need:
    """A need for the rows, or the arrays, of one variant on one data set.

    Args:
        key: Name under which ``draw`` receives them.
        table: Name of the table.
        role: Role of the data set, ``digits``, ``fashion`` or ``faces``, or the name of one without a role; for the
            tables of `GROUND_TRUTH` always the name of a built-in data set, the same in every profile.
        variant: Name of the variant.
        block: Kind of latents of a traversal.
        null: Kind of the null of the data set that the table is about; empty for the data set itself.
    """

    key: str
    table: str
    role: str
    variant: str = "n_vae"
    block: Literal["", "class", "shared"] = ""
    null: Null = ""

    def about(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return the data set and the variant that the table is about, as a tuple of one pair."""
        dataset = self.role if self.table in GROUND_TRUTH else roles.get(self.role, self.role)
        return ((f"{dataset}_{self.null}" if self.null else dataset, self.variant),)

    def runs(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return those whose models must be trained first; calibration and ladder train their own and need none."""
        return () if self.table in TRAINS_ITS_OWN else self.about(roles)

    def files(self, layout: Layout, roles: Mapping[str, str], seeds_of: SeedsOf) -> Iterator[Path]:
        """Yield the files of the single runs: the arrays of the first seed, or the tables of all seeds."""
        for dataset, variant in self.about(roles):
            if self.table in ARRAYS:
                yield layout.arrays(self.table, dataset, variant, self.block)
            else:
                yield from (
                    layout.run_table(self.table, dataset, variant, seed) for seed in seeds_of(dataset, self.table)
                )


@dataclass(frozen=True)
class Ablation:
    """A need for the metrics of variants that differ in one parameter of the model.

    Args:
        key: Name under which ``draw`` receives them.
        parameter: Name of the parameter, which becomes a column.
        variants: Names of the variants, in ascending order of the parameter, or the unchanged variant first.
        roles: Roles of the data sets.
        table: Name of the table.
    """

    key: str
    parameter: str
    variants: tuple[str, ...]
    roles: tuple[str, ...]
    table: str = "metrics"

    def about(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return the data set and the variant of every model that the table is about."""
        return tuple((roles[role], variant) for role in self.roles for variant in self.variants)

    def runs(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return those whose models must be trained first: all."""
        return self.about(roles)

    def files(self, layout: Layout, roles: Mapping[str, str], seeds_of: SeedsOf) -> Iterator[Path]:
        """Yield the files of the single runs, and the table of the variants' parameters."""
        for dataset, variant in self.about(roles):
            yield from (layout.run_table(self.table, dataset, variant, seed) for seed in seeds_of(dataset, self.table))
        yield layout.table("variants")


# The class-conditional models that are compared, in the order of legends and panels.
COMPARED = ("n_vae", "cvae", "cgan", "ac_gan")

_ROLES = ("digits", "fashion", "faces")
CLASS_WEIGHT = Ablation(
    "ablation",
    "class_weight",
    ("n_vae_lambda1", "n_vae_lambda1_5", "n_vae_lambda2", "n_vae_lambda4", "n_vae_lambda8"),
    _ROLES,
)
CLASS_BIAS = Ablation("ablation", "class_bias", ("n_vae", "n_vae_no_bias"), _ROLES)
ABLATIONS = (CLASS_WEIGHT, CLASS_BIAS)

# The models from whose latents known factors are predicted, and the data sets with known factors.
ENCODERS = ("n_vae", "cvae", "beta_vae")
KNOWN = ("glyphs", "garments", "faces")
# The dial, whose share of class-exclusive factors is set from 0 to 1; dials on which detection is harder because of the
# data; and models with which it is harder.
DIAL = "dial"
HARDER_DIALS = ("dial_few", "dial_weak")
HARDER_MODELS = ("n_vae_few_shared", "n_vae_many_shared", "n_vae_lambda8")


def of_each(table: str, roles: tuple[str, ...], variants: tuple[str, ...]) -> tuple[Need, ...]:
    """Return one need per role and variant, under the key ``{role}_{variant}``."""
    return tuple(Need(f"{role}_{variant}", table, role, variant) for role in roles for variant in variants)


# The needs of Figures S7 and S8.
KNOWN_FACTORS = of_each("factors", KNOWN, ENCODERS)
CALIBRATION = (
    *of_each("calibration", (DIAL,), (*ENCODERS, *HARDER_MODELS)),
    *of_each("calibration", HARDER_DIALS, ("n_vae",)),
)

# The sets of the ladder, each with its nulls, under the keys ``{role}``, ``{role}_marked`` and ``{role}_clone``.
NULLS: tuple[Null, ...] = ("marked", "clone")
LADDER_SETS = (*_ROLES, DIAL)
LADDER = (
    *(Need(role, "ladder", role) for role in LADDER_SETS),
    *(Need(f"{role}_{null}", "ladder", role, null=null) for role in LADDER_SETS for null in NULLS),
)
