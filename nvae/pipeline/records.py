"""What is known of how the results of a profile were made.

The sidecar of an artefact is its record. A clone has only some of the artefacts, those that are in git; the folder
``results/{profile}/records`` has the deterministic part of the records of all, one file per group of steps, and is in
git too. Each step of the pipeline can thus be compared with its record in every clone, whether or not its result is
there.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nvae.errors import UserError
from nvae.pipeline.graph import Pipeline, Step
from nvae.pipeline.groups import groups
from nvae.provenance import atomic
from nvae.provenance.lineage import Hashes, read_record
from nvae.provenance.plan import Plan
from nvae.provenance.sidecars import sidecar_of
from nvae.untrusted import project_path, read_json

_FORMAT = 1
_ID_DIGITS = 8


@dataclass(frozen=True)
class Made:
    """Record of one step: how its artefacts were made.

    Args:
        plan: Settings and code with which they were made.
        artefacts: SHA-256 of each artefact; None if it was not recorded.
        sources: SHA-256 of each artefact that was read; None if it was not recorded.
        adopted: Commit at which the record was adopted for a result that was made before there were records; empty if
            the step itself wrote the record.
        command: Command of Snakemake's rule when the step ran; empty if it is unknown.
    """

    plan: Plan
    artefacts: Mapping[Path, str | None]
    sources: Mapping[Path, str | None]
    adopted: str = ""
    command: str = ""

    def differences(self, step: Step) -> list[str]:
        """Return how the record differs from what the step would do now, in words; empty if it does not."""
        found = []
        if self.plan.params != step.plan.params:
            keys = sorted(_changed_keys(self.plan.params, step.plan.params))
            found.append(f"made with other settings: {', '.join(keys)}")
        if self.plan.code != step.plan.code:
            ours, now = self.plan.code, step.plan.code
            files = sorted(file for file in {*ours, *now} if ours.get(file) != now.get(file))
            found.append(f"made by other code: {', '.join(files)}")
        planned = {path for paths in step.sources.values() for path in paths}
        if set(self.sources) != planned:
            changed = ", ".join(map(str, sorted(set(self.sources) ^ planned)[:3]))
            found.append(f"made from other inputs: {changed}")
        return found

    def changed_content(self, hashes: Hashes) -> list[str]:
        """Return how the artefacts, and those that were read, differ from their recorded hashes, in words.

        Missing files are skipped: not every clone has all of them.
        """
        changed = [
            f"{path} has changed since it was made" for path in self.artefacts if _differs(path, self.artefacts, hashes)
        ]
        return changed + [
            f"made from a different {path}" for path in self.sources if _differs(path, self.sources, hashes)
        ]


class Records:
    """The records of all steps of a profile: sidecars, and the files of records for results that are not there.

    Args:
        pipeline: Steps of the profile.

    Raises:
        UserError: If a file of records is damaged.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._groups = {pipeline.layout.group_records(name): steps for name, steps in groups(pipeline).items()}
        self._folder = pipeline.layout.records
        self._filed: dict[Path, Made] = {}
        # If a figure came or went, some steps are in another group than when they ran; the present groups go last.
        for path in (*self._of_former_groups(), *self._groups):
            self._filed.update(_read(path))

    @property
    def complete(self) -> bool:
        """Whether every group has a file of records."""
        return all(path.exists() for path in self._groups)

    def _of_former_groups(self) -> list[Path]:
        return sorted(set(self._folder.glob("*.json")) - set(self._groups))

    def of(self, step: Step) -> Made | None:
        """Return the record of a step, or None if there is none.

        The sidecars are the record if all artefacts of the step have one; otherwise a file of records has it.
        """
        filed = self._filed.get(step.artefacts[0])
        if not all(sidecar_of(artefact).is_file() for artefact in step.artefacts):
            return filed
        try:
            found = [read_record(artefact) for artefact in step.artefacts]
        except UserError:
            return filed
        first = found[0]
        sources = {source.path: source.sha256 for source in first.inputs}
        artefacts = {record.artefact: record.sha256 for record in found}
        plan = Plan(first.verb, json.dumps(first.params, sort_keys=True), code=first.code)
        if filed is None or (filed.plan.params, filed.artefacts, filed.sources) != (plan.params, artefacts, sources):
            return Made(plan, artefacts, sources)
        # The file also has what a sidecar lacks: the command and, if the sidecar is older than records, the code.
        if not first.code:
            return filed
        return Made(plan, artefacts, sources, command=filed.command if filed.plan.code == first.code else "")

    def write(self, commands: Mapping[Path, str]) -> None:
        """Write the files of records that change, and delete those of former groups.

        Args:
            commands: First file of each step → command of its rule when the step ran.
        """
        for path, steps in self._groups.items():
            made = [
                replace(record, command=commands.get(next(iter(step.files.values())), record.command))
                for step in steps
                if (record := self.of(step)) is not None
            ]
            text = _text(made)
            if made and not (path.is_file() and path.read_text(encoding="utf-8") == text):
                with atomic(path) as part:
                    part.write_text(text, encoding="utf-8", newline="\n")
        for path in self._of_former_groups():
            path.unlink()


