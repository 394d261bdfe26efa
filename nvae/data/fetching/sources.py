"""The possible sources of a raw file, in the order in which they are tried."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nvae.data.archives import TREE
from nvae.data.fetching.registry import RawFile
from nvae.errors import UserError

MIRROR_VARIABLE = "NVAE_DATA_MIRROR"
OFFLINE_VARIABLE = "NVAE_OFFLINE"


class SourceError(Exception):
    """A source can't serve a file; the message is a short reason."""


class GivenUpError(SourceError):
    """No connection can be made, or it is too slow, so that the same source is not tried for other files."""


@dataclass(frozen=True)
class Setting:
    """Settings of the sources from environment variables.

    Args:
        mirrors: Folders or http(s) addresses, in the order in which they are tried.
        offline: Whether the network must not be used; if so, no socket is opened.
    """

    mirrors: tuple[str, ...] = ()
    offline: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read ``NVAE_DATA_MIRROR`` and ``NVAE_OFFLINE``.

        Args:
            environ: Environment variables, such as ``os.environ``.

        Raises:
            UserError: If a mirror is an address other than a plain http or https address.

        >>> Setting.from_environ({"NVAE_DATA_MIRROR": "/srv/data, https://example.org/data/", "NVAE_OFFLINE": "1"})
        Setting(mirrors=('/srv/data', 'https://example.org/data/'), offline=True)
        """
        mirrors = tuple(part.strip() for part in environ.get(MIRROR_VARIABLE, "").split(",") if part.strip())
        for mirror in mirrors:
            # The message does not repeat the whole address, which may contain a password.
            if "://" in mirror and not re.match(r"https?://[^/@]+(/|$)", mirror, re.IGNORECASE):
                scheme = mirror.split("://")[0]
                got = f"an address {scheme}://…" + (" with a user name" if "@" in mirror else "")
                expected = "a folder, or an http(s) address without a user name"
                raise UserError(MIRROR_VARIABLE, got=got, expected=expected, hint="Change the variable.")
        offline = environ.get(OFFLINE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")
        return cls(mirrors, offline)


@dataclass(frozen=True)
class Source:
    """One source of a file, with the places in it where the file may be.

    Args:
        label: Name of the source in messages.
        places: Paths of files or folders, or addresses as strings.
    """

    label: str
    places: tuple[Path | str, ...]


def sources(row: RawFile, out: Path, setting: Setting) -> list[Source]:
    """List all sources of a file: the raw folder, the mirrors, a package of the system, the official address.

    Args:
        row: Registry row of the file.
        out: Raw folder of the data set, to which a user may have copied the file by hand.
        setting: Settings from the environment.

    Returns:
        The sources in the order in which they are tried.
    """
    # The target is one of the places: a gzip file with the plain name is decompressed in place.
    found = [Source(f"{out}", tuple(_in_folder(row, out)))]
    found += [Source(f"{MIRROR_VARIABLE} {mirror}", _mirror_places(row, mirror)) for mirror in setting.mirrors]
    if row.system:
        found.append(Source(f"{Path(row.system).parent}", (Path(row.system),)))
    found.append(Source(row.url, (row.url,)))
    return found


def _mirror_places(row: RawFile, mirror: str) -> tuple[Path | str, ...]:
    if "://" in mirror:
        return tuple(f"{mirror.rstrip('/')}/{row.dataset}/{name}" for name in row.names)
    try:
        folder = Path(mirror).expanduser()
    except RuntimeError as error:
        hint = "Change the variable."
        raise UserError(MIRROR_VARIABLE, got=f"{mirror} ({error})", expected="a folder", hint=hint) from None
    return tuple(_in_folder(row, folder / row.dataset))


def _in_folder(row: RawFile, folder: Path) -> list[Path]:
    """Return the places in a data set's folder: below it, as in the raw folder, or in the folder itself."""
    names = [*row.names, *([TREE] if row.content == "images" else [])]
    return [place / name for place in dict.fromkeys([(folder / row.path).parent, folder]) for name in names]
