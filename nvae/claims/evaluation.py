"""Evaluation of all claims: the content of ``claims.json``."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nvae.claims import readers, verdicts
from nvae.claims.expressions import compiled
from nvae.claims.schema import Claim, Claims, Criterion, Quantity
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.provenance import sha256
from nvae.tables.reading import load_table, rows_of
from nvae.tables.schemas import TABLES


class ClaimEvaluator:
    """Evaluates claims on the joined tables of one profile. Each table is read once.

    Args:
        layout: Paths of the profile.
        roles: Role → name of the data set that has it, such as ``{"digits": "mnist", …}``.
        allow_missing: Whether a claim is *not tested* if a table, or a run in it, is missing; otherwise that is an
            error.
    """

    def __init__(self, layout: Layout, roles: Mapping[str, str], *, allow_missing: bool = False) -> None:
        self._layout = layout
        self._roles = roles
        self._allow_missing = allow_missing
        self._tables: dict[Path, pd.DataFrame] = {}

    @property
    def read(self) -> list[Path]:
        """The paths of the tables that have been read, sorted."""
        return sorted(self._tables)

    def content(self, claims: Claims) -> dict[str, Any]:
        """Return the content of ``claims.json``: plain values that depend on the claims and the tables only.

        Raises:
            UserError: If a table or a run is missing, a table is damaged, or it lacks a row that a claim needs.
        """
        # Results that are too large are refused with their names, so that NumPy need not warn about them.
        with np.errstate(over="ignore", invalid="ignore"):
            evaluated = [self._claim(claim) for claim in claims.claims]
        return {"profile": self._layout.profile, "interval": "t", "claims": evaluated}

    def _claim(self, claim: Claim) -> dict[str, Any]:
        rows = {name: self._rows(claim, name) for name in claim.quantities}
        found = {name: run for name, run in rows.items() if run is not None}
        missing = [quantity for name, quantity in claim.quantities.items() if name not in found]
        evidence = sorted({self._path(claim.quantities[name]) for name in found})
        if missing:
            labels = sorted({self._label(quantity) for quantity in missing})
            rest = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
            return self._untested(claim, evidence, f"missing: {labels[0]}{rest}")
        values = {name: self._values(claim, name, run) for name, run in found.items()}
        seeds = sorted(set.intersection(*(set(per_seed) for per_seed in values.values())))
        dropped = sorted(set().union(*values.values()) - set(seeds))
        if not seeds:
            return self._untested(claim, evidence, "no seed that every quantity has")
        level = verdicts.confidence(len(claim.criteria))
        outcomes = [self._criterion(claim, criterion, values, seeds, level) for criterion in claim.criteria]
        results = [outcome["outcome"] for outcome in outcomes]
        verdict, notes = verdicts.conclude(
            results, seeds=len(seeds), min_seeds=claim.min_seeds, profile=self._layout.profile
        )
        if dropped:
            notes.append(f"seeds left out because a quantity lacks them: {', '.join(map(str, dropped))}")
        return self._entry(claim, evidence, verdict, "; ".join(notes), len(seeds), outcomes)

    def _rows(self, claim: Claim, name: str) -> pd.DataFrame | None:
        """Return the test rows that a quantity is read from; None if the table, or the run in it, may be missing."""
        quantity = claim.quantities[name]
        path, (dataset, variant) = self._path(quantity), self._run(quantity)
        missing = f"no file {path}"
        if path.is_file():
            with _located(claim, name, path):
                table = self._table(path, quantity.table)
            try:
                return rows_of(table, path, dataset, variant)
            except UserError:
                missing = f"no such row in {path}"
        if not self._allow_missing:
            raise UserError(
                f"claim {claim.id}, quantity {name}",
                got=missing,
                expected=f"a table with rows of {dataset}, {variant}",
                hint=f"Make it with `snakemake --cores 2 -- {path.as_posix()}`, or pass --allow-missing.",
            )
        return None

    def _label(self, quantity: Quantity) -> str:
        """Return what is missing for a quantity: the file, or the run in it."""
        path = self._path(quantity)
        return f"{', '.join(self._run(quantity))} in {path.as_posix()}" if path in self._tables else path.as_posix()

    def _untested(self, claim: Claim, evidence: list[Path], note: str) -> dict[str, Any]:
        nothing: dict[str, Any] = {
            "estimate": None,
            "interval": None,
            "n": 0,
            "values": {},
            "toward": None,
            "outcome": "not tested",
        }
        level = verdicts.confidence(len(claim.criteria))
        criteria = [{**_described(criterion, level), **nothing} for criterion in claim.criteria]
        return self._entry(claim, evidence, "not tested", note, 0, criteria)

    def _entry(
        self,
        claim: Claim,
        evidence: list[Path],
        verdict: str,
        note: str,
        seeds: int,
        criteria: list[dict[str, Any]],
    ) -> dict[str, Any]:
        figure = (self._layout.figures / f"{claim.figure}.png").as_posix() if claim.figure else None
        return {
            "id": claim.id,
            "sentence": claim.sentence,
            "where": claim.where,
            "figure": figure,
            "verdict": verdict,
            "note": note,
            "min_seeds": claim.min_seeds,
            "n_seeds": seeds,
            "criteria": criteria,
            "evidence": [{"path": path.as_posix(), "sha256": sha256(path)} for path in evidence],
        }

    def _criterion(
        self,
        claim: Claim,
        criterion: Criterion,
        values: Mapping[str, readers.PerSeed],
        seeds: list[int],
        level: float,
    ) -> dict[str, Any]:
        function, _ = compiled(criterion.expression)
        found = {}
        for seed in seeds:
            where = f"claim {claim.id}, criterion {criterion.name!r}, seed {seed}"
            here = {name: per_seed[seed] for name, per_seed in values.items()}
            try:
                found[seed] = function(here)
            except ArithmeticError as error:
                zero = isinstance(error, ZeroDivisionError)
                raise _not_finite(where, "a division by zero" if zero else "a number too large", criterion) from None
            if not math.isfinite(found[seed]):
                raise _not_finite(where, str(found[seed]), criterion)
        outcome = verdicts.evaluate(
            list(found.values()), threshold=criterion.threshold, direction=criterion.direction, level=level
        )
        ends = [criterion.threshold, outcome.estimate, *(outcome.interval or ())]
        if not all(map(math.isfinite, [*ends, max(ends) - min(ends)])):
            where = f"claim {claim.id}, criterion {criterion.name!r}"
            raise _not_finite(where, "values too far apart for an interval", criterion)
        return {
            **_described(criterion, level),
            "estimate": _rounded(outcome.estimate),
            "interval": None if outcome.interval is None else [_rounded(end) for end in outcome.interval],
            "n": len(seeds),
            "values": {str(seed): _rounded(value) for seed, value in found.items()},
            "toward": outcome.toward,
            "outcome": outcome.result,
        }

    def _values(self, claim: Claim, name: str, rows: pd.DataFrame) -> readers.PerSeed:
        quantity = claim.quantities[name]
        with _located(claim, name, self._path(quantity)):
            return readers.read(rows, quantity)

    def _path(self, quantity: Quantity) -> Path:
        return self._layout.table(quantity.table)

    def _run(self, quantity: Quantity) -> tuple[str, str]:
        return self._roles[quantity.role], quantity.variant

    def _table(self, path: Path, table: str) -> pd.DataFrame:
        if path not in self._tables:
            self._tables[path] = load_table(path, TABLES[table])
        return self._tables[path]


@contextmanager
def _located(claim: Claim, name: str, path: Path) -> Iterator[None]:
    """Add the claim, the quantity and the table to the message of an error about a table."""
    try:
        yield
    except UserError as error:
        what = error.what if error.what.startswith(str(path)) else f"{path}: {error.what}"
        where = f"claim {claim.id}, quantity {name} from {what}"
        raise UserError(where, got=error.got, expected=error.expected, hint=error.hint) from None


def _described(criterion: Criterion, level: float) -> dict[str, Any]:
    return {
        "name": criterion.name,
        "expression": criterion.expression,
        "direction": criterion.direction,
        "threshold": criterion.threshold,
        "unit": criterion.unit,
        "reason": criterion.reason,
        "confidence": _rounded(level),
    }


def _rounded(value: float) -> float:
    # The tables have as many digits; further ones would depend on the machine. Adding 0 turns −0 into 0.
    return float(f"{value:.8g}") + 0.0


def _not_finite(where: str, got: str, criterion: Criterion) -> UserError:
    return UserError(
        where,
        got=f"{got} in {criterion.expression!r}",
        expected="a finite number",
        hint="Check the tables that its quantities are read from.",
    )
