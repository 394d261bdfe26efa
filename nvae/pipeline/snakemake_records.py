"""Snakemake's records of its jobs, derived from the records of the results.

Snakemake plans from its own records in ``.snakemake``: the parameters, the inputs and the hashes of the inputs of each
job. A clone has none, and without a record Snakemake takes a result that exists as current. Before the graph is built,
the main process therefore writes the records that are missing, or that differ from those of the results.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nvae.errors import UserError
from nvae.pipeline.graph import Pipeline, Step, files_of
from nvae.pipeline.records import Made, Records
from nvae.pipeline.state import State, StepState

#: The format of Snakemake's records that this module writes.
KNOWN_FORMAT = 6
#: Parameter in the record of a result that cannot be current. No job has it, so that Snakemake makes the result again.
_NOT_CURRENT = [repr("not current")]
_HINT = "`nvae verify` lists them; `nvae reproduce` makes results from the raw data in a folder of their own."


class SnakemakeRecords:
    """Snakemake's records in the folder ``.snakemake`` of the working directory.

    They have no public interface. This class uses the private one of Snakemake's file backend, and only if Snakemake
    writes the format for which it was tested.

    Raises:
        UserError: If Snakemake writes another format.
    """

    def __init__(self) -> None:
        from snakemake import persistence
        from snakemake.persistence.file import FilePersistence

        found = getattr(persistence, "RECORD_FORMAT_VERSION", None)
        if found != KNOWN_FORMAT:
            raise UserError(
                "Snakemake",
                got=f"records of format {found}",
                expected=f"format {KNOWN_FORMAT}",
                hint="Install the version of constraints.txt; with another one, changed parameters would go unnoticed.",
            )
        self._record = persistence.MetadataRecord
        self._files: Any = FilePersistence()

    def read(self, file: Path) -> Any:
        """Return the record of a file, or None."""
        return self._files._read_record(str(file))

    def write(self, file: Path, **content: object) -> None:
        """Write the record of a file, an output of a job.

        Args:
            file: Path of the file.
            content: Rule, input, params, code and input_checksums of the job.
        """
        time = file.stat().st_mtime if file.exists() else 0.0
        fixed = {"record_format_version": KNOWN_FORMAT, "incomplete": False, "job_hash": 0, "log": []}
        self._files._write_record(str(file), self._record(**fixed, **content, starttime=time, endtime=time))


class Bookkeeping:
    """The state of a profile's results, and Snakemake's records of them.

    Args:
        pipeline: Steps of the profile.

    Raises:
        UserError: If records are damaged, or Snakemake writes its own in another format.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._theirs = SnakemakeRecords()
        self._records = Records(pipeline)
        self.state = State(pipeline, self._records, self._has_record)

    def put_in_place(self) -> Iterator[str]:
        """Write the records of Snakemake that are missing or differ from those of the results.

        Files of records that are missing are written too: DVC expects that of a group whose results are all current.

        Yields:
            Lines that tell the user which results cannot be taken as current, for lack of a record or by their content.
        """
        unrecorded: list[Path] = []
        changed: list[str] = []
        for step in self._pipeline.steps():
            state = self.state.of(step)
            if state.made is not None:
                self._update(step, state, state.made)
                changed += state.changed[:1]
                unrecorded += filter(self.state.is_unknown, state.made.sources)
                continue
            found = [file for file in step.files.values() if file.exists() and self._lacks_record(file)]
            for file in found:
                self._theirs.write(file, rule=step.rule, params=_NOT_CURRENT)
            unrecorded += found
        if unrecorded:
            yield (
                f"{len(set(unrecorded))} results have no record in {self._pipeline.layout.records} of how they were "
                f"made, and will be made again, such as {unrecorded[0]}. {_HINT}"
            )
        if changed:
            yield f"{len(changed)} results are not as recorded, and will be made again: {changed[0]}. {_HINT}"
        if not self._records.complete:
            self.write_records()

    def write_records(self) -> None:
        """Write the files of records, which travel with the results, with the commands of the rules that made them."""
        commands, theirs = {}, SnakemakeRecords()  # the other object keeps what it read before the run
        for step in self._pipeline.steps():
            file = next(iter(step.files.values()))
            record = theirs.read(file)
            if record is not None and record.code:
                commands[file] = record.code
        Records(self._pipeline).write(commands)

    def _lacks_record(self, file: Path) -> bool:
        record = self._theirs.read(file)
        return record is None or record.params == _NOT_CURRENT

    def _has_record(self, step: Step, made: Made) -> bool:
        """Return whether Snakemake has a record like the given one for each file of a step, and of its present time."""
        return all(self._is_recorded(file, _params(made)) for file in step.files.values())

    def _is_recorded(self, file: Path, params: list[str]) -> bool:
        record = self._theirs.read(file)
        if record is None or set(record.params or ()) != set(params):
            return False
        return not file.exists() or bool(record.endtime == file.stat().st_mtime)

    def _update(self, step: Step, state: StepState, made: Made) -> None:
        """Write Snakemake's records of a step, unless it has them."""
        inputs = _inputs(self.state, step, made)
        files = list(step.files.values())
        params = _NOT_CURRENT if state.changed else _params(made)
        if all(self._is_recorded(file, params) and self._theirs.read(file).input == inputs for file in files):
            return
        checksums = {
            str(file): f"sha256:{_bytes_sha256(file)}"
            for source, digest in made.sources.items()
            if digest is not None and source.exists() and self.state.hashes[source] == digest
            for file in files_of(source)
            if file.exists()
        }
        command = made.command or next((record.code for file in files if (record := self._theirs.read(file))), None)
        for file in files:
            self._theirs.write(
                file, rule=step.rule, input=inputs, params=params, code=command, input_checksums=checksums
            )


def _params(made: Made) -> list[str]:
    """Return the parameters ``code`` and ``settings`` of a rule as Snakemake records them."""
    return sorted([repr(made.plan.code_text), repr(made.plan.settings)])


def _inputs(state: State, step: Step, made: Made) -> list[str]:
    """Return the inputs to record: those that the rule will have, if the step still reads what it read."""
    if set(made.sources) == {path for paths in step.sources.values() for path in paths}:
        return sorted(file for files in state.inputs(step).values() for file in files)
    return sorted(str(file) for source in made.sources for file in files_of(source))


def _bytes_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
