"""What the figures are called, what they show and which tables they need. Imports nothing heavy.

One figure is one module of this package, one rule, one file name and one caption. Snakemake reads
this list while it builds the graph; the modules themselves are imported only to draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nvae.errors import UserError
from nvae.layout import Layout


@dataclass(frozen=True)
class Need:
    """One table that a figure is drawn from, told without naming a data set.

    Args:
        key: the name under which ``draw`` receives the table.
        table: ``kl`` (csv), ``class`` or ``shared`` (npz of traversals), or ``samples`` (npz).
        role: which of the profile's data sets: ``digits``, ``clothes`` or ``faces``.
        variant: which trained model.
    """

    key: str
    table: Literal["kl", "class", "shared", "samples"]
    role: str
    variant: str = "n_vae"

    def path(self, layout: Layout, roles: Mapping[str, str]) -> Path:
        """Where the table lies, for a profile's layout and its data set in each role."""
        dataset = roles[self.role]
        if self.table == "kl":
            return layout.table("kl", dataset, self.variant)
        if self.table == "samples":
            return layout.samples(dataset, self.variant)
        return layout.traversal(dataset, self.variant, self.table)


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
    needs: tuple[Need, ...] = ()

    @property
    def module(self) -> str:
        """The module that draws it, as ``importlib`` wants it."""
        return f"nvae.figures.{self.name}"

    def tables(self, layout: Layout, roles: Mapping[str, str]) -> dict[str, Path]:
        """The tables' paths by the key that ``draw`` knows them by.

        Args:
            layout: the profile's paths.
            roles: data set of each role, ``{"digits": "mnist", …}``.
        """
        return {need.key: need.path(layout, roles) for need in self.needs}


_MODEL = "The model"
_TRAVERSALS = "Moving one latent variable"
_DETECTION = "Which kind of factor a data set has"
_SAMPLES = "Samples"

_HELD = (
    "One latent dimension moves, all others stay at the value named in the figure; the model is the first seed's. "
    "A coloured line under an image: the encoder no longer sees the class there."
)

FIGURES: tuple[FigureSpec, ...] = (
    FigureSpec(
        "fig01_mnist_class_traversals",
        _TRAVERSALS,
        "Figure 1. Class-dependent variables of the digits two and seven. Rows: the dimensions of the class's own "
        "block that carry the most information, with their KL to the prior. Columns: the latent's value. " + _HELD,
        (Need("traversals", "class", "digits"),),
    ),
    FigureSpec(
        "fig02_mnist_shared_traversals",
        _TRAVERSALS,
        "Figure 2. Shared variables on the digits. One panel for each shared dimension, by falling KL (in brackets); "
        "one row for each digit. " + _HELD,
        (Need("traversals", "shared", "digits"),),
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
        (Need("digits", "kl", "digits"), Need("clothes", "kl", "clothes"), Need("faces", "kl", "faces")),
    ),
    FigureSpec(
        "fig06_fashion_class_traversals",
        _TRAVERSALS,
        "Figure 6. Class-dependent variables of every class of clothes. Rows: the dimensions of the class's own block "
        "that carry the most information, with their KL to the prior. " + _HELD,
        (Need("traversals", "class", "clothes"),),
    ),
    FigureSpec(
        "fig07_fashion_shared_traversals",
        _TRAVERSALS,
        "Figure 7. Shared variables on the clothes. One panel for each shared dimension, by falling KL (in brackets); "
        "one row for each class. " + _HELD,
        (Need("traversals", "shared", "clothes"),),
    ),
    FigureSpec(
        "fig08_yale_b_shared_traversals",
        _TRAVERSALS,
        "Figure 8. Shared variables on faces under a moving light. One panel for each shared dimension, by falling KL "
        "(in brackets); the rows are persons taken at equal steps through the list. " + _HELD,
        (Need("traversals", "shared", "faces"),),
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
        (Need("digits", "samples", "digits"), Need("clothes", "samples", "clothes")),
    ),
)


def find(name: str) -> FigureSpec:
    """The figure of that name, or the only one whose name begins so.

    Args:
        name: ``fig05_kl_per_dimension`` or an unambiguous beginning, ``fig05``.

    Raises:
        UserError: no figure's name, or more than one, begins so.

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
            mend="`nvae draw fig05` draws one figure, `nvae draw all` every one.",
        )
    return found[0]


def select(name: str) -> tuple[FigureSpec, ...]:
    """Every figure for ``all``, otherwise the one that `find` gives.

    Raises:
        UserError: as `find`.
    """
    return FIGURES if name == "all" else (find(name),)
