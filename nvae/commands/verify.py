"""``nvae verify``: comparison of the results with their records, with the configuration and with the code."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from nvae import claims
from nvae.commands._common import add_params, load_config
from nvae.errors import UserError
from nvae.layout import RAW, Layout
from nvae.pipeline.graph import Pipeline, Step
from nvae.pipeline.records import Records
from nvae.pipeline.state import State, StepState
from nvae.provenance.lineage import Finding, Hashes, artefacts, differences, unaccounted
from nvae.provenance.sidecars import sidecar_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the verb's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        help="artefacts or folders whose files are compared with their sidecars alone (default: everything that the "
        "pipeline makes, also with params.yaml, the code and the list of steps)",
    )
    parser.add_argument("--claims", type=Path, default=Path("claims.yaml"), help="path of the claims")
    add_params(parser)


def run(args: argparse.Namespace) -> None:
    """Print one line per difference.

    Raises:
        UserError: If something differs, or there is nothing to verify.
    """
    config = load_config(args)
    if args.paths:
        _verify_places(args.paths, Layout(config.profile))
        return
    pipeline = Pipeline(config, claims.load(args.claims))
    state = State(pipeline, Records(pipeline))
    steps = list(pipeline.steps())
    present = {path for step in steps for path in step.artefacts if path.exists()}
    if not present:
        raise UserError(
            "results",
            got=f"none of profile {pipeline.config.profile}",
            expected="at least one",
            hint="Make or restore them: snakemake --cores 2 -- all_figures, or nvae restore.",
        )
    targets = {path for step in pipeline.targets() for path in step.artefacts}
    found = [finding for step in steps for finding in _differences(step, state.of(step), targets)]
    found += _unplanned(pipeline, steps)
    known = [(step, made) for step in steps if (made := state.of(step).made) is not None]
    absent = sum(not path.exists() for step, _ in known for path in step.artefacts)
    adopted = sum(bool(made.adopted) for _, made in known)
    notes = [f"{len(present)} artefacts are as recorded, and their records are as planned"]
    if absent:
        notes.append(f"{absent} more are recorded but not here (nvae restore)")
    if adopted:
        notes.append(f"the records of {adopted} steps were adopted, not written by the steps (docs/reproduce.md)")
    _report(found, "; ".join(notes))


def _verify_places(places: list[Path], layout: Layout) -> None:
    """Compare the artefacts at places that the user named with their sidecars alone."""
    hashes = Hashes()
    chosen = list(dict.fromkeys(artefact for place in places for artefact in _artefacts(place)))
    found = [finding for artefact in chosen for finding in differences(artefact, hashes)]
    for folder in (layout.tables, layout.figures):
        if any(folder == place or place in folder.parents for place in places):
            found += unaccounted(folder)
    _report(found, f"{len(chosen)} artefacts match their sidecars")


def _differences(step: Step, state: StepState, targets: set[Path]) -> Iterator[Finding]:
    """Yield the differences of the artefacts of a step from their record, and of the record from the plan."""
    for path in step.artefacts:
        if not path.exists() and (path in targets or sidecar_of(path).exists()):
            yield Finding(path, "it is missing")
        if path.exists() and state.made is None:
            yield Finding(path, "there is no record of how it was made")
        elif path.exists() and not path.is_dir() and path in targets and not sidecar_of(path).exists():
            yield Finding(path, "it has no sidecar")
    for what in (*state.differences, *state.changed):
        yield Finding(step.artefacts[0], what)


def _unplanned(pipeline: Pipeline, steps: Iterable[Step]) -> Iterator[Finding]:
    """Yield the artefacts that no step makes, and the files in the folders of tables and figures without a sidecar."""
    layout = pipeline.layout
    planned = {path for step in steps for path in step.artefacts}
    for folder in (RAW, layout.prepared("any").parent, layout.results, layout.figures):
        for path in artefacts(folder):
            if path not in planned and (folder != RAW or path.name in pipeline.config.data):
                yield Finding(path, "no step of the pipeline makes it (nvae prune lists what can be deleted)")
    for folder in (layout.tables, layout.figures):
        yield from unaccounted(folder)


def _report(found: list[Finding], success: str) -> None:
    for finding in found:
        print(finding)
    if found:
        raise UserError(
            "results",
            got=f"{len({finding.path for finding in found})} that differ, listed above",
            expected="all to match their records, params.yaml and the code",
            hint="Make them again with Snakemake, or restore them: git checkout, nvae restore.",
        )
    print(success)


def _artefacts(place: Path) -> list[Path]:
    """Return the artefacts at a place that the user named.

    Raises:
        UserError: If there is none.
    """
    if sidecar_of(place).exists():
        return [place]
    if place.is_dir() and (found := list(artefacts(place))):
        return found
    raise UserError(
        str(place),
        got="no sidecar" if place.exists() else "no such file",
        expected="an artefact, or a folder of them",
        hint="Correct the path.",
    )
