"""The table of claims in the README, made from ``claims.json`` only, so that a test can detect a stale table."""

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from nvae.claims.report import claimed, measured
from nvae.errors import UserError

BEGIN, END = "<!-- claims -->", "<!-- /claims -->"
#: The largest number of criteria that are listed; of more, the table has their counts and the weakest one.
LISTED = 3
_HEAD = "| id | the paper says | we get | n | verdict | evidence |\n|---|---|---|---|---|---|"
_CAPTION = (
    "n is the number of seeds, ± half the t interval of the mean over them, at confidence 1 − 0.05/m for a claim of m "
    "criteria, so that together they have 95 %; a criterion holds if its whole interval is on the claimed side of the "
    "threshold, and fails if its whole interval is on the other side."
)


def readme_table(content: Mapping[str, Any]) -> str:
    """Return the table in Markdown, with a caption.

    Args:
        content: Content of ``claims.json``.
    """
    return "\n".join([_HEAD, *map(_row, content["claims"]), "", _CAPTION])


def with_table(text: str, content: Mapping[str, Any], *, name: str) -> str:
    """Return a document in which the table replaces whatever is between the markers.

    Args:
        text: Text of the document.
        content: Content of ``claims.json``.
        name: Name of the document, for the message.

    Raises:
        UserError: If the document does not have each marker exactly once, in order.
    """
    before, opened, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (opened and closed) or BEGIN in rest or END in before + after:
        raise UserError(
            name,
            got=f"{text.count(BEGIN)} {BEGIN} and {text.count(END)} {END}",
            expected="one of each, in this order",
            hint="Put them where the table belongs.",
        )
    return f"{before}{BEGIN}\n{readme_table(content)}\n{END}{after}"


def _row(claim: Mapping[str, Any]) -> str:
    cells = (
        claim["id"],
        f"{claim['sentence']} ({claim['where']})",
        "<br>".join(_found(claim)) or "–",
        str(claim["n_seeds"]),
        f"**{claim['verdict']}**" + (f"<br>{claim['note']}" if claim["note"] else ""),
        ", ".join(_evidence(claim)) or "–",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _found(claim: Mapping[str, Any]) -> list[str]:
    criteria = claim["criteria"]
    if claim["verdict"] == "not tested":
        return []
    if len(criteria) <= LISTED:
        return [_format_criterion(criterion) for criterion in criteria]
    return [_format_counts(criteria), f"weakest: {_format_criterion(min(criteria, key=_strength))}"]


def _format_counts(criteria: Sequence[Mapping[str, Any]]) -> str:
    m = len(criteria)
    if criteria[0]["interval"] is None:
        return f"{sum(criterion['toward'] for criterion in criteria)} of {m} on the claimed side (one seed)"
    found = [criterion["outcome"] for criterion in criteria]
    return f"of {m}, {found.count('holds')} hold, {found.count('fails')} fail, {found.count('open')} open"


def _format_criterion(criterion: Mapping[str, Any]) -> str:
    amount = f"{measured(criterion)} {criterion['unit']}".rstrip()
    one = "" if criterion["interval"] else "; one seed"
    return f"{criterion['name']}: {amount} (claimed {claimed(criterion)}{one})"


def _strength(criterion: Mapping[str, Any]) -> float:
    """Return how far the estimate is on the claimed side, in half intervals: above 1 it holds, below −1 it fails.

    Without an interval, the distance is in the unit of the criterion.
    """
    margin = float(criterion["estimate"] - criterion["threshold"])
    if criterion["direction"] == "below":
        margin = -margin
    if criterion["interval"] is None:
        return margin
    low, high = criterion["interval"]
    half = float(high - low) / 2
    if half == 0:
        return math.inf if margin > 0 else -math.inf
    return margin / half


def _evidence(claim: Mapping[str, Any]) -> list[str]:
    """Return links to the figure and to the tables that the verdict is computed from."""
    if claim["verdict"] == "not tested":
        return []
    figure = [f"[figure]({claim['figure']})"] if claim["figure"] else []
    tables = sorted(PurePosixPath(table["path"]) for table in claim["evidence"])
    return figure + [f"[{table.stem}]({table})" for table in tables]
