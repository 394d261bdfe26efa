"""Arithmetic expressions of criteria: their values, and the refusal of all other Python."""

import pytest

from nvae.claims.expressions import compiled
from nvae.errors import UserError

VALUES = {"a": 3.0, "b": -4.0, "c": 0.5}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2", 2.0),
        ("a - b", 7.0),
        ("b - a - c", -7.5),
        ("a + b * c", 1.0),
        ("(a + b) * c", -0.5),
        ("a / c / 2", 3.0),
        ("-a", -3.0),
        ("--a", 3.0),
        ("min(a, b, c)", -4.0),
        ("max(a, b, c)", 3.0),
        ("mean(a, b, c, 1)", 0.125),
        ("mean(a)", 3.0),
        ("abs(b)", 4.0),
        ("(max(a, b) - min(a, b)) / abs(mean(a, b))", 14.0),
        ("1e3 * c", 500.0),
        (f"1{'0' * 255} * c", 5e254),
        ("0x10 * c", 8.0),
    ],
)
def test_value(expression: str, value: float) -> None:
    function, _ = compiled(expression)
    assert function(VALUES) == value


def test_names_are_those_in_the_expression() -> None:
    assert compiled("max(a, b) - abs(a) / 2")[1] == {"a", "b"}
    assert compiled("mean(1, 2)")[1] == set()


@pytest.mark.parametrize(
    ("expression", "quoted"),
    [
        ("a.real", "'a.real'"),
        ("a.__class__", "'a.__class__'"),
        ("__import__('os')", "__import__"),
        ("open('x')", "open"),
        ("(lambda: a)()", "lambda"),
        ("a[0]", r"'a\[0\]'"),
        ("a ** 2", r"'a \*\* 2'"),
        ("a // 2", "'a // 2'"),
        ("a % 2", "'a % 2'"),
        ("+a", r"'\+a'"),
        ("not a", "'not a'"),
        ("a < b", "'a < b'"),
        ("a and b", "'a and b'"),
        ("a if b else c", "'a if b else c'"),
        ("'a'", "\"'a'\""),
        ("True", "'True'"),
        ("False", "'False'"),
        ("1e400", "'1e309'"),
        (f"0x{'f' * 256}", "'1797"),
        (f"-0x1{'0' * 256}", "'1797"),
        ("None", "'None'"),
        ("2j", "'2j'"),
        ("[a]", r"'\[a\]'"),
        ("max(*a)", r"'\*a'"),
        ("max(a, key=b)", "key=b"),
        ("max(values=a)", "values=a"),
        ("max()", r"'max\(\)'"),
        ("max", "'max'"),
        ("abs(a, b)", r"'abs\(a, b\)'"),
        ("sum(a, b)", r"'sum\(a, b\)'"),
        ("max(a, min)", "'min'"),
        ("(a := 2)", "a := 2"),
        ("f'{a}'", "f'{a}'"),
    ],
)
def test_other_syntax_is_refused_and_quoted(expression: str, quoted: str) -> None:
    with pytest.raises(UserError, match=rf"expression: got .*{quoted}.* in .*expected numbers, names of quantities"):
        compiled(expression)


@pytest.mark.parametrize("expression", ["a -", "a b", "", "a = b", "import os", "(a", "a\0"])
def test_invalid_syntax_is_refused_and_quoted(expression: str) -> None:
    with pytest.raises(UserError) as caught:
        compiled(expression)
    assert repr(expression) in str(caught.value)
