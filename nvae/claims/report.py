"""Formats of the content of ``claims.json``: rows, a table for the terminal, and numbers with their uncertainty."""

import math
from collections.abc import Mapping
from typing import Any

from nvae.errors import printable

#: The columns of ``claims.csv``, which has one row per criterion.
COLUMNS = (
    "claim",
    "verdict",
    "criterion",
    "expression",
    "estimate",
    "low",
    "high",
    "confidence",
    "interval",
    "n_seeds",
    "min_seeds",
    "threshold",
    "direction",
    "unit",
    "toward",
    "outcome",
    "note",
)
_SIDE = {"above": ">", "below": "<"}


def rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row per criterion, with the verdict on its claim.

    Args:
        content: Content of ``claims.json``.

    Returns:
        Rows with the keys ``COLUMNS``; values that were not measured are None.
    """
    return [
        {
            "claim": claim["id"],
            "verdict": claim["verdict"],
            "criterion": criterion["name"],
            "low": criterion["interval"][0] if criterion["interval"] else None,
            "high": criterion["interval"][1] if criterion["interval"] else None,
            "interval": content["interval"] if criterion["interval"] else None,
            "n_seeds": criterion["n"],
            "min_seeds": claim["min_seeds"],
            "note": claim["note"],
            **{key: criterion[key] for key in COLUMNS if key in criterion and key != "interval"},
        }
        for claim in content["claims"]
        for criterion in claim["criteria"]
    ]


def text_table(content: Mapping[str, Any]) -> str:
    """Return the verdicts as an aligned table with one line per criterion, followed by the notes."""
    head = ("claim", "verdict", "n", "criterion", "estimate", "interval", "claimed", "outcome")
    lines = [head]
    for claim in content["claims"]:
        for index, criterion in enumerate(claim["criteria"]):
            first = (claim["id"], claim["verdict"], str(claim["n_seeds"])) if index == 0 else ("", "", "")
            low_high = criterion["interval"]
            lines.append(
                (
                    *first,
                    printable(criterion["name"]),
                    "–" if criterion["estimate"] is None else _short(criterion["estimate"]),
                    f"[{_short(low_high[0])}, {_short(low_high[1])}]" if low_high else "–",
                    printable(f"{claimed(criterion)} {criterion['unit']}".rstrip()),
                    criterion["outcome"] + ("" if criterion["toward"] in (None, True) else ", other side"),
                )
            )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    notes = [printable(f"{claim['id']}: {claim['note']}") for claim in content["claims"] if claim["note"]]
    return "\n".join([*table, *([""] if notes else []), *notes])


def claimed(criterion: Mapping[str, Any]) -> str:
    """Return the claimed side of the threshold, such as ``> 0.5``."""
    number = f"{criterion['threshold']:g}".replace("-", "−")
    return f"{_SIDE[criterion['direction']]} {number}"


def measured(criterion: Mapping[str, Any]) -> str:
    """Return the estimate ± half its interval, rounded to two digits of that half, or the estimate alone.

    >>> measured({"estimate": 12.3456, "interval": [12.0, 12.6912]})
    '12.35 ± 0.35'
    >>> measured({"estimate": -12.3456, "interval": None})
    '−12.3'
    """
    estimate = criterion["estimate"]
    if criterion["interval"] is None:
        return _short(estimate)
    low, high = criterion["interval"]
    half = (high - low) / 2
    if half == 0:
        return f"{_short(estimate)} ± 0"
    decimals = max(0, 1 - math.floor(math.log10(half)))
    return f"{estimate:z.{decimals}f} ± {half:.{decimals}f}".replace("-", "−")


def _short(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
