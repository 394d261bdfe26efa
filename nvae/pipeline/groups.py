"""Groups of steps, as fine as figures need. They are the stages of DVC, and each has a file of records."""

from pathlib import Path

from nvae.figures import FIGURES
from nvae.pipeline.graph import Pipeline, Step

_NUMBERS = {spec.name: spec.number for spec in FIGURES}
#: Rules whose results no figure needs and which have a group of their own; all others are in the group of tables.
_OWN_GROUPS = {"check_claims": "check_claims", "release_model": "releases"}


def groups(pipeline: Pipeline) -> dict[str, list[Step]]:
    """Return the steps of each group by its name, such as ``for-05-10``: all that exactly Figures 5 and 10 need.

    Whatever a step reads is needed by at least the same figures, so there are no cycles among groups.

    Args:
        pipeline: Steps of a profile.
    """
    needed = _figures_that_need(pipeline)
    found: dict[str, list[Step]] = {}
    for step in pipeline.steps():
        name = _OWN_GROUPS.get(step.rule, "tables")
        if step.rule in _NUMBERS:
            name = step.rule
        elif needed[step.artefacts[0]]:
            name = "-".join(["for", *sorted(needed[step.artefacts[0]])])
        found.setdefault(name, []).append(step)
    return found


def _figures_that_need(pipeline: Pipeline) -> dict[Path, set[str]]:
    """Return the numbers of the figures for which each artefact is needed, directly or indirectly."""
    needed: dict[Path, set[str]] = {}
    for step in reversed(list(pipeline.steps())):
        numbers = {number for path in step.artefacts for number in needed.get(path, set())}
        if step.rule in _NUMBERS:
            numbers.add(_NUMBERS[step.rule])
        for path in (*step.artefacts, *(path for paths in step.sources.values() for path in paths)):
            needed.setdefault(path, set()).update(numbers)
    return needed
