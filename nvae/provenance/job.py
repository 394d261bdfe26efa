"""One call of a verb, from its start to the sidecars ``X.meta.json`` of the artefacts that it makes.

A sidecar has two blocks. ``made_from`` is deterministic (verb, parameters, code, hashes of inputs and output); ``run``
records the commit, versions, device and duration. Sidecars are outputs, never inputs.
"""

import functools
import json
import platform
import resource
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from nvae.errors import UserError
from nvae.provenance.commit import commit
from nvae.provenance.hashing import sha256
from nvae.provenance.plan import Plan
from nvae.provenance.sidecars import atomic, sidecar_of

_VERSIONED = ("nvae", "torch", "torchvision", "numpy", "pandas", "scikit-learn", "matplotlib")


@functools.cache
def commit_at_start() -> dict[str, object]:
    """Return the commit of the code when this process first called this function; see `commit`."""
    return commit()


class Job:
    """A call of a verb that makes artefacts.

    The commit, the plan and the hash of each input are taken before the work begins, so that an edit during the work
    cannot get into the sidecars.

    Args:
        plan: Settings and code of the verb.
        expected: Digest of the plan when the run was planned; None if the verb is called by hand.

    Raises:
        UserError: If settings or code were changed since the run was planned.
    """

    def __init__(self, plan: Plan, *, expected: str | None = None) -> None:
        self._start, self._cpu_start = time.monotonic(), time.process_time()
        self._commit = commit_at_start()
        self.plan = plan
        self._inputs: dict[str, Path] = {}
        self._hashes: dict[str, str] = {}
        if expected is not None:
            plan.require(expected)

    def read(self, inputs: Mapping[str, Path]) -> None:
        """Hash inputs before they are read.

        Args:
            inputs: Files and folders by name. A missing one is not hashed, since reading it is an error anyway.
        """
        here = Path.cwd()
        inputs = {name: path.relative_to(here) if path.is_relative_to(here) else path for name, path in inputs.items()}
        self._inputs.update(inputs)
        self._hashes.update({name: sha256(path) for name, path in inputs.items() if path.exists()})

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each input, by name."""
        return dict(sorted(self._hashes.items()))

    def write_sidecar(
        self,
        artefact: Path,
        *,
        options: Mapping[str, object] | None = None,
        device: str = "cpu",
        precision: str | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """Write ``{artefact}.meta.json``.

        Args:
            artefact: Finished file or folder.
            options: Arguments of the verb on which the artefact depends beside the plan, JSON-serialisable.
            device: Device that computed it.
            precision: Precision in which networks were trained, if any were.
            sources: Origin of each fetched file, by name.

        Raises:
            UserError: If an input was changed while the verb ran.
        """
        for name, path in self._inputs.items():
            if sha256(path) != self._hashes.get(name):
                raise UserError(
                    str(path),
                    got="a file that was changed while it was in use",
                    expected="the content that it had at first",
                    hint=f"Run the same command again; {artefact} has no valid sidecar until then.",
                )
        record = {
            "made_from": {
                "verb": self.plan.verb,
                "params": self.plan.params,
                **({"options": dict(options)} if options else {}),
                "code": dict(self.plan.code),
                "inputs": {
                    name: {"path": path.as_posix(), "sha256": self._hashes[name]}
                    for name, path in sorted(self._inputs.items())
                },
                "sha256": sha256(artefact),
            },
            "run": {
                **self._commit,
                "versions": {"python": platform.python_version(), **_versions()},
                "device": device,
                **({"precision": precision} if precision else {}),
                **({"sources": dict(sources)} if sources else {}),
                "seconds": round(time.monotonic() - self._start, 3),
                "cpu_seconds": round(time.process_time() - self._cpu_start, 3),
                "peak_mib": round(_peak_bytes() / 2**20),
            },
        }
        with atomic(sidecar_of(artefact)) as part:
            part.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")


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
