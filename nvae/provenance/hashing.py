"""SHA-256 of files and folders by their content, as sidecars record it."""

import hashlib
import math
import os
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from numpy.lib import format as npy

from nvae.errors import UserError

#: Suffix of files that are not yet complete.
PART = ".part"
_MEASURED = "throughput.csv"
_CHUNK_BYTES = 1 << 20
_HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
# Exceptions of NumPy and zipfile for a file that is damaged, absurdly large or of another kind.
_NO_ARRAYS = (
    *(ValueError, TypeError, KeyError, OSError, EOFError, MemoryError, RuntimeError, SyntaxError),
    *(tokenize.TokenError, zipfile.BadZipFile, zlib.error),
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file or a folder.

    - A folder is hashed by the relative names and the hashes of its files, in sorted order; links are followed.
      Measurements of the machine and partial files of a killed process are left out.
    - An ``.npz`` is hashed by its arrays, because Python's versions compress and pack equal arrays differently.
    - Any other file, also a damaged ``.npz`` or one with pickled objects, is hashed by its bytes.

    Raises:
        UserError: If a link leads nowhere, or to a folder that contains the link, or if the path is a device, a FIFO or
            a socket.
    """
    if path.is_dir():
        digest = hashlib.sha256()
        for file in sorted(_files(path)):
            digest.update(os.fsencode(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n"))
        return digest.hexdigest()
    _require_target(path)
    if path.exists() and not path.is_file():
        raise UserError(
            str(path), got="a device, FIFO or socket", expected="a file or a folder", hint="Correct the path."
        )
    if path.suffix == ".npz":
        try:
            return _sha256_of_arrays(path)
        except _NO_ARRAYS:
            pass  # hashed by its bytes
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the files that count in the hash of a folder.

    Args:
        folder: Folder, or link to one.
        above: Folders that contain it, without links.
    """
    real = folder.resolve()
    if real in above:
        raise UserError(
            str(folder),
            got=f"a link to {real}, which contains it",
            expected="no cycle of links",
            hint="Replace the link by the files that it should lead to.",
        )
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files(path, (*above, real))
        elif path.is_file():
            if path.name != _MEASURED and path.suffix != PART:
                yield path
        else:
            _require_target(path)


def _require_target(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise UserError(
            str(path),
            got=f"a link to {path.readlink()}, which does not exist",
            expected="a link to a file or a folder",
            hint="Correct the link.",
        )


def _sha256_of_arrays(path: Path) -> str:
    """Return the SHA-256 of the names, types, shapes and values of an archive's arrays, in the order of their names.

    Nothing is unpickled, one chunk is in memory at a time, and the size of the content is bounded: Deflate enlarges
    data at most 1032 times, and the members may not overlap.

    Raises:
        ValueError: If the file is no archive of plain arrays; zipfile and NumPy raise further exceptions.
    """
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) < len(archive.infolist()):
            raise ValueError("two members of the same name")
        if sum(member.compress_size for member in members.values()) > path.stat().st_size:
            raise ValueError("overlapping members")
        if not {member.compress_type for member in members.values()} <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise ValueError("an unusual compression")
        for name in sorted(members):
            with archive.open(members[name]) as stream:
                _add_array(digest, name, stream)
    return digest.hexdigest()


def _add_array(digest: "hashlib._Hash", name: str, stream: IO[bytes]) -> None:
    shape, fortran_order, dtype = _HEADER_READERS[npy.read_magic(stream)](stream)
    if dtype.hasobject:
        raise ValueError("pickled objects")
    described = (name, npy.dtype_to_descr(dtype), shape, fortran_order)
    digest.update(f"{described!r}\0".encode())
    missing = dtype.itemsize * math.prod(shape)
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        missing -= len(chunk)
    if missing != 0:
        raise ValueError("an array of another length than its header declares")
