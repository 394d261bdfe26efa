"""Reading ``claims.yaml`` and checking all of it, before any table is read."""

import re
from pathlib import Path
from typing import Any

from nvae.claims.expressions import FUNCTIONS, compiled
from nvae.claims.schema import READ_FROM, Claim, Claims, Criterion, Metric, Quantity
from nvae.claims.templates import expand
from nvae.config.reading import read_yaml
from nvae.config.resolved import checked
from nvae.errors import UserError


def load(path: Path) -> Claims:
    """Read and check the claims.

    Args:
        path: Path of the file.

    Raises:
        UserError: If the file is missing or no YAML, or if a loop, a key, a value or an expression is wrong.
    """
    content = read_yaml(path, what="claims", option="--claims")
    try:
        claims = checked(Claims, expand(content), "")
        _check_ids(claims)
        for claim in claims.claims:
            _check_claim(claim)
    except UserError as error:
        what = _named(error.what, content)
        raise UserError(f"{path}, {what}", got=error.got, expected=error.expected, hint=f"Edit {path}.") from None
    return claims


def _named(location: str, content: Any) -> str:
    """Return a location such as ``claims.3.min_seeds`` with the claim's id, if it has one, instead of its number."""
    found = re.match(r"claims\.(\d+)", location)
    if found is None:
        return location or "the file"
    claim = content["claims"][int(found[1])]
    name = claim.get("id") if isinstance(claim, dict) else None
    return f"claim {name}{location[found.end() :]}" if isinstance(name, str) else location


def _check_ids(claims: Claims) -> None:
    ids = [claim.id for claim in claims.claims]
    for name in ids:
        if ids.count(name) > 1:
            raise UserError(f"claim {name}", got=f"{ids.count(name)} claims with this id", expected="one", hint="")


def _check_claim(claim: Claim) -> None:
    """Check what depends on several fields: names in expressions, one threshold per criterion, tables and readers."""
    for name, quantity in claim.quantities.items():
        where = f"claim {claim.id}, quantity {name}"
        if name in FUNCTIONS:
            raise UserError(where, got="the name of a function", expected="another name", hint="")
        _check_quantity(where, quantity)
    names = [criterion.name for criterion in claim.criteria]
    used: set[str] = set()
    for criterion in claim.criteria:
        where = f"claim {claim.id}, criterion {criterion.name!r}"
        if names.count(criterion.name) > 1:
            raise UserError(where, got="twice", expected="each name once", hint="")
        _check_threshold(where, criterion)
        used |= _names(where, criterion, claim)
    unused = sorted(set(claim.quantities) - used)
    if unused:
        raise UserError(
            f"claim {claim.id}, quantity {unused[0]}", got="no criterion that uses it", expected="one", hint=""
        )


def _check_quantity(where: str, quantity: Quantity) -> None:
    readable = READ_FROM[quantity.read.kind]
    if quantity.table not in readable:
        raise UserError(
            where, got=f"{quantity.read.kind} of {quantity.table}", expected=f"of {' or '.join(readable)}", hint=""
        )
    if isinstance(quantity.read, Metric) and (quantity.read.sigma is None) == (quantity.table == "fidelity"):
        raise UserError(
            f"{where}, sigma",
            got="nothing" if quantity.read.sigma is None else f"{quantity.read.sigma} in table {quantity.table}",
            expected="a number in table fidelity, and in no other",
            hint="",
        )


def _check_threshold(where: str, criterion: Criterion) -> None:
    given = [name for name in ("above", "below") if getattr(criterion, name) is not None]
    if len(given) != 1:
        raise UserError(where, got=" and ".join(given) or "no threshold", expected="either above or below", hint="")


def _names(where: str, criterion: Criterion, claim: Claim) -> frozenset[str]:
    try:
        _, names = compiled(criterion.expression)
    except UserError as error:
        raise UserError(where, got=error.got, expected=error.expected, hint="") from None
    unknown = sorted(names - set(claim.quantities))
    if unknown:
        raise UserError(
            where, got=f"the name {unknown[0]}", expected=f"one of {', '.join(sorted(claim.quantities))}", hint=""
        )
    return names
