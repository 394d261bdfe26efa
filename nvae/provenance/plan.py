"""What determines the result of a step beside its inputs: the verb, its settings and its code."""

import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nvae.errors import UserError
from nvae.provenance.closure import changed_files, fingerprint


@dataclass(frozen=True)
class Plan:
    """The plan of one step.

    Snakemake's main process makes the plans when it builds its graph, and passes the digest of each to its job. The job
    makes the plan once more, from the configuration that it read and from the code that it runs, and refuses to work if
    the digests differ. Its sidecar records the plan of the job.

    Args:
        verb: Name of the verb.
        settings: Part of the configuration on which the result depends, as canonical JSON.
        modules: Dotted names of the modules that the verb runs.
        code: Files of the package that these modules import, each with the beginning of its SHA-256.
    """

    verb: str
    settings: str = "{}"
    modules: Sequence[str] = ()
    code: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, verb: str, settings: str = "{}", *modules: str) -> "Plan":
        """Return the plan of a verb with these settings and the present code of these modules."""
        return cls(verb, settings, modules, fingerprint(*modules))

    @property
    def params(self) -> dict[str, Any]:
        """The settings as a mapping."""
        content: dict[str, Any] = json.loads(self.settings)
        return content

    @property
    def code_text(self) -> str:
        """The files and hashes of the code as one line of text.

        >>> Plan("draw", code={"nvae/b.py": "02", "nvae/a.py": "01"}).code_text
        'nvae/a.py:01 nvae/b.py:02'
        """
        return " ".join(f"{file}:{digest}" for file, digest in sorted(self.code.items()))

    @property
    def digest(self) -> str:
        """Digests of settings and code, which ``--plan`` of a verb takes.

        >>> Plan("draw").digest == Plan("draw").digest, Plan("draw").digest == Plan("draw", '{"a": 1}').digest
        (True, False)
        """
        return f"{_digest(self.settings)}.{self.code_digest}"

    @property
    def code_digest(self) -> str:
        """The digest of the code, 16 hexadecimal digits."""
        return _digest(self.code_text)

    def require(self, expected: str) -> None:
        """Require that the plan is the expected one, and that the code that was loaded is the planned one.

        Args:
            expected: Digest of the plan when the graph was built.

        Raises:
            UserError: If settings or code were changed in the meantime.
        """
        hint = "Run the same command again: it plans anew, and keeps what was finished."
        for module in self.modules:
            importlib.import_module(module)
        changed = changed_files(self.code)
        settings, _, code = expected.partition(".")
        if changed or self.code_digest != code:
            where = ", ".join(changed) or "one of the files that it runs"
            raise UserError(
                f"nvae {self.verb}",
                got=f"code that was changed since the run was planned ({where})",
                expected="the planned code",
                hint=hint,
            )
        if _digest(self.settings) != settings:
            raise UserError(
                f"nvae {self.verb}",
                got="settings that were changed since the run was planned (params.yaml or data/registry.csv)",
                expected="the planned settings",
                hint=hint,
            )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
