"""The loops and defaults of ``claims.yaml``, written out before the file is checked.

A claim may name lists under ``over``. ``{name}`` stands for the current value of a list, ``{name.key}`` for a key of it:

- a quantity with such a placeholder in its name stands for one quantity per value (or per combination of values);
- ``each: name`` with ``criteria: […]`` stands for these criteria once per value (``each: [a, b]``: per combination);
- ``[name: TEXT]`` in an expression stands for TEXT once per value, separated by commas.

``defaults`` at the top of the file holds the keys that every claim has unless it says otherwise.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nvae.errors import UserError

_PLACEHOLDER = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_REPEATED = re.compile(r"\[(\w+): ([^\]]*)\]")

_Values = Mapping[str, Any]


def written_out(content: Any) -> Any:
    """Return the content of the file without loops and defaults; what has another shape is left to the schema.

    Args:
        content: Content of the YAML file.

    Raises:
        UserError: If a placeholder names no list or key, or a list is empty or no list.
    """
    if not isinstance(content, dict) or not isinstance(content.get("claims"), list):
        return content
    rest = {key: value for key, value in content.items() if key not in ("claims", "defaults")}
    defaults = content.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise UserError("defaults", got=repr(defaults), expected="a mapping of keys of claims", hint="")
    claims = [{**defaults, **claim} if isinstance(claim, dict) else claim for claim in content["claims"]]
    return {**rest, "claims": [_claim(claim, f"claims.{index}") for index, claim in enumerate(claims)]}


def _claim(claim: Any, where: str) -> Any:
    if not isinstance(claim, dict) or "over" not in claim:
        return claim
    lists = claim["over"]
    if not isinstance(lists, dict) or not all(isinstance(values, list) and values for values in lists.values()):
        raise UserError(f"{where}.over", got=repr(lists), expected="lists by name, none empty", hint="")
    found = {key: value for key, value in claim.items() if key != "over"}
    if isinstance(claim.get("quantities"), dict):
        found["quantities"] = dict(_quantities(claim["quantities"], lists, f"{where}.quantities"))
    if isinstance(claim.get("criteria"), list):
        found["criteria"] = list(_criteria(claim["criteria"], lists, {}, f"{where}.criteria"))
    return found


def _quantities(quantities: Mapping[str, Any], lists: _Values, where: str) -> Iterator[tuple[str, Any]]:
    for name, quantity in quantities.items():
        used = list(dict.fromkeys(match[1] for match in _PLACEHOLDER.finditer(str(name))))
        for values in _combinations(used, lists, f"{where}.{name}"):
            yield _filled(name, values, f"{where}.{name}"), _filled(quantity, values, f"{where}.{name}")


def _criteria(criteria: Sequence[Any], lists: _Values, values: _Values, where: str) -> Iterator[Any]:
    for index, criterion in enumerate(criteria):
        here = f"{where}.{index}"
        if isinstance(criterion, dict) and "each" in criterion:
            each = criterion["each"]
            for more in _combinations([each] if isinstance(each, str) else each, lists, here):
                yield from _criteria(criterion.get("criteria", []), lists, {**values, **more}, here)
            continue
        repeated = _repeated(criterion, lists, values, here)
        yield _filled(repeated, values, here)


def _combinations(names: Sequence[str], lists: _Values, where: str) -> Iterator[dict[str, Any]]:
    for name in names:
        if name not in lists:
            raise UserError(where, got=f"the list {name}", expected=f"one of {', '.join(lists)}", hint="")
    for values in itertools.product(*(lists[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _repeated(criterion: Any, lists: _Values, values: _Values, where: str) -> Any:
    """Write ``[name: TEXT]`` out in a criterion's expression."""
    if not isinstance(criterion, dict) or not isinstance(criterion.get("expression"), str):
        return criterion

    def write(match: re.Match[str]) -> str:
        each = _combinations([match[1]], lists, where)
        return ", ".join(str(_filled(match[2], {**values, **more}, where)) for more in each)

    return {**criterion, "expression": _REPEATED.sub(write, criterion["expression"])}


def _filled(content: Any, values: _Values, where: str) -> Any:
    """Replace placeholders; a text that is nothing but one takes the value's own type."""
    match content:
        case dict():
            return {key: _filled(value, values, where) for key, value in content.items()}
        case list():
            return [_filled(value, values, where) for value in content]
        case str():
            whole = _PLACEHOLDER.fullmatch(content)
            if whole:
                return _value(whole, values, where)
            return _PLACEHOLDER.sub(lambda match: str(_value(match, values, where)), content)
    return content


def _value(match: re.Match[str], values: _Values, where: str) -> Any:
    name, key = match[1], match[2]
    found = values.get(name)
    if key is not None:
        found = found.get(key) if isinstance(found, dict) else None
    if found is None:
        expected = "the name of a list in a loop over it" + (", with one of its keys" if key else "")
        raise UserError(where, got=match[0], expected=expected, hint="")
    return found
