"""Image trees: the same read access to a folder of images and to a zip of it, without trusting either.

Nothing here extracts an archive to disk. A zip is read member by member, after every member's name,
kind and declared size have been looked at.
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
"""The folder at the top of the Yale B archive, and the stem of the archive's name."""

MEMBER_BYTES = 2_000_000
"""Largest file that a tree may hold; the real database's largest is a 640×480 PGM of 0.3 MB."""

MEMBERS = 20_000
"""Most files that a tree may hold; the real database has 2,546."""

IMAGE_SUFFIXES = (".pgm", ".pgm.bad")
"""The endings that make a file of a tree an image."""


class ImageTree(ABC):
    """Read access to a folder of images, packed or not. Usable as a context manager.

    Names are POSIX paths below ``CroppedYale``, such as ``yaleB01/yaleB01_P00A+000E+00.pgm``.
    Hidden files and the ``__MACOSX`` folder that macOS adds to archives do not count.

    Args:
        path: the zip file or folder; used in messages.
        names: the files' names.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self._names = sorted(names)
        if len(self._names) > MEMBERS:
            raise _bad_tree(path, f"{len(self._names):,} files", f"at most {MEMBERS:,}")

    def names(self) -> list[str]:
        """Every file's name, images or not, sorted."""
        return list(self._names)

    def images(self) -> list[str]:
        """The names of the images, usable (``.pgm``) or marked bad (``.pgm.bad``), sorted."""
        return [name for name in self._names if name.endswith(IMAGE_SUFFIXES)]

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of one file, at most `MEMBER_BYTES`.

        Raises:
            UserError: no such file, or it is damaged or too large.
        """

    @abstractmethod
    def size(self, name: str) -> int:
        """The size in bytes of one file, as its archive or file system declares it."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the tree holds open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_image_tree(root: Path) -> ImageTree:
    """Open the images under ``root``, whichever form they have.

    Looked for in this order: ``root`` itself if it is a (zip) file, ``root/CroppedYale.zip``, ``root/CroppedYale/``,
    and ``root`` itself if it is a folder that has folders named ``yaleB…``.

    Args:
        root: such as ``data/raw/yale_b`` or ``data/raw/faces``.

    Returns:
        A tree; close it, or use it in a ``with`` statement.

    Raises:
        UserError: nothing there; not a zip file; a member whose name leaves the tree, that is a link, encrypted, oddly
            packed, a duplicate or larger than `MEMBER_BYTES`; or more than `MEMBERS` files.
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
        expected="the images of the cropped Extended Yale B database, packed or not",
        hint="Run `nvae fetch yale_b`, or `nvae draw-data faces` for the built-in stand-in.",
    )


class _ZipTree(ImageTree):
    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        # zipfile's word for a compression or a version that it does not know is NotImplementedError.
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
            # It ends at the declared size, which was bounded when the tree was opened, and checks the CRC-32. Without a
            # number read() would inflate all that there is before it cuts.
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
    """The files of an archive by name below `TREE`; every member is checked, also those that are then left out."""
    for info in infos:
        _check_member(path, info)
    files = [info for info in infos if not info.is_dir() and not _hidden(PurePosixPath(info.filename))]
    # Some repacked archives lack the top folder.
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
    # ZipInfo cuts a name at a NUL; orig_filename still has it. A backslash or a colon is a separator elsewhere.
    if name.startswith("/") or ".." in PurePosixPath(name).parts or any(mark in info.orig_filename for mark in "\\:\0"):
        raise _bad_tree(path, f"the member {info.orig_filename!r}", "names that stay inside the archive's folder")
    if not PurePosixPath(name).parts:
        raise _bad_tree(path, f"a member without a name, {info.orig_filename!r}", "named members")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _bad_tree(path, f"the member {name!r}, a link or device", "plain files and folders")
    if info.flag_bits & 1:
        raise _bad_tree(path, f"the encrypted member {name!r}", "members without a password")
    # Of other methods zipfile inflates a block at once, whatever size is declared: kilobytes become gigabytes.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _bad_tree(path, f"the member {name!r}, packed by method {info.compress_type}", "stored or deflated files")
    if info.file_size > MEMBER_BYTES:
        raise _too_large(path, name, f"{info.file_size:,}")


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """The plain files below a folder. A link is refused: its target could be anywhere, and the copy would differ."""
    for parent, folders, files in os.walk(folder):
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
    return UserError(str(path), got=got, expected=expected, hint="Get the archive again from a source that you trust.")


def _too_large(path: Path, name: str, size: str) -> UserError:
    return _bad_tree(path, f"the member {name!r} of {size} bytes", f"at most {MEMBER_BYTES:,} bytes a file")


def _missing(path: Path, name: str) -> UserError:
    return _bad_tree(path, f"no member {name!r}", "a name out of names()")
