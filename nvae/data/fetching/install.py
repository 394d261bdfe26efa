"""Installation of a raw file: its content is unpacked or copied to a temporary file, checked, and then renamed."""

import zipfile
from pathlib import Path
from typing import IO

from nvae import provenance
from nvae.data.archives import TREE, open_image_tree
from nvae.data.fetching.payloads import CHUNK, Payload, copy_payload, tree_payload
from nvae.data.fetching.progress import Progress
from nvae.data.fetching.registry import RawFile
from nvae.data.fetching.sources import SourceError
from nvae.errors import UserError


def in_place(row: RawFile, out: Path) -> bool:
    """Return whether a file is in its final place with the right content; an image tree may be packed or unpacked.

    Args:
        row: Registry row of the file.
        out: Raw folder of the data set.
    """
    if row.content == "images":
        try:
            return _tree_payload(out) == row.payload
        except UserError:
            return False
    target = out / row.path
    return target.is_file() and target.stat().st_size == row.bytes and provenance.sha256(target) == row.sha256


def install(source: Path, row: RawFile, target: Path) -> None:
    """Write the content of ``source`` to ``target``, which changes only if the content is right.

    Args:
        source: Plain or gzip file; for an image tree, a zip file or a folder, which is packed.
        row: Registry row of the file, with the expected size and digest.
        target: Final path of the file.

    Raises:
        SourceError: If the content is damaged, unsafe or not as expected.
        OSError: If reading or writing fails.
    """
    with provenance.atomic(target) as part:
        try:
            found = _copy(source, part, row)
        except ValueError as error:
            raise SourceError(f"{source.name}: {error}") from error
        except UserError as error:
            raise SourceError(f"{source.name}: {error.got}, expected {error.expected}") from error
        if found != row.payload:
            raise SourceError(
                f"{source.name}: wrong SHA-256: got {_describe(found)}, expected {_describe(row.payload)}"
            )


def _copy(source: Path, part: Path, row: RawFile) -> Payload:
    with part.open("wb") as sink:
        if row.content == "plain":
            return copy_payload(source, sink, limit=row.bytes)
        with Progress(source.name, total=None) as progress:
            (_pack if source.is_dir() else _copy_bytes)(source, sink, progress)
    return _tree_payload(part)


def _copy_bytes(source: Path, sink: IO[bytes], progress: Progress) -> None:
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sink.write(chunk)
            progress.update(len(chunk))


def _pack(source: Path, sink: IO[bytes], progress: Progress) -> None:
    """Pack a folder, so that every source results in one file, which can be written atomically."""
    with open_image_tree(source) as tree, zipfile.ZipFile(sink, "w") as archive:
        for name in tree.names():
            content = tree.read(name)
            # A ZipInfo that is created here has the fixed default date, so that the same folder gives the same archive.
            archive.writestr(zipfile.ZipInfo(f"{TREE}/{name}"), content, zipfile.ZIP_DEFLATED)
            progress.update(len(content))


def _tree_payload(path: Path) -> Payload:
    with open_image_tree(path) as tree:
        return tree_payload(tree)


def _describe(payload: Payload) -> str:
    images = f"{payload.images:,} images, " if payload.images else ""
    return f"{payload.sha256} ({images}{payload.bytes:,} bytes)"
