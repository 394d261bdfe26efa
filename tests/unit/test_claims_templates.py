"""The loops and defaults of ``claims.yaml``: what they expand to, and the messages for what is refused."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvae import cli
from nvae.claims import load
from nvae.claims.templates import expand
from nvae.errors import UserError

ROOT = Path(__file__).parents[2]


def expanded(**claim: object) -> dict[str, Any]:
    """Expand a file with one claim, and return the claim."""
    (found,) = expand({"claims": [claim]})["claims"]
    assert isinstance(found, dict)
    return found


def test_a_claim_without_loops_is_not_changed() -> None:
    content = yaml.safe_load(
        """
        claims:
          - id: C1
            sentence: One in {braces}.
            quantities: {own: {table: kl, read: {rank: 2}}}
            criteria: [{name: own, expression: "min(own, 2)", above: 0}]
        """
    )
    before = copy.deepcopy(content)
    assert expand(content) == content == before


def test_a_quantity_becomes_one_per_value() -> None:
    found = expanded(over={"w": ["1_5", "2"]}, quantities={"own_{w}": {"variant": "lambda{w}", "rank": 3}, "x": {}})
    assert found == {
        "quantities": {
            "own_1_5": {"variant": "lambda1_5", "rank": 3},
            "own_2": {"variant": "lambda2", "rank": 3},
            "x": {},
        }
    }


def test_a_quantity_becomes_one_per_combination_of_values() -> None:
    lists = {"w": ["1", "2"], "set": [{"name": "a", "role": "digits"}, {"name": "b", "role": "faces"}], "other": ["no"]}
    template = {"role": "{set.role}", "read": [{"name": "kl_{w}_{set.name}"}]}
    found = expanded(over=lists, quantities={"{set.name}_{w}_{set.role}": template})["quantities"]
    # In the order of the placeholders in the name; the last one varies fastest.
    assert list(found.items()) == [
        ("a_1_digits", {"role": "digits", "read": [{"name": "kl_1_a"}]}),
        ("a_2_digits", {"role": "digits", "read": [{"name": "kl_2_a"}]}),
        ("b_1_faces", {"role": "faces", "read": [{"name": "kl_1_b"}]}),
        ("b_2_faces", {"role": "faces", "read": [{"name": "kl_2_b"}]}),
    ]


def test_a_placeholder_alone_takes_the_type_of_its_value() -> None:
    marks = [{"name": "loop", "digit": 2, "share": 0.5, "read": {"kind": "error"}, "zero": 0}]
    keys = ("name", "digit", "share", "read", "zero")
    template = {**{key: f"{{mark.{key}}}" for key in keys}, "text": "{mark.digit} of {mark.share} is {mark.zero}"}
    found = expanded(over={"mark": marks}, quantities={"{mark.name}": template})["quantities"]
    assert found == {"loop": {**marks[0], "text": "2 of 0.5 is 0"}}
    assert {key: type(found["loop"][key]) for key in keys} == {key: type(marks[0][key]) for key in keys}


def test_a_name_is_a_text_whatever_the_type_of_the_value() -> None:
    assert expanded(over={"w": [1, 2]}, quantities={"{w}": {"rank": "{w}"}})["quantities"] == {
        "1": {"rank": 1},
        "2": {"rank": 2},
    }


def test_criteria_of_a_loop_occur_once_per_value_in_order() -> None:
    loop = {"each": "w", "criteria": [{"name": "a {w}", "above": "{w}"}, {"name": "b {w}"}]}
    found = expanded(over={"w": [1, 2], "v": [9]}, criteria=[{"name": "first"}, loop, {"name": "last"}])["criteria"]
    assert found == [
        {"name": "first"},
        {"name": "a 1", "above": 1},
        {"name": "b 1"},
        {"name": "a 2", "above": 2},
        {"name": "b 2"},
        {"name": "last"},
    ]


@pytest.mark.parametrize(
    "loop",
    [
        {"each": ["p", "q"], "criteria": [{"name": "{p}{q}"}]},
        {"each": "p", "criteria": [{"each": "q", "criteria": [{"name": "{p}{q}"}]}]},
    ],
)
def test_loops_over_combinations_and_nested_loops_are_the_same(loop: dict[str, object]) -> None:
    found = expanded(over={"q": [1, 2], "p": ["a", "b"]}, criteria=[loop])["criteria"]
    assert [criterion["name"] for criterion in found] == ["a1", "a2", "b1", "b2"]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("min([w: x_{w}])", "min(x_1, x_2)"),
        ("max([w: x_{w} - y_{w}]) / abs(mean([w: y_{w}], z))", "max(x_1 - y_1, x_2 - y_2) / abs(mean(y_1, y_2, z))"),
        ("[set: {set.name}]", "a, b"),
    ],
)
def test_a_repeated_text_occurs_once_per_value(expression: str, result: str) -> None:
    lists = {"w": [1, 2], "set": [{"name": "a"}, {"name": "b"}]}
    # In a name the brackets have no meaning.
    found = expanded(over=lists, criteria=[{"name": "[w: n]", "expression": expression}])["criteria"]
    assert found == [{"name": "[w: n]", "expression": result}]


def test_a_repeated_text_may_use_the_loop_around_it() -> None:
    lists = {"w": [1, 2], "set": [{"name": "a"}, {"name": "b"}]}
    loop = {"each": "set", "criteria": [{"expression": "max([w: {set.name}_{w}]) - {set.name}"}]}
    assert [criterion["expression"] for criterion in expanded(over=lists, criteria=[loop])["criteria"]] == [
        "max(a_1, a_2) - a",
        "max(b_1, b_2) - b",
    ]


def test_defaults_are_the_keys_that_a_claim_does_not_set() -> None:
    claims = [{"id": "C1"}, {"id": "C2", "min_seeds": 3, "over": {"w": [1]}}, "no claim"]
    defaults = {"min_seeds": 5, "where": "Figure 1"}
    assert expand({"defaults": defaults, "claims": claims}) == {
        "claims": [
            {"id": "C1", "min_seeds": 5, "where": "Figure 1"},
            {"id": "C2", "min_seeds": 3, "where": "Figure 1"},
            "no claim",
        ]
    }


@pytest.mark.parametrize("content", [None, [], {"claims": None}, {"other": 1}, {"claims": [3, None, {"criteria": 3}]}])
def test_content_of_another_shape_is_left_to_the_schema(content: object) -> None:
    assert expand(copy.deepcopy(content)) == content


CLAIM: dict[str, Any] = {
    "id": "C7",
    "sentence": "Own is more than shared.",
    "where": "Figure 5",
    "over": {"w": ["1", "2"], "set": [{"name": "a", "role": "digits"}, {"name": "b", "role": "faces"}]},
    "quantities": {
        "{set.name}_{w}": {
            "table": "metrics",
            "role": "{set.role}",
            "variant": "n_vae_lambda{w}",
            "read": {"kind": "metric", "name": "kl_own_nats"},
        },
    },
    "criteria": [
        {
            "each": "set",
            "criteria": [
                {
                    "name": "{set.name}",
                    "expression": "min([w: {set.name}_{w}])",
                    "above": 0,
                    "unit": "nats",
                    "reason": "More is more.",
                },
            ],
        }
    ],
}
OTHER: dict[str, Any] = {**CLAIM["criteria"][0]["criteria"][0], "name": "other", "expression": "a_1"}


def written(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def changed(**changes: object) -> dict[str, Any]:
    """Return a file with an unchanged claim before the one that is changed."""
    claim = copy.deepcopy(CLAIM)
    return {"defaults": {"min_seeds": 5}, "claims": [{**claim, "id": "C3"}, {**claim, **changes}]}


def test_expanded_claims_are_checked_and_read(tmp_path: Path) -> None:
    claims = load(written(tmp_path / "c.yaml", changed(min_seeds=2)))
    assert [claim.min_seeds for claim in claims.claims] == [5, 2]
    assert [criterion.expression for criterion in claims.claims[1].criteria] == ["min(a_1, a_2)", "min(b_1, b_2)"]
    assert claims.needs() == {("metrics", role, f"n_vae_lambda{w}") for role in ("digits", "faces") for w in (1, 2)}


ERRORS: list[tuple[dict[str, object], str]] = [
    # Lists.
    ({"over": ["w"]}, "claim C7.over: got ['w'], expected a mapping from names to lists."),
    ({"over": None}, "claim C7.over: got None, expected a mapping from names to lists."),
    ({"over": {1: ["a"]}}, "claim C7.over: got {1: ['a']}, expected a mapping from names to lists."),
    ({"over": {"w": "12"}}, "claim C7.over.w: got '12', expected a list of one or more values, each once."),
    ({"over": {"w": []}}, "claim C7.over.w: got [], expected a list of one or more values, each once."),
    ({"over": {"w": ["1", "1"]}}, "claim C7.over.w: got ['1', '1'], expected a list of one or more values, each once."),
    # Lists and keys that do not exist.
    ({"quantities": {"a_{v}": {}}}, "claim C7.quantities.a_{v}: got the list v, expected one of w, set."),
    (
        {"over": {}, "quantities": {"a_{v}": {}}},
        "claim C7.quantities.a_{v}: got the list v, expected a list under the key over, which has none.",
    ),
    (
        {"quantities": {"a_{w}": {"role": "{set.role}"}}},
        "claim C7.quantities.a_{w}: got {set.role}, expected {w}.",
    ),
    (
        {"quantities": {"a": {"role": "{w}"}}},
        "claim C7.quantities.a: got {w}, expected no placeholder, since no loop is around it.",
    ),
    (
        {"quantities": {"{set.title}": {}}},
        "claim C7.quantities.{set.title}: got {set.title}, expected {set.name}, {set.role}.",
    ),
    ({"quantities": {"a_{w.name}": {}}}, "claim C7.quantities.a_{w.name}: got {w.name}, expected {w}."),
    (
        {"over": {"w": [1]}, "quantities": {"a_{w.name}": {}}},
        "claim C7.quantities.a_{w.name}: got {w.name}, expected {w}.",
    ),
    (
        {"criteria": [{"each": "v", "criteria": [OTHER]}]},
        "claim C7.criteria.0.each: got the list v, expected one of w, set.",
    ),
    (
        {"criteria": [{"each": ["w", "v"], "criteria": [OTHER]}]},
        "claim C7.criteria.0.each: got the list v, expected one of w, set.",
    ),
    (
        {"criteria": [OTHER, {**OTHER, "expression": "min([v: a_{v}])"}]},
        "claim C7.criteria.1: got the list v, expected one of w, set.",
    ),
    (
        {"criteria": [{**OTHER, "reason": "As {set.name}."}]},
        "claim C7.criteria.0: got {set.name}, expected no placeholder, since no loop is around it.",
    ),
    (
        {"criteria": [{**OTHER, "expression": "max([w: a_{w}]) - a_{w}"}]},
        "claim C7.criteria.0: got {w}, expected no placeholder, since no loop is around it.",
    ),
    (
        {"criteria": [{"each": "set", "criteria": [OTHER, {**OTHER, "name": "{w}"}]}]},
        "claim C7.criteria.0.criteria.1: got {w}, expected {set}.",
    ),
    # Values that are no text.
    (
        {"quantities": {"{set}": {}}},
        "claim C7.quantities.{set}: got {set}, which stands for {'name': 'a', 'role': 'digits'}, "
        "expected a single value.",
    ),
    (
        {"over": {"w": [["1"]]}, "quantities": {"{w}": {}}},
        "claim C7.quantities.{w}: got {w}, which stands for ['1'], expected a single value.",
    ),
    (
        {"criteria": [{**OTHER, "expression": "min([set: {set}])"}]},
        "claim C7.criteria.0: got {set}, which stands for {'name': 'a', 'role': 'digits'}, expected a single value.",
    ),
    # Two quantities of one name.
    (
        {"quantities": {"a_1": {}, "a_{w}": {}}},
        "claim C7.quantities.a_{w}: got the name a_1 twice, expected each name once.",
    ),
    (
        {"over": {"x": ["1", "11"], "y": ["1", "11"]}, "quantities": {"a{x}{y}": {}}},
        "claim C7.quantities.a{x}{y}: got the name a111 twice, expected each name once.",
    ),
    # Loops.
    (
        {"criteria": [{"each": "set"}]},
        "claim C7.criteria.0: got the keys each, expected each and criteria.",
    ),
    (
        {"criteria": [{"each": "set", "criteria": [OTHER], "unit": ""}]},
        "claim C7.criteria.0: got the keys each, criteria, unit, expected each and criteria.",
    ),
    (
        {"criteria": [{"each": 3, "criteria": [OTHER]}]},
        "claim C7.criteria.0.each: got 3, expected the name of a list, or several.",
    ),
    (
        {"criteria": [{"each": [], "criteria": [OTHER]}]},
        "claim C7.criteria.0.each: got [], expected the name of a list, or several.",
    ),
    (
        {"criteria": [{"each": [["w"]], "criteria": [OTHER]}]},
        "claim C7.criteria.0.each: got [['w']], expected the name of a list, or several.",
    ),
    (
        {"criteria": [{"each": "set", "criteria": {"name": "x"}}]},
        "claim C7.criteria.0.criteria: got {'name': 'x'}, expected a list of criteria.",
    ),
    (
        {"criteria": [{"each": "set", "criteria": []}]},
        "claim C7.criteria.0.criteria: got [], expected a list of criteria.",
    ),
    # The schema checks what loops expand to.
    ({"min_seeds": "5"}, "claim C7.min_seeds: got '5', expected integer."),
    (
        {"criteria": [{"each": "set", "criteria": [OTHER]}]},
        "claim C7, criterion 'other': got twice, expected each name once.",
    ),
    (
        {"criteria": [{**OTHER, "expression": "min([w: a_{w}]) - c_1"}]},
        "claim C7, criterion 'other': got the name c_1, expected one of a_1, a_2, b_1, b_2.",
    ),
]


@pytest.mark.parametrize(("changes", "message"), ERRORS)
def test_an_error_is_one_line_with_the_claim(
    changes: dict[str, object], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "c.yaml", changed(**changes))
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value) == f"{path}, {message} Edit {path}."
    assert cli.main(["claims", "--claims", str(path), "--params", str(ROOT / "params.yaml")]) == 2
    assert capsys.readouterr().err == f"nvae: error: {path}, {message} Edit {path}.\n"


@pytest.mark.parametrize("defaults", [None, [], ["min_seeds"], 5])
def test_defaults_must_be_a_mapping(defaults: object, tmp_path: Path) -> None:
    path = written(tmp_path / "c.yaml", {**changed(), "defaults": defaults})
    with pytest.raises(UserError) as caught:
        load(path)
    assert (
        str(caught.value) == f"{path}, defaults: got {defaults!r}, expected a mapping of keys of claims. Edit {path}."
    )


def test_an_unknown_key_of_the_defaults_is_one_of_every_claim(tmp_path: Path) -> None:
    path = written(tmp_path / "c.yaml", {**changed(), "defaults": {"seeds": 5}})
    with pytest.raises(UserError, match=r"claim C3\.min_seeds: got nothing"):
        load(path)
    path = written(tmp_path / "c.yaml", {**changed(), "defaults": {"min_seeds": 5, "seeds": 5}})
    with pytest.raises(UserError, match=r"claim C3\.seeds: got an unknown key"):
        load(path)


CLAIMS = {claim.id: claim for claim in load(ROOT / "claims.yaml").claims}


def test_the_projects_claims_have_their_numbers_of_criteria_and_quantities() -> None:
    criteria = {name: len(claim.criteria) for name, claim in CLAIMS.items()}
    assert list(criteria.values()) == [1, 1, 2, 7, 3, 4, 1, 4, 3, 5, 3, 12, 1, 4]
    quantities = {name: len(claim.quantities) for name, claim in CLAIMS.items()}
    assert list(quantities.values()) == [2, 2, 2, 36, 5, 4, 2, 4, 4, 4, 4, 16, 2, 4]


def test_the_projects_loops_expand_to_the_intended_quantities() -> None:
    quantities = CLAIMS["C4"].quantities
    sets, weights = ("clothes", "digits", "faces"), ("1_5", "2", "4", "8")
    measures = [*((name, "bound") for name in sets), *((name, "shared") for name in sets)]
    measures += [("clothes", "own"), ("faces", "own"), ("digits", "second")]
    assert set(quantities) == {f"{name}_{measure}_{weight}" for name, measure in measures for weight in weights}
    assert quantities["clothes_bound_1_5"].model_dump() == {
        "table": "metrics",
        "role": "fashion",
        "variant": "n_vae_lambda1_5",
        "read": {"kind": "metric", "name": "negative_bound_nats", "sigma": None},
    }
    panels = CLAIMS["C12"].quantities
    assert {(name, q.role, q.variant, q.read.share, q.read.sigma) for name, q in panels.items()} == {
        (f"{panel}_{variant}", role, variant, share, "largest")
        for panel, role, share in (
            ("a", "digits", 0.5),
            ("b", "fashion", 0.5),
            ("c", "digits", 1.0),
            ("d", "fashion", 1.0),
        )
        for variant in ("n_vae", "cvae", "cgan", "ac_gan")
    }
    marks = CLAIMS["C14"].quantities
    assert {(name, q.read.metric, q.read.image_class, q.read.reduce) for name, q in marks.items()} == {
        ("crossbar_best", "crossbar_switched_share", 7, "max"),
        ("crossbar_second", "crossbar_switched_share", 7, "second"),
        ("loop_best", "loop_switched_share", 2, "max"),
        ("loop_second", "loop_switched_share", 2, "second"),
    }


def test_the_projects_loops_expand_to_the_intended_criteria() -> None:
    first, *_, last = CLAIMS["C4"].criteria
    assert first.expression == (
        "min(clothes_own_1_5 - clothes_shared_1_5, clothes_own_2 - clothes_shared_2, "
        "clothes_own_4 - clothes_shared_4, clothes_own_8 - clothes_shared_8)"
    )
    assert (last.name, last.reason) == ("Yale B: range of the test bound over λ / its mean", "As on MNIST.")
    bounds = "faces_bound_1_5, faces_bound_2, faces_bound_4, faces_bound_8"
    assert last.expression == f"(max({bounds}) - min({bounds})) / abs(mean({bounds}))"
    assert [(criterion.name, criterion.expression) for criterion in CLAIMS["C10"].criteria] == [
        ("error at σ = 1: CGAN − N-VAE", "cgan - n_vae"),
        ("error at σ = 1: CGAN − CVAE", "cgan - cvae"),
        ("error at σ = 1: CGAN − AC-GAN", "cgan - ac_gan"),
        ("error at σ = 1: N-VAE's lag behind CGAN − CVAE's lag behind N-VAE", "2 * n_vae - cgan - cvae"),
        ("error at σ = 1: N-VAE's lag behind CGAN − AC-GAN's lag behind N-VAE", "2 * n_vae - cgan - ac_gan"),
    ]
    assert [criterion.expression for criterion in CLAIMS["C12"].criteria] == [
        f"{panel}_n_vae - {panel}_{rival}" for panel in "abcd" for rival in ("cvae", "cgan", "ac_gan")
    ]
    assert [criterion.expression for criterion in CLAIMS["C14"].criteria] == [
        "crossbar_best",
        "crossbar_second - 0.5 * crossbar_best",
        "loop_best",
        "loop_second - 0.5 * loop_best",
    ]


def test_the_committed_result_is_about_the_same_claims_and_criteria() -> None:
    """The criteria precede the runs; a result of other criteria must not be committed with them."""
    content = json.loads((ROOT / "results/paper/claims.json").read_text(encoding="utf-8"))
    assert [claim["id"] for claim in content["claims"]] == list(CLAIMS)
    for result in content["claims"]:
        claim = CLAIMS[result["id"]]
        assert {key: result[key] for key in ("sentence", "where", "min_seeds")} == {
            "sentence": claim.sentence,
            "where": claim.where,
            "min_seeds": claim.min_seeds,
        }
        keys = ("name", "expression", "threshold", "direction", "unit", "reason")
        assert [tuple(criterion[key] for key in keys) for criterion in result["criteria"]] == [
            tuple(getattr(criterion, key) for key in keys) for criterion in claim.criteria
        ]
