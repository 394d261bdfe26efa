"""What is said of a figure: its name, caption and tables. Imports nothing heavy."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nvae.figures.needs import Ablation, Need
from nvae.layout import Layout
from nvae.plotting.labels import dataset_label, model_label

# Tables of one model alone, the first seed's; the others are over seeds.
_OF_FIRST_SEED = ("class", "shared", "samples", "posterior")


@dataclass(frozen=True)
class FigureSpec:
    """A figure's name, place in the report, caption and tables.

    Args:
        name: the module in ``nvae.figures`` and the stem of the file names.
        section: the heading under which the report lists it.
        caption: what is seen, true for every profile: it names roles, not data sets.
        needs: the tables.
    """

    name: str
    section: str
    caption: str
    needs: tuple[Need | Ablation, ...] = ()

    @property
    def module(self) -> str:
        """The module that draws it, as ``importlib`` wants it."""
        return f"nvae.figures.{self.name}"

    @property
    def number(self) -> str:
        """The number in print, of two digits so that words in order are figures in order.

        >>> FigureSpec("fig05_kl", "", "").number, FigureSpec("supp03_fidelity", "", "").number
        ('05', 'S03')
        """
        return re.sub(r"^(fig|supp)(\d+)_.*", lambda found: "S" * (found[1] == "supp") + found[2], self.name)

    def labels(
        self, profile: str, roles: Mapping[str, str], seeds_of: Callable[[str], Sequence[int]]
    ) -> dict[str, str]:
        """What the report tells beside the caption: a number, data sets, models, seeds and the profile.

        Args:
            profile: whose figures they are.
            roles: data set of each role, ``{"digits": "mnist", …}``.
            seeds_of: data set → the seeds of its models.

        >>> spec = FigureSpec("fig08_light", "", "", (Need("traversals", "shared", "faces"),))
        >>> spec.labels("paper", {"faces": "yale_b"}, lambda dataset: [0, 1])
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

    def tables(self, layout: Layout, roles: Mapping[str, str]) -> dict[str, Path]:
        """The tables' paths by the key that ``draw`` knows them by.

        Args:
            layout: the profile's paths.
            roles: data set of each role, ``{"digits": "mnist", …}``.
        """
        return {need.key: need.path(layout, roles) for need in self.needs}


def _seeds(need: Need | Ablation, roles: Mapping[str, str], seeds_of: Callable[[str], Sequence[int]]) -> Iterator[int]:
    alone = isinstance(need, Need) and need.table in _OF_FIRST_SEED
    for dataset, _ in need.about(roles):
        yield from seeds_of(dataset)[:1] if alone else seeds_of(dataset)
