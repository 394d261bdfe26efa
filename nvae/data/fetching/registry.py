"""``data/registry.csv``, which lists every file of every real data set with address, digest, licence and citation."""

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
"""Input of a row's digest: the plain (decompressed) bytes, or the images of a tree (`payloads.tree_payload`)."""


@dataclass(frozen=True)
class RawFile:
    """One row of the registry.

    Args:
        dataset: Name of the data set.
        file: Final name of the file, below ``folder``.
        folder: Subfolder of the data set's raw folder; empty for the raw folder itself.
        url: Official address.
        system: Path at which a package of the operating system installs the file; empty if there is none.
        version: Year of the release.
        content: Input of the digest, one of `CONTENTS`.
        bytes: Size of the decompressed content in bytes.
        sha256: Digest of the content.
        images: Number of images in the file; 0 for labels.
        origin: Home page of the data set.
        licence: Terms of use.
        citation: Publication to cite.
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
        """The final path, relative to the data set's raw folder."""
        return PurePosixPath(self.folder) / self.file

    @property
    def published(self) -> str:
        """The name under which the packed file is published: the last part of its address."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def names(self) -> list[str]:
        """The names that the file may have at a source, the published one first."""
        return list(dict.fromkeys([self.published, self.file]))

    @property
    def payload(self) -> Payload:
        """The expected content; images are counted only in a tree."""
        return Payload(self.bytes, self.sha256, self.images if self.content == "images" else 0)


def load(path: Path = layout.REGISTRY) -> list[RawFile]:
    """Read the registry.

    Args:
        path: The CSV file.

    Returns:
        One entry per row, in the order of the file.

    Raises:
        UserError: If the file is missing, a column is missing or unknown, or a value is invalid.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        hint = "Run the command from the project's root folder."
        raise UserError(str(path), got=error, expected="the list of raw files", hint=hint) from error
    return [_raw_file(f"{path}:{line}", row) for line, row in enumerate(rows, start=2)]


def select(rows: Sequence[RawFile], dataset: str) -> list[RawFile]:
    """Return the rows of one data set.

    Raises:
        UserError: If the registry has no row of this data set; the message lists the known data sets.
    """
    found = [row for row in rows if row.dataset == dataset]
    if not found:
        known = ", ".join(dict.fromkeys(row.dataset for row in rows))
        raise UserError("data set", got=repr(dataset), expected=f"one of {known}", hint="Use one of these names.")
    return found


def _raw_file(where: str, row: dict[str, str]) -> RawFile:
    columns = set(RawFile.__dataclass_fields__)
    if set(row) != columns or None in row.values():
        expected = f"the columns {', '.join(RawFile.__dataclass_fields__)}"
        raise UserError(where, got=", ".join(map(str, row)), expected=expected, hint="Correct the row.")
    name = r"\w[\w.-]*"
    rules = {
        "dataset": name,
        "file": name,
        "folder": rf"({name}(/{name})*)?",
        "url": rf"https?://\S+/{name}",
        "system": rf"(/usr(/{name})+)?",
        "content": "|".join(CONTENTS),
        "bytes": r"[1-9][0-9]{,14}",
        "sha256": r"[0-9a-f]{64}",
        "images": r"[0-9]{,9}",
    }
    for column, rule in rules.items():
        if not re.fullmatch(rule, row[column]):
            raise UserError(f"{where}, {column}", got=repr(row[column]), expected=f"/{rule}/", hint="Correct the row.")
    text = {column: value for column, value in row.items() if column not in ("bytes", "images")}
    return RawFile(**text, bytes=int(row["bytes"]), images=int(row["images"] or 0))
