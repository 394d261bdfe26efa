r"""Caption files: what a figure shows, and numbers of its tables, as reStructuredText, which the report reads.

A figure module may have ``numbers(tables) -> str``; each line becomes an item below the caption. Words that come out
of a table (names of data sets and classes) are text, whatever signs they hold: `compose` escapes all of it.
"""

import re
from collections.abc import Iterable

import pandas as pd

from nvae.plotting import intervals
from nvae.plotting.labels import dataset_label, mean_label, model_label, seeds_range_label
from nvae.tables.reading import Arrays, select, text

# What means something inside a line; a colon does so before another sign (``::``, ``http:``).
_INLINE = re.compile(r"[\\*`_|@]|:(?=\S)")
# A line that begins like this begins a paragraph and nothing else: no list, no field, no rule.
_PLAIN_START = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?=[ :,;]|$)")


def compose(caption: str, numbers: str) -> str:
    r"""The content of a caption file.

    Args:
        caption: what is seen, as plain text.
        numbers: what the tables say, one item a line, as plain text.

    >>> print(compose("Figure 5. The blocks z_c.", "MNIST: 8.73 nat"), end="")
    Figure 5. The blocks z\_c.
    <BLANKLINE>
    - MNIST: 8.73 nat
    """
    parts = [escape(caption)]
    if numbers:
        parts.append("\n".join(f"- {escape(item)}" for item in numbers.splitlines()))
    return "\n\n".join(parts) + "\n"


def escape(words: str) -> str:
    r"""Plain text as one line of reStructuredText that shows exactly it, each run of white space as one space.

    >>> print(escape("of z_s <b>x</b>"), escape("1. no list"))
    of z\_s <b>x</b> \ 1. no list
    """
    line = _INLINE.sub(r"\\\g<0>", " ".join(words.split()))
    return line if _PLAIN_START.match(line) else rf"\ {line}"


def mean(values: pd.Series) -> str:
    """A mean over seeds, with half its 95 % t interval if there is more than one.

    Args:
        values: one a seed.

    >>> mean(pd.Series([8.0, 9.0, 10.0])), mean(pd.Series([8.731]))
    ('9 ± 2', '8.73')
    """
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    return mean_label(summary["mean"], summary["half"])


def ends(tables: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """The smallest and the largest σ of tables that have a column ``sigma``."""
    sigmas = pd.concat([table["sigma"] for table in tables])
    return float(sigmas.min()), float(sigmas.max())


def at_ends(points: pd.DataFrame, column: str, sigmas: tuple[float, float]) -> str:
    """A column's mean over seeds at the smallest and the largest σ.

    Raises:
        UserError: there is no such σ among the points.
    """
    return " → ".join(mean(select(points, sigma=sigma)[column]) for sigma in sigmas)


def seeds(tables: Iterable[pd.DataFrame]) -> str:
    """How many seeds the means are over, and what stands behind them."""
    counts = [table["seed"].nunique() for table in tables]
    told = seeds_range_label(counts)
    return f"{told}; ±: half the {intervals.LABEL}" if max(counts) > 1 else told


def samples(tables: Iterable[Arrays]) -> str:
    """Which models were sampled at which σ, one line for each data set."""
    models: dict[tuple[str, str, str], list[str]] = {}
    for table in tables:
        about = (text(table, "dataset"), ", ".join(f"{sigma:g}" for sigma in table["sigmas"]), text(table, "seed"))
        models.setdefault(about, []).append(model_label(text(table, "model")))
    return "\n".join(
        f"{dataset_label(dataset)}: σ = {sigmas}; {', '.join(names)}, n = 1 model each (seed {seed})"
        for (dataset, sigmas, seed), names in models.items()
    )
