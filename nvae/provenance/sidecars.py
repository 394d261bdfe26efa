"""Provenance of artefacts: hashes, atomic writes, and the sidecar ``X.meta.json`` of each artefact.

A sidecar has two blocks. ``made_from`` is deterministic (verb, parameters, hashes of inputs and output); ``run``
records the commit, versions, device and duration. Sidecars are outputs, never inputs.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nvae.errors import UserError
from nvae.provenance.hashing import PART

#: Suffix of a sidecar, after the name of its artefact.
SIDECAR = ".meta.json"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which is renamed to ``path`` on success and removed on failure.

    Raises:
        UserError: If the file cannot be written (no space, no permission, or a folder of that name).

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic(target) as part:
    ...     _ = part.write_text("whole", encoding="utf-8")
    >>> target.read_text(encoding="utf-8")
    'whole'
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        # Some writers (safetensors) create private files; an artefact gets the permissions of any other new file.
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except Exception as error:
        # The error of safetensors contains the system's error as text, in Rust's format.
        if isinstance(error, OSError) or "(os error " in str(error):
            raise UserError(
                str(path),
                got=str(error).replace(str(part), str(path)),
                expected="a writable path with free space",
                hint="Free some space or choose another path, and run the command again; no partial file is left.",
            ) from error
        raise
    finally:
        with suppress(OSError):
            part.unlink()


def sidecar_of(artefact: Path) -> Path:
    """Return the path of an artefact's sidecar."""
    return artefact.parent / (artefact.name + SIDECAR)


def write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    """Write ``{folder}.sha256``, the list of a folder's raw files in the format of ``sha256sum``.

    The list represents the folder in Snakemake's graph, because Snakemake deletes declared outputs before it makes them
    again.

    Args:
        folder: Folder of the files.
        digests: SHA-256 of each file's payload, by file name.
    """
    with atomic(folder.with_name(folder.name + ".sha256")) as part:
        part.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())), encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
