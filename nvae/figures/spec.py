"""The specification of a figure: its name, caption and tables. Imports nothing heavy."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nvae.layout import Layout
from nvae.plotting.labels import dataset_label, model_label
from nvae.tables.needs import Ablation, Need, SeedsOf
from nvae.tables.schemas import ARRAYS


@dataclass(frozen=True)
class FigureSpec:
    """A figure: its name, place in the report, caption and tables.

    Args:
        name: Name of the rule and stem of the file names.
        section: Heading under which the report lists it.
        caption: Description of what is shown, true for every profile: it names roles, not data sets.
        needs: Tables that it is drawn from.
        drawn_by: Name of the module of ``nvae.figures`` that draws it; the figure's own name if empty.
        options: Keyword arguments of that module's functions.
    """

    name: str
    section: str
    caption: str
    needs: tuple[Need | Ablation, ...] = ()
    drawn_by: str = ""
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """Dotted name of the module that draws the figure."""
        return f"nvae.figures.{self.drawn_by or self.name}"

    @property
    def number(self) -> str:
        """Printed number, with two digits, so that the alphabetical order is the order of the figures.

        >>> FigureSpec("fig05_kl", "", "").number, FigureSpec("supp03_fidelity", "", "").number
        ('05', 'S03')
        """
        return re.sub(r"^(fig|supp)(\d+)_.*", lambda found: "S" * (found[1] == "supp") + found[2], self.name)

    def labels(self, profile: str, roles: Mapping[str, str], seeds_of: SeedsOf) -> dict[str, str]:
        """Return the labels of the figure in the report: its number, data sets, models, seeds and profile.

        Args:
            profile: Name of the profile.
            roles: Data set of each role, ``{"digits": "mnist", …}``.
            seeds_of: Function (data set, table) → the seeds whose rows the table has.

        >>> spec = FigureSpec("fig08_light", "", "", (Need("x", "traversals", "faces"),))
        >>> spec.labels("paper", {"faces": "yale_b"}, lambda dataset, table: [0, 1])
        {'Figure': '08', 'Data': 'Yale B', 'Models': 'N-VAE', 'Seeds': '0', 'Profile': 'paper'}
        """
        runs = [run for need in self.needs for run in need.about(roles)]
        seeds = {seed for need in self.needs for seed in _seeds(need, roles, seeds_of)}
        return {
            "Figure": self.number,
            "Data": ", ".join(dict.fromkeys(dataset_label(dataset) for dataset, _ in runs)) or "none",
            "Models": "; ".join(dict.fromkeys(model_label(variant) for _, variant in runs)) or "none",
            "Seeds": ", ".join(map(str, sorted(seeds))) or "none",
            "Profile": profile,
        }

    def files(self, layout: Layout, roles: Mapping[str, str], seeds_of: SeedsOf) -> list[Path]:
        """Return the files that its rule needs, sorted: tables of single runs, arrays, and the table of variants.

        Args:
            layout: Paths of the profile.
            roles: Data set of each role, ``{"digits": "mnist", …}``.
            seeds_of: Function (data set, table) → the seeds whose rows the table has.
        """
        return sorted({path for need in self.needs for path in need.files(layout, roles, seeds_of)})


def _seeds(need: Need | Ablation, roles: Mapping[str, str], seeds_of: SeedsOf) -> Iterator[int]:
    alone = isinstance(need, Need) and need.table in ARRAYS
    for dataset, _ in need.about(roles):
        yield from seeds_of(dataset, need.table)[:1] if alone else seeds_of(dataset, need.table)
