"""Files that others may have written: reading of JSON, and paths that occur in the content of a file."""

import stat
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from nvae.errors import UserError

#: Folders of the project that may be links to another disk.
_STORES = ("data", "data/raw", "data/prepared", "results")


def read_json(path: Path, *, kind: str, hint: str) -> Any:
    """Read a JSON file.

    Args:
        path: Path of the file.
        kind: Description of the file for the error message, such as ``sidecar``.
        hint: One sentence that states what to do.

    Raises:
        UserError: If the file is missing or cannot be read, is no regular file, or is no JSON, which includes values
            that are nested too deeply and numbers with too many digits.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError("no regular file")
        return from_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(str(path), got="no such file", expected=f"a {kind}", hint=hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(str(path), got=f"a damaged {kind} ({reason})", expected="a complete one", hint=hint) from None


def project_path(name: str, *, what: str, hint: str) -> Path:
    """Return a path that the content of a file names, after checking that it stays in the project.

    Nothing is opened, and there may be no such file.

    Args:
        name: Path as it is written in the file, relative to the project's root, which is the working directory.
        what: Place in which the path is written, for the error message.
        hint: One sentence that states what to do.

    Raises:
        UserError: If the path is absolute, contains ``..``, leaves the project through a symbolic link other than that
            of a folder of data or results, is the project itself, or leads to a device, a FIFO or a socket.
    """
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(what, got=name, expected="a relative path in the project", hint=hint)
    require_file_in(Path(), path, what=what, hint=hint)
    return path


def require_file_in(folder: Path, path: Path, *, what: str, hint: str) -> None:
    """Check that a path leads to a regular file or a folder below ``folder``, if it exists. Links are followed.

    Args:
        folder: Folder that the path must not leave; its folders of data and results may be links to another disk.
        path: Path of a file or a folder.
        what: Place in which the path is written, for the error message.
        hint: One sentence that states what to do.

    Raises:
        UserError: If it leads out of the folder, to the folder itself, or to a device, a FIFO or a socket.
    """
    expected = f"a regular file or a folder in {folder.resolve()}"
    try:
        target = path.resolve()
        if {folder.resolve(), *((folder / store).resolve() for store in _STORES)}.isdisjoint(target.parents):
            raise UserError(what, got=f"{path}, which is {target}", expected=expected, hint=hint)
        if not path.is_file() and not path.is_dir() and path.exists():
            raise UserError(what, got=f"{path}, a device, FIFO or socket", expected=expected, hint=hint)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a cycle of links, before Python 3.13
        reason = getattr(error, "strerror", None) or error
        raise UserError(what, got=f"{path} ({reason})", expected=expected, hint=hint) from None
