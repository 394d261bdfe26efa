"""What figures are drawn from: tables, told without naming a profile's data sets. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nvae.layout import Layout

TableKind = Literal[
    "kl",
    "metrics",
    "augmentation",
    "fidelity",
    "aggregate",
    "factors",
    "calibration",
    "posterior",
    "samples",
    "class",
    "shared",
]

#: Tables of data sets whose factors are known because the project draws them.
GROUND_TRUTH = ("factors", "calibration")


@dataclass(frozen=True)
class Need:
    """One table that a figure is drawn from.

    Args:
        key: the name under which ``draw`` receives the table.
        table: which kind; ``class`` and ``shared`` are traversals.
        role: which of the profile's data sets, ``digits``, ``fashion`` or ``faces``; for the tables of `GROUND_TRUTH`,
            the name of a built-in data set, the same in every profile.
        variant: which trained model.
    """

    key: str
    table: TableKind
    role: str
    variant: str = "n_vae"

    def path(self, layout: Layout, roles: Mapping[str, str]) -> Path:
        """Where the table lies, for a profile's layout and its data set in each role."""
        ((dataset, variant),) = self.about(roles)
        if self.table == "samples":
            return layout.samples(dataset, variant)
        if self.table == "posterior":
            return layout.posterior(dataset, variant)
        if self.table in ("class", "shared"):
            return layout.traversal(dataset, variant, self.table)
        return layout.table(self.table, dataset, variant)

    def about(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The data set and the variant of each model that the table is about: one."""
        return ((self.role if self.table in GROUND_TRUTH else roles[self.role], self.variant),)

    def runs(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Those whose models must be trained for it: all that it is about, but a calibration trains its own."""
        return () if self.table == "calibration" else self.about(roles)


@dataclass(frozen=True)
class Ablation:
    """One table of the metrics of models that differ in one key.

    Args:
        key: the name under which ``draw`` receives the table.
        name: the key of the model that is varied.
        variants: the trained models, by growing value of that key, or the unchanged one first.
        roles: which of the profile's data sets.
    """

    key: str
    name: str
    variants: tuple[str, ...]
    roles: tuple[str, ...]

    def path(self, layout: Layout, roles: Mapping[str, str]) -> Path:
        """Where the table lies; its name tells no data set, so ``roles`` is not asked."""
        return layout.ablation(self.name)

    def about(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The data set and the variant of each model that the table is about."""
        return tuple((roles[role], variant) for role in self.roles for variant in self.variants)

    def runs(self, roles: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Those whose models must be trained for it: all."""
        return self.about(roles)


# The class-conditional models that stand side by side, in the order of legends and panels.
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

# The models whose latents are asked what they know of known factors.
ENCODERS = ("n_vae", "cvae", "beta_vae")
# The sets that they are asked on.
KNOWN = ("glyphs", "garments", "faces")
# The dial, whose share of class-exclusive factors is set from 0 to 1, and dials on which detection is harder: by the
# data or by the model.
DIAL = "dial"
HARDER_DIALS = ("dial_few", "dial_weak")
HARDER_MODELS = ("n_vae_few_shared", "n_vae_many_shared", "n_vae_lambda8")


def of_each(table: TableKind, roles: tuple[str, ...], variants: tuple[str, ...]) -> tuple[Need, ...]:
    """One table of each model for each role, under the key ``{role}_{variant}``."""
    return tuple(Need(f"{role}_{variant}", table, role, variant) for role in roles for variant in variants)


# What a figure of each is drawn from.
KNOWN_FACTORS = of_each("factors", KNOWN, ENCODERS)
CALIBRATION = (
    *of_each("calibration", (DIAL,), (*ENCODERS, *HARDER_MODELS)),
    *of_each("calibration", HARDER_DIALS, ("n_vae",)),
)
