"""The messages that docs/troubleshooting.md explains."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/troubleshooting.md"


def explains(message: str) -> bool:
    """Return whether the page has an entry for the beginning of a message; "…" in an entry stands for any text."""
    entries = re.findall(r"^\*\*`(.+?)`\.?\*\*", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return any(re.match(".*".join(map(re.escape, entry.split("…"))), message) for entry in entries)
