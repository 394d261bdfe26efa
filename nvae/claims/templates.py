"""The loops and defaults of ``claims.yaml``, expanded before the file is checked.

The mapping ``defaults`` at the top of the file has the keys that a claim has unless it sets them itself. The mapping
``over`` of a claim has lists by name. ``{name}`` is replaced by the current value of a list, ``{name.key}`` by a key of
that value:

- A quantity with placeholders in its name becomes one quantity per value, or per combination of values.
- ``each: name`` with ``criteria: […]`` becomes these criteria once per value (``each: [a, b]``: per combination).
- ``[name: TEXT]`` in an expression becomes TEXT once per value, separated by commas.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nvae.errors import UserError

_PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_REPEATED = re.compile(r"\[(\w+): ([^\]]*)\]")

#: List name → its values.
_Lists = Mapping[str, Sequence[Any]]
#: List name → its current value in the loops around.
_Values = Mapping[str, Any]


def expand(content: Any) -> Any:
    """Return the content of the file with its loops and defaults expanded.

    Content of another shape than the schema's is returned as it is, since the schema reports it.

    Args:
        content: Content of the YAML file.

    Raises:
        UserError: If the defaults, a list or a loop is malformed, a placeholder refers to no list or key, or two
            quantities have the same name.
    """
    if not isinstance(content, dict) or not isinstance(content.get("claims"), list):
        return content
    rest = {key: value for key, value in content.items() if key not in ("claims", "defaults")}
    defaults = content.get("defaults", {})
    if not isinstance(defaults, dict):
        raise UserError("defaults", got=repr(defaults), expected="a mapping of keys of claims", hint="")
    claims = [{**defaults, **claim} if isinstance(claim, dict) else claim for claim in content["claims"]]
    return {**rest, "claims": [_claim(claim, f"claims.{index}") for index, claim in enumerate(claims)]}


def _claim(claim: Any, where: str) -> Any:
    if not isinstance(claim, dict):
        return claim
    lists = _lists(claim.get("over", {}), f"{where}.over")
    expanded = {key: value for key, value in claim.items() if key != "over"}
    if isinstance(claim.get("quantities"), dict):
        expanded["quantities"] = _quantities(claim["quantities"], lists, f"{where}.quantities")
    if isinstance(claim.get("criteria"), list):
        expanded["criteria"] = list(_criteria(claim["criteria"], lists, {}, f"{where}.criteria"))
    return expanded


def _lists(over: Any, where: str) -> _Lists:
    """Return the lists of a claim if each is a list of different values."""
    if not isinstance(over, dict) or not all(isinstance(name, str) for name in over):
        raise UserError(where, got=repr(over), expected="a mapping from names to lists", hint="")
    for name, values in over.items():
        if not isinstance(values, list) or not values or any(values.count(value) > 1 for value in values):
            raise UserError(
                f"{where}.{name}", got=repr(values), expected="a list of one or more values, each once", hint=""
            )
    return over


def _quantities(quantities: Mapping[Any, Any], lists: _Lists, where: str) -> dict[Any, Any]:
    expanded: dict[Any, Any] = {}
    for template, quantity in quantities.items():
        here = f"{where}.{template}"
        used = list(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(str(template))))
        for values in _combinations(used, lists, here):
            name = _fill_text(template, values, here) if isinstance(template, str) else template
            if name in expanded:
                raise UserError(here, got=f"the name {name} twice", expected="each name once", hint="")
            expanded[name] = _fill(quantity, values, here)
    return expanded


def _criteria(criteria: Sequence[Any], lists: _Lists, values: _Values, where: str) -> Iterator[Any]:
    for index, criterion in enumerate(criteria):
        here = f"{where}.{index}"
        if isinstance(criterion, dict) and "each" in criterion:
            names, repeated = _loop(criterion, here)
            for more in _combinations(names, lists, f"{here}.each"):
                yield from _criteria(repeated, lists, {**values, **more}, f"{here}.criteria")
        else:
            yield _fill(_repeat(criterion, lists, values, here), values, here)


def _loop(loop: Mapping[Any, Any], where: str) -> tuple[list[str], list[Any]]:
    """Return the names of the lists that a loop runs over, and its criteria."""
    if set(loop) != {"each", "criteria"}:
        raise UserError(where, got=f"the keys {', '.join(map(str, loop))}", expected="each and criteria", hint="")
    names = [loop["each"]] if isinstance(loop["each"], str) else loop["each"]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise UserError(f"{where}.each", got=repr(names), expected="the name of a list, or several", hint="")
    if not isinstance(loop["criteria"], list) or not loop["criteria"]:
        raise UserError(f"{where}.criteria", got=repr(loop["criteria"]), expected="a list of criteria", hint="")
    return names, loop["criteria"]


def _combinations(names: Sequence[str], lists: _Lists, where: str) -> Iterator[dict[str, Any]]:
    for name in names:
        if name not in lists:
            known = f"one of {', '.join(lists)}" if lists else "a list under the key over, which has none"
            raise UserError(where, got=f"the list {name}", expected=known, hint="")
    for values in itertools.product(*(lists[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _repeat(criterion: Any, lists: _Lists, values: _Values, where: str) -> Any:
    """Expand each ``[name: TEXT]`` in a criterion's expression."""
    if not isinstance(criterion, dict) or not isinstance(criterion.get("expression"), str):
        return criterion

    def expand_match(match: re.Match[str]) -> str:
        each = _combinations([match[1]], lists, where)
        return ", ".join(_fill_text(match[2], {**values, **more}, where) for more in each)

    return {**criterion, "expression": _REPEATED.sub(expand_match, criterion["expression"])}


def _fill(content: Any, values: _Values, where: str) -> Any:
    """Replace placeholders; a text that consists of a single one becomes the value itself, of whatever type."""
    match content:
        case dict():
            return {key: _fill(value, values, where) for key, value in content.items()}
        case list():
            return [_fill(value, values, where) for value in content]
        case str():
            whole = _PLACEHOLDER.fullmatch(content)
            return _value(whole, values, where) if whole else _fill_text(content, values, where)
    return content


def _fill_text(text: str, values: _Values, where: str) -> str:
    def fill_match(match: re.Match[str]) -> str:
        value = _value(match, values, where)
        if isinstance(value, dict | list):
            raise UserError(where, got=f"{match[0]}, which stands for {value!r}", expected="a single value", hint="")
        return str(value)

    return _PLACEHOLDER.sub(fill_match, text)


def _value(match: re.Match[str], values: _Values, where: str) -> Any:
    name, key = match[1], match[2]
    if name not in values:
        known = ", ".join(f"{{{other}}}" for other in values) or "no placeholder, since no loop is around it"
        raise UserError(where, got=match[0], expected=known, hint="")
    value = values[name]
    if key is None:
        return value
    if not isinstance(value, dict) or key not in value:
        known = ", ".join(f"{{{name}.{other}}}" for other in value) if isinstance(value, dict) else f"{{{name}}}"
        raise UserError(where, got=match[0], expected=known, hint="")
    return value[key]
