"""Provenance of artefacts: hashes, atomic writes, and the sidecar ``X.meta.json`` of each artefact.

A sidecar has two blocks. ``made_from`` is deterministic (verb, parameters, hashes of inputs and output); ``run``
records the commit, versions, device and duration. Sidecars are outputs, never inputs.
"""

import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path

from nvae.errors import UserError

#: Suffix of files that are not yet complete.
PART = ".part"
_MEASURED = "throughput.csv"
_NOT_SOURCES = (":!results", ":!paper_figs", ":!dvc.lock")
_VERSIONED = ("nvae", "torch", "torchvision", "numpy", "pandas", "scikit-learn", "matplotlib")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or of the relative names and hashes of a folder's files in sorted order.

    In a folder, measurements of the machine and partial files of a killed process are left out.
    """
    if path.is_dir():
        digest = hashlib.sha256()
        files = (file for file in path.rglob("*") if file.is_file())
        for file in sorted(file for file in files if file.name != _MEASURED and file.suffix != PART):
            digest.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which is renamed to ``path`` on success and removed on failure.

    Raises:
        UserError: If the file cannot be written (no space, no permission, or a folder of that name).

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic(target) as part:
    ...     _ = part.write_text("whole")
    >>> target.read_text()
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


def write_manifest(folder: Path, digests: Mapping[str, str]) -> None:
    """Write ``{folder}.sha256``, the list of a folder's raw files in the format of ``sha256sum``.

    The list represents the folder in Snakemake's graph, because Snakemake deletes declared outputs before it makes them
    again.

    Args:
        folder: Folder of the files.
        digests: SHA-256 of each file's payload, by file name.
    """
    with atomic(folder.with_name(folder.name + ".sha256")) as part:
        part.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class Stopwatch:
    """Time spent since construction: the ``seconds`` and ``cpu_seconds`` of a sidecar."""

    def __init__(self) -> None:
        self._start, self._cpu_start = time.monotonic(), time.process_time()

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since construction."""
        return time.monotonic() - self._start

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process since construction, summed over its threads."""
        return time.process_time() - self._cpu_start


def write_sidecar(
    artefact: Path,
    *,
    verb: str,
    params: Mapping[str, object],
    inputs: Mapping[str, Path],
    stopwatch: Stopwatch,
    device: str = "cpu",
    precision: str | None = None,
) -> None:
    """Write ``{artefact}.meta.json``.

    Args:
        artefact: Finished file or folder.
        verb: Command that made it, such as ``train``.
        params: Slice of the configuration that it depends on, JSON-serialisable.
        inputs: Files and folders that were read, by name.
        stopwatch: Stopwatch that was started when the work began.
        device: Device that computed it.
        precision: Precision in which networks were trained, if any were.
    """
    record = {
        "made_from": {
            "verb": verb,
            "params": dict(params),
            "inputs": {
                name: {"path": path.as_posix(), "sha256": sha256(path)} for name, path in sorted(inputs.items())
            },
            "sha256": sha256(artefact),
        },
        "run": {
            **_commit(),
            "versions": {"python": platform.python_version(), **_versions()},
            "device": device,
            **({"precision": precision} if precision else {}),
            "seconds": round(stopwatch.seconds, 3),
            "cpu_seconds": round(stopwatch.cpu_seconds, 3),
            "peak_mib": round(_peak_bytes() / 2**20),
        },
    }
    with atomic(artefact.with_name(artefact.name + ".meta.json")) as part:
        part.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def _peak_bytes() -> int:
    """Return the peak resident memory of this process in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _versions() -> dict[str, str]:
    found = {}
    for package in _VERSIONED:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit() -> dict[str, object]:
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        # Results are outputs of the run: only changes of code, settings and documents count.
        changed = ["git", "status", "--porcelain", "--untracked-files=no", "--", ".", *_NOT_SOURCES]
        dirty = subprocess.run(changed, capture_output=True, text=True, check=True).stdout != ""
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": dirty}
