"""``data/registry.csv``: every file of every real data set, with its address, digest, licence and citation."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from nvae import layout
from nvae.data.fetching.payloads import Payload
from nvae.errors import UserError

CONTENTS = ("plain", "images")
"""What a row's digest is of: the plain (decompressed) bytes, or the images of a tree (`payloads.tree_payload`)."""


@dataclass(frozen=True)
class RawFile:
    """One row of the registry.

    Args:
        dataset: the data set that it belongs to.
        file: its final name, below ``folder``.
        folder: where it goes below the data set's raw folder; empty for the folder itself.
        url: the official address.
        system: where a package of the operating system puts it; empty if none does.
        version: the year of the release.
        content: one of `CONTENTS`.
        bytes: size of the content, decompressed.
        sha256: digest of the content.
        images: number of images in it; 0 for labels.
        origin: the home page.
        licence: terms of use.
        citation: what to cite.
    """

    dataset: str
    file: str
    folder: str
    url: str
    system: str
    version: str
    content: str
    bytes: int
    sha256: str
    images: int
    origin: str
    licence: str
    citation: str

    @property
    def path(self) -> PurePosixPath:
        """Its final place, relative to the data set's raw folder."""
        return PurePosixPath(self.folder) / self.file

    @property
    def published(self) -> str:
        """The name that it is published under, packed: the last part of its address."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def names(self) -> list[str]:
        """The names that a source may have it under, the published one first."""
        return list(dict.fromkeys([self.published, self.file]))

    @property
    def payload(self) -> Payload:
        """What its content has to be. Only of a tree are images counted."""
        return Payload(self.bytes, self.sha256, self.images if self.content == "images" else 0)


def load(path: Path = layout.REGISTRY) -> list[RawFile]:
    """Read the registry.

    Args:
        path: the CSV file.

    Returns:
        One entry a row, in the file's order.

    Raises:
        UserError: no such file, a missing or unknown column, or a value of the wrong kind.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        hint = "Run the command from the project's root folder."
        raise UserError(str(path), got=error, expected="the list of raw files", hint=hint) from error
    return [_raw_file(f"{path}:{line}", row) for line, row in enumerate(rows, start=2)]


def select(rows: Sequence[RawFile], dataset: str) -> list[RawFile]:
    """The rows of one data set.

    Raises:
        UserError: the registry has none; the message lists the data sets that it has.
    """
    found = [row for row in rows if row.dataset == dataset]
    if not found:
        known = ", ".join(dict.fromkeys(row.dataset for row in rows))
        raise UserError("data set", got=repr(dataset), expected=f"one of {known}", hint="Name one of these.")
    return found


def _raw_file(where: str, row: dict[str, str]) -> RawFile:
    columns = set(RawFile.__dataclass_fields__)
    if set(row) != columns or None in row.values():
        expected = f"the columns {', '.join(RawFile.__dataclass_fields__)}"
        raise UserError(where, got=", ".join(map(str, row)), expected=expected, hint="Mend the row.")
    rules = {
        "file": r"\w[\w.-]*",
        "folder": r"(\w[\w.-]*(/\w[\w.-]*)*)?",
        "url": r"https?://\S+",
        "content": "|".join(CONTENTS),
        "bytes": r"[1-9]\d*",
        "sha256": r"[0-9a-f]{64}",
        "images": r"\d*",
    }
    for column, rule in rules.items():
        if not re.fullmatch(rule, row[column]):
            raise UserError(f"{where}, {column}", got=repr(row[column]), expected=f"/{rule}/", hint="Mend the row.")
    text = {column: value for column, value in row.items() if column not in ("bytes", "images")}
    return RawFile(**text, bytes=int(row["bytes"]), images=int(row["images"] or 0))
