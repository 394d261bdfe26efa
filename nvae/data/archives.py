"""Image trees: the same read access to a folder of images and to a zip file of it, both treated as untrusted.

This module never extracts an archive to disk. It reads a zip file member by member, after it has checked the name, the
kind and the declared size of every member.
"""

import os
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from nvae.errors import UserError

TREE = "CroppedYale"
"""The top folder of the Yale B archive, and the stem of the archive's name."""

MEMBER_BYTES = 2_000_000
"""Maximal size of a file in a tree, in bytes; the largest file of the real database is a 640×480 PGM of 0.3 MB."""

MEMBERS = 20_000
"""Maximal number of files in a tree; the real database has 2,546."""

IMAGE_SUFFIXES = (".pgm", ".pgm.bad")
"""The suffixes of images in a tree."""


class ImageTree(ABC):
    """Read access to a folder of images or to a zip file of it. Usable as a context manager.

    Names are POSIX paths below ``CroppedYale``, such as ``yaleB01/yaleB01_P00A+000E+00.pgm``.
    Hidden files and the ``__MACOSX`` folder that macOS adds to archives are ignored.

    Args:
        path: Zip file or folder, for error messages.
        names: Names of the files.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._names = sorted(names)
        if len(self._names) > MEMBERS:
            raise _bad_tree(path, f"{len(self._names):,} files", f"at most {MEMBERS:,}")

    def names(self) -> list[str]:
        """Return the names of all files, including those that are not images, sorted."""
        return list(self._names)

    def images(self) -> list[str]:
        """Return the names of the images, usable (``.pgm``) or marked as bad (``.pgm.bad``), sorted."""
        return [name for name in self._names if name.endswith(IMAGE_SUFFIXES)]

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes of one file, at most `MEMBER_BYTES`.

        Raises:
            UserError: If the file is missing, damaged or too large.
        """

    @abstractmethod
    def size(self, name: str) -> int:
        """Return the size of one file in bytes, as declared by the archive or the file system."""

    @abstractmethod
    def close(self) -> None:
        """Close the files that the tree holds open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_image_tree(root: Path) -> ImageTree:
    """Open the images under ``root``, from a zip file or a folder.

    The first of these that exists is opened: ``root`` itself if it is a (zip) file, ``root/CroppedYale.zip``,
    ``root/CroppedYale/``, and ``root`` itself if it is a folder with subfolders named ``yaleB…``.

    Args:
        root: Raw folder, such as ``data/raw/yale_b`` or ``data/raw/faces``, or a zip file.

    Returns:
        The tree; close it, or use it in a ``with`` statement.

    Raises:
        UserError: If there is no tree, if the file is not a zip file, if there are more than `MEMBERS` files, or if a
            member has a name outside the tree, is a link, a duplicate, encrypted, compressed by an unusual method, or
            larger than `MEMBER_BYTES`.
    """
    packed, folder = root / f"{TREE}.zip", root / TREE
    if root.is_file():
        return _ZipTree(root)
    if packed.is_file():
        return _ZipTree(packed)
    if folder.is_dir():
        return _FolderTree(folder)
    if any(root.glob("yaleB*/")):
        return _FolderTree(root)
    raise UserError(
        str(root),
        got=f"neither {packed.name} nor {folder.name}/ in it",
        expected="the images of the cropped Extended Yale B database, as a zip file or a folder",
        hint="Run `nvae fetch yale_b`, or `nvae draw-data faces` for the built-in stand-in.",
    )


class _ZipTree(ImageTree):
    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        # zipfile raises NotImplementedError for an unknown compression method or version.
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            raise _bad_tree(path, f"an unreadable archive ({error})", "a zip file") from error
        try:
            self._members = _members(path, self._zip.infolist())
            super().__init__(path, list(self._members))
        except UserError:
            self._zip.close()
            raise

    def read(self, name: str) -> bytes:
        try:
            # Reading stops at the declared size, whose bound was checked when the tree was opened, and the CRC-32 is
            # checked. Without an argument, read() would inflate the whole member before it truncates it.
            with self._zip.open(self._members[name]) as member:
                return member.read(MEMBER_BYTES)
        except KeyError:
            raise _missing(self.path, name) from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise _bad_tree(self.path, f"a damaged member {name!r} ({error})", "a whole archive") from error

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def close(self) -> None:
        self._zip.close()


class _FolderTree(ImageTree):
    def __init__(self, path: Path) -> None:
        self._files = dict(_walk(path))
        super().__init__(path, list(self._files))

    def read(self, name: str) -> bytes:
        if name not in self._files:
            raise _missing(self.path, name)
        with self._files[name].open("rb") as stream:
            content = stream.read(MEMBER_BYTES + 1)
        if len(content) > MEMBER_BYTES:
            raise _too_large(self.path, name, f"more than {MEMBER_BYTES:,}")
        return content

    def size(self, name: str) -> int:
        return self._files[name].stat().st_size

    def close(self) -> None:
        pass  # files are opened and closed by read()


def _members(path: Path, infos: Sequence[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Check every member of an archive, also ignored ones, and return its files by their names below `TREE`."""
    for info in infos:
        _check_member(path, info)
    files = [info for info in infos if not info.is_dir() and not _hidden(PurePosixPath(info.filename))]
    # Some repacked archives do not have the top folder.
    parts = [PurePosixPath(info.filename).parts for info in files]
    wrapped = all(len(folders) > 1 and folders[0] == TREE for folders in parts)
    found: dict[str, zipfile.ZipInfo] = {}
    for info, folders in zip(files, parts, strict=True):
        name = "/".join(folders[1:] if wrapped else folders)
        if name in found:
            raise _bad_tree(path, f"two members named {info.filename!r}", "each name once")
        found[name] = info
    return found


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    name = info.filename
    # ZipInfo truncates a name at a NUL, but orig_filename does not. Other systems have backslash or colon as separator.
    if name.startswith("/") or ".." in PurePosixPath(name).parts or any(mark in info.orig_filename for mark in "\\:\0"):
        raise _bad_tree(path, f"the member {info.orig_filename!r}", "names that stay inside the archive's folder")
    if not PurePosixPath(name).parts:
        raise _bad_tree(path, f"a member without a name, {info.orig_filename!r}", "named members")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _bad_tree(path, f"the member {name!r}, a link or device", "plain files and folders")
    if info.flag_bits & 1:
        raise _bad_tree(path, f"the encrypted member {name!r}", "members without a password")
    # For other methods zipfile inflates a whole block, whatever the declared size: kilobytes can become gigabytes.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        got = f"the member {name!r}, compressed by method {info.compress_type}"
        raise _bad_tree(path, got, "stored or deflated files")
    if info.file_size > MEMBER_BYTES:
        raise _too_large(path, name, f"{info.file_size:,}")


def _raise(error: OSError) -> None:
    raise error  # os.walk would leave out a folder that cannot be read


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the plain files below a folder. Links are refused: a target may be outside, and a copy would differ."""
    for parent, folders, files in os.walk(folder, onerror=_raise):
        for entry in [*folders, *files]:
            path = Path(parent) / entry
            name = path.relative_to(folder)
            if _hidden(PurePosixPath(name)):
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise _bad_tree(folder, f"{name.as_posix()!r}, a link or device", "plain files and folders")
            if path.is_file():
                yield name.as_posix(), path


def _hidden(name: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def _bad_tree(path: Path, got: str, expected: str) -> UserError:
    return UserError(str(path), got=got, expected=expected, hint="Get the archive again from a trusted source.")


def _too_large(path: Path, name: str, size: str) -> UserError:
    return _bad_tree(path, f"the member {name!r} of {size} bytes", f"at most {MEMBER_BYTES:,} bytes per file")


def _missing(path: Path, name: str) -> UserError:
    return _bad_tree(path, f"no member {name!r}", "a name in names()")
