"""Arithmetic expressions of named numbers, parsed with ``ast``. All other syntax, such as attributes, is refused."""

import ast
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from nvae.errors import UserError

Function = Callable[[Mapping[str, float]], float]

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LONGEST = 300  # characters of an expression, so that its nesting cannot exceed Python's recursion limit
#: The functions that an expression can call, with one argument or more; ``abs`` takes exactly one.
FUNCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "max": max,
    "mean": fmean,
    "abs": lambda values: abs(values[0]),
}


def compiled(expression: str) -> tuple[Function, frozenset[str]]:
    """Return an expression as a function of the values of its names, and those names.

    Args:
        expression: Numbers, names, ``+ - * /``, brackets, and ``min``, ``max``, ``mean``, ``abs``.

    Raises:
        UserError: If the expression contains anything else; the message quotes that part.

    >>> function, names = compiled("max(a, 2 * b) - 1")
    >>> sorted(names), function({"a": 3.0, "b": 4.0})
    (['a', 'b'], 7.0)
    """
    if len(expression) > _LONGEST:
        raise _refused(expression, f"{len(expression)} characters, {expression[:20]!r}…")
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, before Python 3.11.4
        raise _refused(expression, f"{expression!r} ({error})") from None
    names: set[str] = set()
    return _built(tree.body, expression, names), frozenset(names)


def _built(node: ast.expr, whole: str, names: set[str]) -> Function:
    match node:
        # An integer can be too large for a float.
        case ast.Constant(value=int() | float() as number) if type(number) is not bool and number <= sys.float_info.max:
            return lambda values: float(number)
        case ast.Name(id=name) if name not in FUNCTIONS:
            names.add(name)
            return lambda values: values[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            function = _built(inner, whole, names)
            return lambda values: -function(values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            apply, a, b = _OPERATORS[type(op)], _built(left, whole, names), _built(right, whole, names)
            return lambda values: apply(a(values), b(values))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS and args:
            if name != "abs" or len(args) == 1:
                reduce, parts = FUNCTIONS[name], [_built(arg, whole, names) for arg in args]
                return lambda values: reduce([part(values) for part in parts])
    raise _refused(whole, f"{ast.unparse(node)!r} in {whole!r}")


def _refused(expression: str, got: str) -> UserError:
    return UserError(
        "expression",
        got=got,
        expected=f"numbers, names of quantities, + - * /, brackets, and {', '.join(FUNCTIONS)}",
        hint="Write the criterion with these only.",
    )
