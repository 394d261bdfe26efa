"""YAML is read as DVC reads and writes it, and ``dvc exp run -S`` changes single values of params.yaml."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import dumps_yaml, loads_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nvae import config
from nvae.config.reading import parse_yaml

TEXT = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
MANY = settings(derandomize=True, deadline=None, max_examples=500)
#: Numbers of the core schema that DVC reads as text: a point first, and an exponent without a sign.
ONLY_CORE = re.compile(r"[-+]?\.[0-9_]+[eE][0-9]+")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("1e-05", 0.00001), ("1E5", 100000.0), ("-1e+3", -1000.0), (".5", 0.5), ("+.5e+3", 500.0), ("-1.", -1.0)],
        *[(".inf", float("inf")), ("-.Inf", float("-inf")), (".NaN", float("nan")), ("1_0.5", 10.5)],
        *[("010", 10), ("0o17", 15), ("0x1F", 31), ("-0b11", -3), ("1_000", 1000), ("+7", 7)],
        *[("true", True), ("FALSE", False), ("~", None), ("null", None), ("", None)],
        *[(text, text) for text in ("yes", "No", "on", "OFF", "y", "1:30", "1:30.5", "1e", "e5", "0o8", "tRUE", "nan")],
        ("2020-01-01", datetime.date(2020, 1, 1)),
    ],
)
def test_a_scalar_has_the_value_that_it_has_for_dvc(text: str, value: object) -> None:
    assert repr(parse_yaml(f"x: {text}")) == repr(loads_yaml(f"x: {text}")) == repr({"x": value})


def test_an_exponent_after_a_leading_point_needs_no_sign() -> None:
    assert parse_yaml("[.5e3, +.5E3]") == [500.0, 500.0]


def outcome(read: Any, text: str) -> str:
    """Return the result of a reader, or that it refuses the text."""
    try:
        return repr(read(text))
    except Exception:
        return "refused"


@given(text=st.text("0123456789_.eE+-:xobnfaiNy~", max_size=7).filter(lambda text: not ONLY_CORE.fullmatch(text)))
@MANY
def test_any_scalar_has_the_value_that_it_has_for_dvc(text: str) -> None:
    assert outcome(parse_yaml, f"x: {text}") == outcome(loads_yaml, f"x: {text}")


#: All texts but those with the control character NEL, which DVC itself reads as a space after writing it.
TEXTS = st.text(st.characters(exclude_characters="\x85", codec="utf-8"), max_size=9)


@given(value=st.one_of(st.none(), st.booleans(), st.integers(-(2**63) + 1, 2**63 - 1), st.floats(), TEXTS))
@MANY
def test_any_value_is_read_as_dvc_writes_it(value: object) -> None:
    assert repr(parse_yaml(dumps_yaml({"x": value}))) == repr({"x": value})


def test_no_value_of_params_yaml_is_used_twice() -> None:
    events = list(yaml.parse(TEXT))
    assert [event for event in events if getattr(event, "anchor", None)] == []
    assert [event for event in events if getattr(event, "value", None) == "<<"] == []


def values(content: Any, *, lists: bool, at: str = "") -> dict[str, Any]:
    """Return all values by their dotted keys, which ``-S`` takes; a mapping whose keys are numbers is one value.

    Args:
        content: Content of the file, or a part of it.
        lists: Whether a list is one value; otherwise its entries are values.
        at: Dotted key of the part.
    """
    parts = dict(enumerate(content)) if isinstance(content, list) and not lists else content
    if not isinstance(parts, dict) or not parts or (parts is content and any(isinstance(key, int) for key in parts)):
        return {at: content}
    below = {f"{at}.{key}".strip("."): part for key, part in parts.items()}
    return {name: value for key, part in below.items() for name, value in values(part, lists=lists, at=key).items()}


def other(value: Any) -> Any:
    """Return another value of the same kind; unless it is a text, it is valid in the same place."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return 0.99 * value + 0.00001  # 0 becomes 0.00001, which DVC writes as 1e-05
        case list():
            return value[::-1] if value != value[::-1] else [other(entry) for entry in value]
        case dict():
            return dict(zip(value, reversed(value.values()), strict=True))
        case _:
            return f"not_{value}"


@pytest.mark.parametrize(
    ("kinds", "valid"), [((bool, int, float, list, dict), True), ((bool, int, float, str, type(None)), False)]
)
def test_dvc_changes_each_value_alone(kinds: tuple[type, ...], valid: bool, tmp_path: Path) -> None:
    """Each round changes the values whose number has a certain bit.

    The numbers of any two values differ in a bit. If the change of one of them also changed the other, then a value
    would change that is not of the round. The first case changes lists as a whole, and loads the result. The second
    case changes each entry of a list, and texts and nulls; the result may be invalid, and is not loaded.
    """
    path = tmp_path / "params.yaml"
    before = values(parse_yaml(TEXT), lists=valid)
    keys = [key for key, value in before.items() if isinstance(value, kinds) and value != {}]
    for bit in range(len(keys).bit_length()):
        changes = {key: other(before[key]) for number, key in enumerate(keys, 1) if number >> bit & 1}
        path.write_text(TEXT, encoding="utf-8")
        apply_overrides(path, [f"{key}={value}".replace("'", "") for key, value in changes.items()])
        after = values(parse_yaml(path.read_text(encoding="utf-8")), lists=valid)
        expected = before | changes
        assert {key: repr(value) for key, value in after.items()} == {key: repr(expected[key]) for key in expected}
        for profile in ("paper", "demo", "smoke") if valid else ():
            config.load(path, profile=profile)
