r"""Caption files: the caption of a figure and numbers from its tables, as reStructuredText for the report.

A figure module may have ``numbers(tables) -> str``; each line becomes an item below the caption. Words from a table
(names of data sets and classes) may contain any character: `compose` escapes the whole text.
"""

import re
from collections.abc import Iterable

import pandas as pd

from nvae.plotting import intervals
from nvae.plotting.labels import dataset_label, mean_label, model_label, seeds_range_label
from nvae.tables.reading import Arrays, select, text

# Characters with a meaning inside a line; a colon has one if another character follows (``::``, ``http:``).
_INLINE = re.compile(r"[\\*`_|@]|:(?=\S)")
# The start of a line that can only begin a paragraph, and not a list, a field or a rule.
_PLAIN_START = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?=[ :,;]|$)")


def compose(caption: str, numbers: str) -> str:
    r"""Compose the content of a caption file.

    Args:
        caption: Description of the figure, as plain text.
        numbers: Numbers from the tables, one item per line, as plain text.

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
    r"""Escape plain text as one line of reStructuredText that displays it, with one space per run of white space.

    >>> print(escape("of z_s <b>x</b>"), escape("1. no list"))
    of z\_s <b>x</b> \ 1. no list
    """
    line = _INLINE.sub(r"\\\g<0>", " ".join(words.split()))
    return line if _PLAIN_START.match(line) else rf"\ {line}"


def mean(values: pd.Series) -> str:
    """Format a mean over seeds, with half its 95 % t interval if there is more than one seed.

    Args:
        values: One value per seed.

    >>> mean(pd.Series([8.0, 9.0, 10.0])), mean(pd.Series([8.731]))
    ('9 ± 2', '8.73')
    """
    summary = intervals.over_seeds(pd.DataFrame({"all": 0, "value": values}), ["all"], "value").iloc[0]
    return mean_label(summary["mean"], summary["half"])


def ends(tables: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Return the smallest and the largest σ of tables that have a column ``sigma``."""
    sigmas = pd.concat([table["sigma"] for table in tables])
    return float(sigmas.min()), float(sigmas.max())


def at_ends(points: pd.DataFrame, column: str, sigmas: tuple[float, float]) -> str:
    """Format a column's means over seeds at the smallest and the largest σ.

    Raises:
        UserError: If the points lack one of the two values of σ.
    """
    return " → ".join(mean(select(points, sigma=sigma)[column]) for sigma in sigmas)


def seeds(tables: Iterable[pd.DataFrame]) -> str:
    """State the number of seeds of the means, and the meaning of the number after ±."""
    counts = [table["seed"].nunique() for table in tables]
    label = seeds_range_label(counts)
    return f"{label}; ±: half the {intervals.LABEL}" if max(counts) > 1 else label


def samples(tables: Iterable[Arrays]) -> str:
    """State which models were sampled at which σ, one line per data set."""
    models: dict[tuple[str, str, str], list[str]] = {}
    for table in tables:
        about = (text(table, "dataset"), ", ".join(f"{sigma:g}" for sigma in table["sigmas"]), text(table, "seed"))
        models.setdefault(about, []).append(model_label(text(table, "model")))
    return "\n".join(
        f"{dataset_label(dataset)}: σ = {sigmas}; {', '.join(names)}, n = 1 model each (seed {seed})"
        for (dataset, sigmas, seed), names in models.items()
    )
