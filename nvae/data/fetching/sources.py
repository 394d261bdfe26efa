"""Where a raw file may come from, in the order in which places are tried."""

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
    """A source can't serve a file; the message is the reason in a few words."""


class UnreachableError(SourceError):
    """There is no connection: asking the same source for another file is useless."""


@dataclass(frozen=True)
class Setting:
    """What the environment says about sources.

    Args:
        mirrors: folders or http(s) addresses, in the order in which they are tried.
        offline: open no socket at all.
    """

    mirrors: tuple[str, ...] = ()
    offline: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read ``NVAE_DATA_MIRROR`` and ``NVAE_OFFLINE``.

        Args:
            environ: such as ``os.environ``.

        Raises:
            UserError: a mirror is an address, but not a plain http or https one.

        >>> Setting.from_environ({"NVAE_DATA_MIRROR": "/srv/data, https://example.org/data/", "NVAE_OFFLINE": "1"})
        Setting(mirrors=('/srv/data', 'https://example.org/data/'), offline=True)
        """
        mirrors = tuple(part.strip() for part in environ.get(MIRROR_VARIABLE, "").split(",") if part.strip())
        for mirror in mirrors:
            # The address is not repeated in full: it may hold a password.
            if "://" in mirror and not re.match(r"https?://[^/@]+(/|$)", mirror):
                scheme = mirror.split("://")[0]
                got = f"an address {scheme}://…" + (" with a user name" if "@" in mirror else "")
                expected = "a folder, or an http(s) address without a user name"
                raise UserError(MIRROR_VARIABLE, got=got, expected=expected, hint="Change the variable.")
        offline = environ.get(OFFLINE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")
        return cls(mirrors, offline)


@dataclass(frozen=True)
class Source:
    """One source and the places in it where a file may be.

    Args:
        label: how messages name the source.
        places: paths of files or folders, or (text) addresses.
    """

    label: str
    places: tuple[Path | str, ...]


def sources(row: RawFile, out: Path, setting: Setting) -> list[Source]:
    """Every source of one file: supplied by hand, the mirrors, the system's own, the official address.

    Args:
        row: the file.
        out: the data set's raw folder.
        setting: what the environment says.

    Returns:
        Sources in the order in which they are to be tried.
    """
    # The target itself is a place too: a gzip file under the plain name is unpacked in place.
    by_hand = [place for folder in dict.fromkeys([(out / row.path).parent, out]) for place in _in_folder(row, folder)]
    found = [Source(f"{out}", tuple(by_hand))]
    found += [Source(f"{MIRROR_VARIABLE} {mirror}", _mirror_places(row, mirror)) for mirror in setting.mirrors]
    if row.system:
        found.append(Source(f"{Path(row.system).parent}", (Path(row.system),)))
    found.append(Source(row.url, (row.url,)))
    return found


def _mirror_places(row: RawFile, mirror: str) -> tuple[Path | str, ...]:
    if "://" in mirror:
        return tuple(f"{mirror.rstrip('/')}/{row.dataset}/{name}" for name in row.names)
    return tuple(_in_folder(row, Path(mirror).expanduser() / row.dataset))


def _in_folder(row: RawFile, folder: Path) -> list[Path]:
    unpacked = [folder / TREE] if row.content == "images" else []
    return [*(folder / name for name in row.names), *unpacked]
