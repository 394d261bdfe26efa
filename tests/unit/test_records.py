"""The files of records: what they keep, what a sidecar overrides, former groups, and damage."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nvae.claims import load as load_claims
from nvae.config import load
from nvae.errors import UserError
from nvae.pipeline import records as module
from nvae.pipeline.graph import Pipeline, Step
from nvae.pipeline.records import Made, Records
from nvae.provenance import sha256
from nvae.provenance.job import Job
from nvae.provenance.lineage import Hashes
from nvae.provenance.plan import Plan

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "claims.yaml", "data/registry.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, name)
    return Pipeline(load(Path("params.yaml"), profile="smoke"), load_claims(Path("claims.yaml")))


def file(pipeline: Pipeline, *made: Made, group: str = "tables") -> Path:
    path = pipeline.layout.group_records(group)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(module._text(made), encoding="utf-8")
    return path


def variants(pipeline: Pipeline, **changes: object) -> tuple[Step, Made]:
    """Return the step of the table of variants, and a record of it that was adopted."""
    step = pipeline.variants()
    path = step.artefacts[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a,b\n", encoding="utf-8")
    made = Made(step.plan, {path: sha256(path)}, {}, adopted="c0ffee", command="nvae variants")
    return step, replace(made, **changes)  # type: ignore[arg-type]


def sidecar(step: Step, plan: Plan) -> None:
    Job(plan).write_sidecar(step.artefacts[0])


def test_what_is_written_is_read(pipeline: Pipeline) -> None:
    step, made = variants(pipeline)
    drawn = pipeline.figures()[4]
    figure = Made(
        drawn.plan, dict.fromkeys(drawn.artefacts, "01"), {Path("results/x.csv"): None, step.artefacts[0]: "2"}
    )
    claims = pipeline.claims()
    verdicts = Made(claims.plan, dict.fromkeys(claims.artefacts, "02"), {Path("claims.yaml"): "3"})
    file(pipeline, made, figure, verdicts)
    for one, expected in ((step, made), (drawn, figure), (claims, verdicts)):
        found = Records(pipeline).of(one)
        assert found is not None
        assert (found.plan.params, found.plan.code) == (expected.plan.params, expected.plan.code)
        assert replace(found, plan=expected.plan) == expected


def test_a_sidecar_with_its_code_replaces_an_adopted_record_and_an_older_one_does_not(pipeline: Pipeline) -> None:
    step, made = variants(pipeline)
    file(pipeline, made)
    sidecar(step, replace(step.plan, code={}))
    old = Records(pipeline).of(step)
    assert old is not None
    assert (old.adopted, old.differences(step)) == ("c0ffee", [])
    sidecar(step, step.plan)
    new = Records(pipeline).of(step)
    assert new is not None
    assert (new.adopted, new.command, new.differences(step)) == ("", "nvae variants", [])


def test_records_move_to_the_present_group_of_their_step(pipeline: Pipeline) -> None:
    """Groups are named after figures, and one figure more or less renames them."""
    step, made = variants(pipeline)
    former = file(pipeline, made, group="for-99")
    assert not Records(pipeline).complete
    Records(pipeline).write({})
    assert not former.exists()
    moved = Records(pipeline).of(step)
    assert moved is not None
    assert (moved.adopted, moved.command) == (made.adopted, made.command)
    file(pipeline, replace(made, adopted="0ld"), group="for-99")  # the record of the present group goes first
    assert Records(pipeline).of(step) == moved


def test_differences_name_settings_code_inputs_and_contents(pipeline: Pipeline) -> None:
    step, made = variants(pipeline)
    code = dict(step.plan.code) | {"nvae/rng.py": "0"}
    other = replace(made, plan=Plan("variants", '{"a": {"b": 1}}', code=code), sources={Path("claims.yaml"): "0"})
    found = other.differences(step)
    assert found[0].startswith("made with other settings: a, ")
    assert found[1:] == ["made by other code: nvae/rng.py", "made from other inputs: claims.yaml"]
    step.artefacts[0].write_text("edited", encoding="utf-8")
    assert other.changed_content(Hashes()) == [
        f"{step.artefacts[0]} has changed since it was made",
        "made from a different claims.yaml",
    ]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content.pop("code"), "damaged records"),
        (lambda content: content.update(format=2), "got format 2"),
        (lambda content: content["steps"][0].update(artefacts={"../secret": "1"}), "expected a relative path"),
        (lambda content: content["steps"][0].update(sources=["/dev/zero"]), "expected a relative path"),
        (lambda content: content["steps"][0].update(settings="gone"), "damaged records"),
        (lambda content: content.update(steps=[{"artefacts": {}}]), "damaged records"),
    ],
)
def test_damage_is_one_line(pipeline: Pipeline, damage: object, message: str) -> None:
    _, made = variants(pipeline)
    path = file(pipeline, made)
    content = json.loads(path.read_text(encoding="utf-8"))
    damage(content)  # type: ignore[operator]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        Records(pipeline)
