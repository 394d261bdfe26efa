"""Which results of a profile are current: made as the pipeline would make them now, from inputs that are current."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nvae.pipeline.graph import Pipeline, Step, files_of
from nvae.pipeline.records import Made, Records
from nvae.provenance.lineage import Hashes


@dataclass(frozen=True)
class StepState:
    """State of one step.

    Args:
        made: Record of how its artefacts were made; None if there is none.
        differences: Differences of the record from what the step would do now, in words.
        changed: Differences of the contents of artefacts, and of what was read, from the record, in words.
        outdated_sources: Artefacts that it reads and that are not current themselves.
    """

    made: Made | None
    differences: tuple[str, ...]
    changed: tuple[str, ...]
    outdated_sources: tuple[Path, ...]

    @property
    def current(self) -> bool:
        """Whether the artefacts, if they are there, need not be made again."""
        return self.made is not None and not (self.differences or self.changed or self.outdated_sources)


class State:
    """The state of every step of a profile.

    Args:
        pipeline: Steps of the profile.
        records: Records of how the results were made.
        trusted: Function that returns whether the contents of a step's files need not be hashed, since they are as old
            as when Snakemake recorded them, and it compares inputs by time and hash; None hashes all.
    """

    def __init__(
        self, pipeline: Pipeline, records: Records, trusted: Callable[[Step, Made], bool] | None = None
    ) -> None:
        self.pipeline = pipeline
        self.hashes = Hashes()
        self.steps: dict[Path, StepState] = {}
        self._records, self._trusted = records, trusted
        self._makers = {artefact: step for step in pipeline.steps() for artefact in step.artefacts}
        for step in self._makers.values():
            self._examine(step)

    def _examine(self, step: Step) -> StepState:
        """Return the state of a step, after that of the steps whose artefacts it reads."""
        if (known := self.steps.get(step.artefacts[0])) is not None:
            return known
        made = self._records.of(step)
        sources = [path for paths in step.sources.values() for path in paths]
        differences: list[str] = []
        changed: list[str] = []
        if made is not None:
            differences = made.differences(step)
            trusted = self._trusted is not None and all(path.exists() for path in sources) and self._trusted(step, made)
            changed = [] if trusted else made.changed_content(self.hashes)
        outdated = [path for path in sources if (maker := self._maker(path)) and not self._examine(maker).current]
        state = StepState(made, tuple(differences), tuple(changed), tuple(outdated))
        self.steps.update(dict.fromkeys(step.artefacts, state))
        return state

    def _maker(self, source: Path) -> Step | None:
        """Return the step that makes a source; for a file of a model, the step that makes the model's folder."""
        return self._makers.get(source) or self._makers.get(source.parent)

    def of(self, step: Step) -> StepState:
        """Return the state of a step of the profile."""
        return self.steps[step.artefacts[0]]

    def is_unknown(self, source: Path) -> bool:
        """Return whether a step of the profile makes a source, but it is not there, and nor is its record."""
        maker = self._maker(source)
        return maker is not None and self.of(maker).made is None and not source.exists()

    def inputs(self, step: Step) -> dict[str, list[str]]:
        """Return the files that Snakemake is to compare with those that a step makes, by name.

        A clone has results, but not the data and models from which they were made. If a result is current, its missing
        inputs are left out: otherwise a step that needs one of them anew would make Snakemake repeat every other step
        that reads it.
        """
        state = self.steps.get(step.artefacts[0])
        if state is None or not state.current or not all(file.exists() for file in step.files.values()):
            return step.inputs
        return {
            name: [str(file) for path in paths if path.exists() for file in files_of(path)]
            for name, paths in step.sources.items()
        }
