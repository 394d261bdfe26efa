"""What a data file comes down to, however it was packed: the plain bytes, their number and their digest."""

import gzip
import hashlib
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nvae.data.archives import ImageTree

CHUNK = 1 << 20
"""Bytes read or written at once."""


@dataclass(frozen=True)
class Payload:
    """The content of a data file.

    Args:
        bytes: size of the content.
        sha256: lower-case hexadecimal.
        images: how many images; 0 if the content is not an image tree.
    """

    bytes: int
    sha256: str
    images: int = 0


def tree_payload(tree: ImageTree) -> Payload:
    """Size and digest of a tree's images, the same for a zip, a repacked zip and an unpacked folder.

    The digest is the SHA-256 of one line an image, sorted by name: the name, a NUL, the SHA-256 of its bytes in
    hexadecimal, a newline. Files that are not images (``.info``, ``.LOG``) do not count.

    Raises:
        UserError: a member is damaged or too large.
    """
    digest, size, names = hashlib.sha256(), 0, tree.images()
    for name in names:
        content = tree.read(name)
        digest.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        size += len(content)
    return Payload(size, digest.hexdigest(), len(names))


def copy_payload(source: Path, sink: IO[bytes] | None, *, limit: int) -> Payload:
    """Stream a file, gunzipped if it is gzip, into ``sink`` and digest it on the way.

    Gzip is told by its first two bytes, not by the name: some servers unpack on the way.

    Args:
        source: plain or gzip.
        sink: where the plain bytes go; None to digest only.
        limit: bytes that are due; reading stops as soon as there are more, so that a gzip bomb stays small.

    Returns:
        Size and SHA-256 of the plain bytes.

    Raises:
        ValueError: truncated or damaged gzip, or more than ``limit`` bytes; the message is the reason in a few words.
        OSError: reading or writing failed.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        with gzip.open(raw) if packed else nullcontext(raw) as stream:
            while chunk := _read(stream, min(CHUNK, limit + 1 - size)):
                size += len(chunk)
                if size > limit:
                    raise ValueError(f"holds more than the {limit:,} bytes that are due")
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
