"""The schema of ``claims.yaml``: what is accepted, and the messages for what is refused."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvae.claims import load
from nvae.claims.readers import READERS
from nvae.claims.schema import READ_FROM, Read
from nvae.errors import UserError

CLAIM = {
    "id": "C1",
    "sentence": "Own is more than shared.",
    "where": "Figure 5",
    "min_seeds": 5,
    "quantities": {
        "own": {
            "table": "metrics",
            "role": "fashion",
            "variant": "n_vae",
            "read": {"kind": "metric", "name": "kl_own_nats"},
        },
        "second": {
            "table": "kl",
            "role": "digits",
            "variant": "cvae",
            "read": {"kind": "own_block_of_class", "rank": 2},
        },
    },
    "criteria": [
        {"name": "difference", "expression": "own - second", "above": 0, "unit": "nats", "reason": "More is more."},
    ],
}
Change = Callable[[dict[str, Any]], object]
TABLE_IS_UNKNOWN = (
    "claim C1.quantities.own.table: got '{}', "
    "expected 'kl', 'metrics', 'aggregate', 'augmentation', 'fidelity', 'responses'"
)
ROOT = Path(__file__).parents[2]


def written(path: Path, content: object) -> Path:
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def changed(change: Change) -> dict[str, Any]:
    claim: dict[str, Any] = copy.deepcopy(CLAIM)
    change(claim)
    return {"claims": [claim]}


def test_a_claim_is_read_with_all_its_keys(tmp_path: Path) -> None:
    (claim,) = load(written(tmp_path / "c.yaml", {"claims": [CLAIM]})).claims
    (criterion,) = claim.criteria
    assert (criterion.threshold, criterion.direction, claim.min_seeds, claim.figure) == (0, "above", 5, None)
    other = changed(lambda c: c["criteria"][0].update(below=c["criteria"][0].pop("above") - 2))
    (criterion,) = load(written(tmp_path / "d.yaml", other)).claims[0].criteria
    assert (criterion.threshold, criterion.direction) == (-2, "below")


def test_needs_name_each_table_and_run_once(tmp_path: Path) -> None:
    second = copy.deepcopy(CLAIM) | {"id": "C2"}
    claims = load(written(tmp_path / "c.yaml", {"claims": [CLAIM, second]}))
    assert claims.needs() == {("metrics", "fashion", "n_vae"), ("kl", "digits", "cvae")}


def test_needs_can_be_listed_without_heavy_imports() -> None:
    """Snakemake imports the package each time it builds the graph."""
    heavy = ("torch", "pandas", "numpy", "scipy", "sklearn", "matplotlib")
    program = (
        "import sys; from pathlib import Path; import nvae.claims; nvae.claims.load(Path('claims.yaml')).needs();"
        f"sys.exit(repr([m for m in {heavy} if m in sys.modules]) if any(m in sys.modules for m in {heavy}) else 0)"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_each_kind_of_reading_has_a_reader_and_tables() -> None:
    kinds = {kind.model_fields["kind"].annotation.__args__[0] for kind in Read.__origin__.__args__}  # type: ignore[attr-defined]
    assert kinds == set(READERS) == set(READ_FROM)


def read_as(**read: object) -> Change:
    return lambda c: c["quantities"]["own"].update(read=read)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("sentence"), "claim C1.sentence: got nothing, expected a value"),
        (lambda c: c.pop("id"), "claims.0.id: got nothing"),
        (lambda c: c.update(id="c 1"), r"claim c 1.id: got 'c 1'"),
        (lambda c: c.update(seeds=5), "claim C1.seeds: got an unknown key"),
        (lambda c: c.update(min_seeds=0), "claim C1.min_seeds: got 0, expected greater than 0"),
        (lambda c: c.update(min_seeds="5"), "claim C1.min_seeds: got '5'"),
        (lambda c: c.update(criteria=[]), "claim C1.criteria: got .*at least 1"),
        (lambda c: c.update(quantities={}), "claim C1.quantities: got .*at least 1"),
        (lambda c: c["quantities"]["own"].update(table="losses"), TABLE_IS_UNKNOWN.format("losses")),
        # A table that no reader can read.
        (lambda c: c["quantities"]["own"].update(table="history"), TABLE_IS_UNKNOWN.format("history")),
        (lambda c: c["quantities"]["own"].update(role="mnist"), "claim C1.quantities.own.role: got 'mnist'.*'digits'"),
        (lambda c: c["quantities"]["own"].pop("variant"), "claim C1.quantities.own.variant: got nothing"),
        (read_as(kind="magic"), "claim C1.quantities.own.read.kind: got 'magic', expected 'metric'"),
        (read_as(name="x"), "claim C1.quantities.own.read.kind: got nothing"),
        (read_as(kind="metric"), "claim C1.quantities.own.read.metric.name: got nothing"),
        (read_as(kind="metric", name="x", rank=1), "claim C1.quantities.own.read.metric.rank: got an unknown key"),
        (read_as(kind="own_block_of_class", rank=0), "own.read.own_block_of_class.rank: got 0"),
        (read_as(kind="error", share=1.5, sigma=1), "own.read.error.share: got 1.5"),
        (read_as(kind="error", share=0.5, sigma="median"), "own.read.error.sigma.*: got 'median'"),
        (read_as(kind="response", metric="m", block="all", reduce="sum"), "own.read.response.block: got 'all'"),
        (read_as(kind="response", metric="m", block="class", reduce="third"), "own.read.response.reduce: got 'third'"),
        (read_as(kind="error_trend", share=0.5), "claim C1, quantity own: got error_trend of metrics, expected of aug"),
        (
            read_as(kind="metric", name="x", sigma=1.0),
            "own, sigma: got 1.0 in table metrics, expected a number in table f",
        ),
        (
            lambda c: c["quantities"]["own"].update(table="fidelity"),
            "quantity own, sigma: got nothing, expected a number in table fidelity",
        ),
        (
            lambda c: c["quantities"].update(abs=c["quantities"].pop("own")),
            "claim C1, quantity abs: got the name of a function",
        ),
        (
            lambda c: c["quantities"].update({"Own x": c["quantities"]["own"]}),
            r"claim C1.quantities.Own x.*: got 'Own x'",
        ),
        (
            lambda c: c["criteria"][0].update(expression="own"),
            "claim C1, quantity second: got no criterion that uses it, expected one",
        ),
        (
            lambda c: c["criteria"][0].update(expression="own - second - other"),
            "claim C1, criterion 'difference': got the name other, expected one of own, second",
        ),
        (
            lambda c: c["criteria"][0].update(expression="own.second"),
            "claim C1, criterion 'difference': got 'own.second' in 'own.second', expected numbers",
        ),
        (
            lambda c: c["criteria"][0].update(below=1.0),
            "claim C1, criterion 'difference': got above and below, expected either",
        ),
        (
            lambda c: c["criteria"][0].pop("above"),
            "criterion 'difference': got no threshold, expected either above or b",
        ),
        (
            lambda c: c["criteria"][0].update(above=float("nan")),
            "claim C1.criteria.0.above: got nan, expected a finite",
        ),
        (lambda c: c["criteria"][0].update(above="0"), "claim C1.criteria.0.above: got '0'"),
        (lambda c: c["criteria"][0].pop("reason"), "claim C1.criteria.0.reason: got nothing"),
        (
            lambda c: c["criteria"].append(c["criteria"][0]),
            "criterion 'difference': got twice, expected each name once",
        ),
    ],
)
def test_an_error_is_reported_with_its_claim(change: Change, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "c.yaml", changed(change))
    with pytest.raises(UserError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}, ")
    assert str(caught.value).endswith(f"Edit {path}.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("claims: [", "invalid YAML"),
        ("claims: []", "claims: got .*at least 1"),
        ("[]", "the file: got"),
        ("", "the file: got None"),
        ("claims: [3]", "claims.0: got 3"),
        ("other: 1", "claims: got nothing"),
        ("claims: []\nclaims: []", "the key claims is given twice"),
    ],
)
def test_a_file_without_claims_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"got no file .*c\.yaml, expected a YAML file"):
        load(tmp_path / "c.yaml")


def test_ids_are_unique(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="claim C1: got 2 claims with this id, expected one"):
        load(written(tmp_path / "c.yaml", {"claims": [CLAIM, CLAIM]}))


def test_a_quantity_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("claims:\n- id: C1\n  quantities:\n    a: 1\n    a: 2\n", encoding="utf-8")
    with pytest.raises(UserError, match="the key a is given twice"):
        load(path)
