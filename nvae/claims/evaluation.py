"""All claims judged: the content of ``claims.json``."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    """Judges claims by one profile's tables, each of which it reads once.

    Args:
        layout: of the profile.
        roles: its data set in each role, ``{"digits": "mnist", …}``.
        allow_missing: a claim whose tables are not there is *not tested*, where it would be an error.
    """

    def __init__(self, layout: Layout, roles: Mapping[str, str], *, allow_missing: bool = False) -> None:
        self._layout = layout
        self._roles = roles
        self._allow_missing = allow_missing
        self._rows: dict[Path, pd.DataFrame] = {}

    @property
    def read(self) -> list[Path]:
        """The tables read so far, sorted."""
        return sorted(self._rows)

    def content(self, claims: Claims) -> dict[str, Any]:
        """What ``claims.json`` holds: plain values, the same for the same tables.

        Raises:
            UserError: a table is missing or lacks what a claim reads there.
        """
        return {
            "profile": self._layout.profile,
            "interval": "t",
            "claims": [self._claim(claim) for claim in claims.claims],
        }

    def _claim(self, claim: Claim) -> dict[str, Any]:
        paths = {name: self._path(quantity) for name, quantity in claim.quantities.items()}
        missing = {name: path for name, path in paths.items() if not path.is_file()}
        if missing and not self._allow_missing:
            name, path = next(iter(missing.items()))
            raise UserError(
                f"claim {claim.id}, quantity {name}",
                got=f"no file {path}",
                expected="the table",
                hint=f"Make it with `snakemake --cores 2 -- {path.as_posix()}`, or pass --allow-missing.",
            )
        if missing:
            return self._untested(claim, paths, f"missing: {_listed(sorted(set(missing.values())))}")
        values = {name: self._values(claim, name) for name in claim.quantities}
        seeds = sorted(set.intersection(*(set(found) for found in values.values())))
        dropped = sorted(set().union(*values.values()) - set(seeds))
        if not seeds:
            return self._untested(claim, paths, "no seed that all of its tables have")
        level = verdicts.confidence(len(claim.criteria))
        outcomes = [self._criterion(claim, criterion, values, seeds, level) for criterion in claim.criteria]
        results = [outcome["outcome"] for outcome in outcomes]
        verdict, notes = verdicts.conclude(
            results, seeds=len(seeds), min_seeds=claim.min_seeds, profile=self._layout.profile
        )
        if dropped:
            notes.append(f"left out, not in all of its tables: seed {', '.join(map(str, dropped))}")
        return self._entry(claim, paths, verdict, "; ".join(notes), len(seeds), outcomes)

    def _untested(self, claim: Claim, paths: Mapping[str, Path], note: str) -> dict[str, Any]:
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
        return self._entry(claim, paths, "not tested", note, 0, criteria)

    def _entry(
        self,
        claim: Claim,
        paths: Mapping[str, Path],
        verdict: str,
        note: str,
        seeds: int,
        criteria: list[dict[str, Any]],
    ) -> dict[str, Any]:
        present = sorted({path for path in paths.values() if path.is_file()})
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
            "evidence": [{"path": path.as_posix(), "sha256": sha256(path)} for path in present],
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
            except ZeroDivisionError:
                raise _not_finite(where, "a division by zero", criterion) from None
            if not math.isfinite(found[seed]):
                raise _not_finite(where, str(found[seed]), criterion)
        outcome = verdicts.evaluate(
            list(found.values()), threshold=criterion.threshold, direction=criterion.direction, level=level
        )
        return {
            **_described(criterion, level),
            "estimate": _rounded(outcome.estimate),
            "interval": None if outcome.interval is None else [_rounded(end) for end in outcome.interval],
            "n": len(seeds),
            "values": {str(seed): _rounded(value) for seed, value in found.items()},
            "toward": outcome.toward,
            "outcome": outcome.result,
        }

    def _values(self, claim: Claim, name: str) -> readers.PerSeed:
        quantity = claim.quantities[name]
        path = self._path(quantity)
        try:
            return readers.read(rows_of(self._table(path, quantity.table), path, *self._run(quantity)), quantity)
        except UserError as error:
            what = error.what if error.what.startswith(str(path)) else f"{path}: {error.what}"
            where = f"claim {claim.id}, quantity {name} from {what}"
            raise UserError(where, got=error.got, expected=error.expected, hint=error.hint) from None

    def _path(self, quantity: Quantity) -> Path:
        return self._layout.table(quantity.table)

    def _run(self, quantity: Quantity) -> tuple[str, str]:
        return self._roles[quantity.role], quantity.variant

    def _table(self, path: Path, table: str) -> pd.DataFrame:
        if path not in self._rows:
            self._rows[path] = load_table(path, TABLES[table])
        return self._rows[path]


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
    # As many digits as the tables have; more would be the machine's. Adding 0 turns −0 into 0.
    return float(f"{value:.8g}") + 0.0


def _listed(paths: list[Path]) -> str:
    rest = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0].as_posix()}{rest}"


def _not_finite(where: str, got: str, criterion: Criterion) -> UserError:
    return UserError(
        where, got=f"{got} in {criterion.expression!r}", expected="a finite number", hint="Look at the tables it reads."
    )
