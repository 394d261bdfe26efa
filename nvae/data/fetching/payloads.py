"""The content of a data file independently of its packing: the plain bytes, their number and their digest."""

import gzip
import hashlib
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nvae.data.archives import ImageTree

CHUNK = 1 << 20
"""Number of bytes that are read or written at once."""


@dataclass(frozen=True)
class Payload:
    """Size and digest of the content of a data file.

    Args:
        bytes: Size of the content in bytes.
        sha256: SHA-256 of the content in lower-case hexadecimal.
        images: Number of images; 0 if the content is not an image tree.
    """

    bytes: int
    sha256: str
    images: int = 0


def tree_payload(tree: ImageTree) -> Payload:
    """Compute size and digest of a tree's images, which are equal for a zip, a repacked zip and an unpacked folder.

    The digest is the SHA-256 of one line per image, sorted by name: the name, a NUL, the SHA-256 of the image's bytes
    in hexadecimal, a newline. Files that are not images (``.info``, ``.LOG``) are ignored.

    Raises:
        UserError: If a member is damaged or too large.
    """
    digest, size, names = hashlib.sha256(), 0, tree.images()
    for name in names:
        content = tree.read(name)
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        size += len(content)
    return Payload(size, digest.hexdigest(), len(names))


def copy_payload(source: Path, sink: IO[bytes] | None, *, limit: int) -> Payload:
    """Copy a file, decompressed if it is gzip, to ``sink`` and compute its digest.

    A gzip file is recognised by its first two bytes, not by its name, since some servers decompress a file themselves.

    Args:
        source: Plain or gzip file.
        sink: Stream for the plain bytes; None to compute the digest only.
        limit: Expected number of bytes; reading stops as soon as there are more, so that a gzip bomb stays small.

    Returns:
        Size and SHA-256 of the plain bytes.

    Raises:
        ValueError: If the gzip file is truncated or damaged, or has more than ``limit`` bytes; the message is a short
            reason.
        OSError: If reading or writing fails.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.open(raw) if packed else nullcontext(raw) as stream:
            while chunk := _read(stream, min(CHUNK, limit + 1 - size)):
                size += len(chunk)
                if size > limit:
                    raise ValueError(f"holds more than the expected {limit:,} bytes")
                digest.update(chunk)
                if sink is not None:
                    sink.write(chunk)
    return Payload(size, digest.hexdigest())


def _read(stream: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    try:
        return stream.read(size)
    except EOFError:
        raise ValueError("truncated gzip") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"damaged gzip ({error})") from None