def _differs(path: Path, recorded: Mapping[Path, str | None], hashes: Hashes) -> bool:
    return recorded[path] is not None and path.exists() and hashes[path] != recorded[path]


def _changed_keys(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for key in {*before, *now}:
        old, new = before.get(key), now.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _changed_keys(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key}"


def _text(made: Iterable[Made]) -> str:
    """Return the content of a file: one line per step; settings, code and commands that steps share occur once."""
    shared: dict[str, dict[str, Any]] = {"settings": {}, "code": {}, "commands": {}}

    def share(kind: str, content: Any) -> str:
        name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_ID_DIGITS]
        shared[kind][name] = content
        return name

    known = {path: digest for record in made for path, digest in record.artefacts.items()}
    steps = []
    for record in made:
        other = {str(path): digest for path, digest in record.sources.items() if known.get(path, "") != digest}
        steps.append(
            {
                "artefacts": {str(path): digest for path, digest in record.artefacts.items()},
                "verb": record.plan.verb,
                "settings": share("settings", record.plan.params),
                "code": share("code", dict(record.plan.code)),
                "sources": [str(path) for path in record.sources],
                **({"other_sources": other} if other else {}),
                **({"command": share("commands", record.command)} if record.command else {}),
                **({"adopted": record.adopted} if record.adopted else {}),
            }
        )
    parts = [f'"format": {_FORMAT}']
    for kind, content in shared.items():
        lines = ",\n".join(f'  "{name}": {json.dumps(content[name], sort_keys=True)}' for name in sorted(content))
        parts.append(f'"{kind}": {{\n{lines}\n}}')
    lines = ",\n".join(f"  {json.dumps(step, sort_keys=True)}" for step in steps)
    parts.append(f'"steps": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _read(path: Path) -> dict[Path, Made]:
    """Return the records of a file, by artefact; none if there is no file."""
    if not path.is_file():
        return {}
    hint = "Restore it (git checkout), or delete it and its results to make them from the raw data."

    def place(name: str) -> Path:
        return project_path(name, what=str(path), hint=hint)

    try:
        content = read_json(path, kind="file of records", hint=hint)
        if content["format"] != _FORMAT:
            raise UserError(str(path), got=f"format {content['format']}", expected=f"format {_FORMAT}", hint=hint)
        known = {place(name): digest for step in content["steps"] for name, digest in dict(step["artefacts"]).items()}
        found = {}
        for step in content["steps"]:
            other = {place(name): digest for name, digest in step.get("other_sources", {}).items()}
            paths = [place(name) for name in step["artefacts"]]
            sources = [place(name) for name in step["sources"]]
            plan = Plan(
                str(step["verb"]),
                json.dumps(content["settings"][step["settings"]], sort_keys=True),
                code=dict(content["code"][step["code"]]),
            )
            made = Made(
                plan,
                {path: known[path] for path in paths},
                {source: other.get(source, known.get(source)) for source in sources},
                str(step.get("adopted", "")),
                str(content["commands"][step["command"]]) if "command" in step else "",
            )
            found.update(dict.fromkeys(paths, made))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(
            str(path), got=f"damaged records ({type(error).__name__}: {error})", expected="complete ones", hint=hint
        ) from None
    return found
