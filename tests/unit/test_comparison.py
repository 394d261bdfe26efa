"""The comparison of two runs: the verdict on each kind of group, and the files that are read."""

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, ttest_ind

from nvae.comparison import CLAIMS, FIGURES, Group, Scope, Verdict, compare, compare_samples, holm, welch
from nvae.errors import UserError
from nvae.layout import Layout
from nvae.rng import numpy_generator
from nvae.tables.schemas import ARRAYS, TABLES, VARIANTS

ROOT = Path(__file__).parents[2]
METRICS, KL, AGGREGATE = TABLES["metrics"], TABLES["kl"], TABLES["aggregate"]
PAPER = Layout("paper")
NAN = float("nan")


def metrics(values: dict[int, float], metric: str = "bound", dataset: str = "mnist") -> pd.DataFrame:
    """Return a table of metrics with one group."""
    return pd.DataFrame(
        [(dataset, "n_vae", seed, "test", metric, value) for seed, value in values.items()], columns=METRICS.names
    )


def samples(*values: float) -> dict[int, float]:
    return dict(enumerate(values))


def only(groups: list[Group]) -> Group:
    (group,) = groups
    return group


def verdict(a: dict[int, float], b: dict[int, float]) -> Verdict:
    return only(compare_samples(METRICS, metrics(a), metrics(b))).verdict


def test_known_numbers_are_reported() -> None:
    a, b = [1.0, 2.0, 3.0, 4.0], [2.0, 2.5, 3.5]
    group = only(compare_samples(METRICS, metrics(samples(*a)), metrics(samples(*b))))
    assert group.group == "dataset=mnist, model=n_vae, split=test, metric=bound"
    assert (group.mean_a, group.mean_b) == pytest.approx((2.5, 8 / 3))
    assert (group.seeds_a, group.seeds_b) == ("0 1 2 3", "0 1 2")
    assert group.p_holm == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue)
    assert group.verdict == Verdict.WITHIN


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param(samples(1, 2, 3), samples(1, 2, 3), Verdict.EQUAL, id="the same numbers"),
        pytest.param(samples(1, 2, 3), samples(1, 2, 3 + 1e-6), Verdict.EQUAL, id="rounding"),
        pytest.param(samples(1e-9, 2e-9), samples(1e-9, 2.1e-9), Verdict.WITHIN, id="small numbers are not rounding"),
        pytest.param(samples(1, 2, 3), {1: 2, 2: 3}, Verdict.EQUAL, id="the same where both have a seed"),
        pytest.param(samples(1), samples(1), Verdict.EQUAL, id="one seed, the same number"),
        pytest.param(samples(1, 2, 3), samples(3, 1, 2), Verdict.WITHIN, id="the same numbers of other seeds"),
        pytest.param(samples(1, 2, 3), samples(11, 12, 13), Verdict.BEYOND, id="far apart"),
        pytest.param(samples(1, 2), {2: 1, 3: 2}, Verdict.WITHIN, id="no common seed"),
        pytest.param(samples(1, 2, 3), samples(1.5), Verdict.ONE_SEED, id="one seed in B"),
        pytest.param(samples(1), samples(1, 2, 3) | {0: 9}, Verdict.ONE_SEED, id="one seed in A"),
        pytest.param(samples(0.1, 0.1, 0.1), samples(0.2, 0.2, 0.2), Verdict.DIFFERS, id="no spread, another mean"),
        pytest.param(samples(0.1, 0.1, 0.1), {7: 0.1, 8: 0.1}, Verdict.WITHIN, id="no spread, the same mean"),
        pytest.param(samples(1, 2), {2: 0.1, 3: 0.1}, Verdict.WITHIN, id="no common seed, no spread on one side"),
        pytest.param(samples(0.1, 0.1), samples(0.2), Verdict.ONE_SEED, id="no spread, and one seed"),
        pytest.param(samples(0.1, 0.1, 0.1), samples(0.2, 0.3, 0.25), Verdict.BEYOND, id="spread on one side, far"),
        pytest.param(samples(0.1, 0.1, 0.1), samples(0.0, 0.2, 0.1), Verdict.WITHIN, id="spread on one side, near"),
        pytest.param(samples(NAN, 2), samples(NAN, 2), Verdict.EQUAL, id="both undefined"),
        pytest.param(samples(NAN, 2, 3), samples(1, 2, 3), Verdict.DIFFERS, id="undefined in A"),
        pytest.param(samples(1, 2, 3), samples(1, 2, NAN), Verdict.DIFFERS, id="undefined in B"),
        pytest.param(samples(NAN, 2, 3), samples(NAN, 2, 4), Verdict.DIFFERS, id="undefined in both, another number"),
        pytest.param(samples(np.inf, 2), samples(np.inf, 2), Verdict.EQUAL, id="both infinite"),
        pytest.param(samples(np.inf, 2), samples(-np.inf, 2), Verdict.DIFFERS, id="another infinity"),
        pytest.param(samples(1), samples(NAN), Verdict.DIFFERS, id="one seed, undefined"),
    ],
)
def test_the_verdict_on_a_group(a: dict[int, float], b: dict[int, float], expected: Verdict) -> None:
    assert verdict(a, b) == expected


def test_an_undefined_number_has_no_mean() -> None:
    group = only(compare_samples(METRICS, metrics(samples(NAN, 2)), metrics(samples(1, 2))))
    assert (group.mean_a, group.mean_b, group.p_holm) == (None, 1.5, None)


def test_rows_of_one_side_are_kept() -> None:
    shared = metrics(samples(1, 2), "bound")
    a = pd.concat([shared, metrics(samples(3, 4), "accuracy_pct")])
    b = pd.concat([shared, metrics(samples(5, 6), "bound", dataset="fashion_mnist")])
    found = {
        (group.group.split(", ")[0], group.group.split("=")[-1]): group for group in compare_samples(METRICS, a, b)
    }
    assert {key: group.verdict for key, group in found.items()} == {
        ("dataset=mnist", "bound"): Verdict.EQUAL,
        ("dataset=mnist", "accuracy_pct"): Verdict.ONLY_A,
        ("dataset=fashion_mnist", "bound"): Verdict.ONLY_B,
    }
    assert found["dataset=mnist", "accuracy_pct"].seeds_a == "0 1"
    assert found["dataset=mnist", "accuracy_pct"].mean_b is None


def test_a_table_of_one_side_is_kept() -> None:
    empty = pd.DataFrame(columns=list(METRICS.names))
    assert only(compare_samples(METRICS, metrics(samples(1, 2)), empty)).verdict == Verdict.ONLY_A
    assert only(compare_samples(METRICS, empty, metrics(samples(1, 2)))).verdict == Verdict.ONLY_B


def test_tests_of_one_table_are_corrected_and_groups_without_a_test_are_not_counted() -> None:
    a, b = samples(1.0, 1.1, 1.2), samples(1.3, 1.4, 1.5)
    p = ttest_ind([*a.values()], [*b.values()], equal_var=False).pvalue
    assert 0.05 / 3 < p < 0.05 / 2

    def beyond(tested: int, untested: int) -> int:
        near = samples(1.0, 1.1, 1.2), samples(1.1, 1.2, 1.0)
        sides = [
            [metrics(far, "far")]
            + [metrics(one, f"near{n}") for n in range(tested - 1)]
            + [metrics(a, f"equal{n}") for n in range(untested)]
            + [metrics(same, f"constant{n}") for n in range(untested)]
            for far, one, same in zip((a, b), near, (samples(1, 1), {7: 1, 8: 1}), strict=True)
        ]
        groups = compare_samples(METRICS, *map(pd.concat, sides))
        return Counter(group.verdict for group in groups)[Verdict.BEYOND]

    assert beyond(tested=2, untested=50) == 1
    assert beyond(tested=3, untested=0) == 0


def test_holm_rejects_no_more_than_bonferroni_allows_and_at_least_as_much() -> None:
    p = numpy_generator(0, "holm").uniform(0, 0.2, 40)
    corrected = holm(p)
    by_hand = [max(min(1, (40 - k) * q) for k, q in enumerate(sorted(p)) if q <= value) for value in p]
    assert corrected == pytest.approx(by_hand)
    assert (corrected <= np.minimum(1, 40 * p)).all()
    assert (corrected >= false_discovery_control(p)).all()


def test_welch_equals_scipy_where_seeds_are_missing() -> None:
    rng = numpy_generator(0, "welch")
    a, b = rng.normal(size=(30, 5)), rng.normal(0.5, 2, size=(30, 5))
    a[::2, 3:] = np.nan
    b[::3, 0] = np.nan
    expected = ttest_ind(a, b, axis=1, equal_var=False, nan_policy="omit").pvalue
    assert welch(a, b) == pytest.approx(expected)


def test_chance_makes_a_table_differ_in_one_of_twenty_comparisons() -> None:
    rng, tables, groups = numpy_generator(0, "tables"), 2000, 20
    a, b = (rng.normal(size=(tables * groups, 5)) for _ in range(2))
    p = welch(a, b).reshape(tables, groups)
    share = np.mean([holm(one).min() <= 0.05 for one in p])
    assert 0.03 < share < 0.06


def kl(dims: list[float], seed: int = 0) -> pd.DataFrame:
    """Return a KL table of two shared dimensions on images of one class."""
    rows = [("mnist", "n_vae", seed, "test", 3, "three", 9, "shared", -1, dim, value) for dim, value in enumerate(dims)]
    return pd.DataFrame(rows, columns=KL.names)


def test_dimensions_are_compared_by_rank() -> None:
    first, second = compare_samples(KL, kl([0.5, 3.0]), kl([3.0, 0.5]))
    assert (first.verdict, second.verdict) == (Verdict.EQUAL, Verdict.EQUAL)
    assert (first.mean_a, second.mean_a) == (3.0, 0.5)
    assert first.group.endswith("kind=shared, latent_class=-1, rank=1")


def test_each_seed_has_its_own_ranks() -> None:
    a = pd.concat([kl([0.0, 3.0]), kl([3.2, 0.1], seed=1), kl([3.1, 0.2], seed=2)])
    b = pd.concat([kl([3.1, 0.1]), kl([3.2, 0.2], seed=1), kl([0.0, 3.0], seed=2)])
    assert [group.verdict for group in compare_samples(KL, a, b)] == [Verdict.WITHIN, Verdict.WITHIN]
    assert [group.verdict for group in compare_samples(KL, a, b.assign(kl_nats=b["kl_nats"] + 2))] == [
        Verdict.BEYOND
    ] * 2


def test_blocks_and_classes_are_ranked_on_their_own() -> None:
    table = pd.concat(
        [kl([1.0, 2.0]), kl([4.0, 3.0]).assign(image_class=5), kl([5.0]).assign(kind="class", latent_class=3)]
    )
    ranks = {group.group.split("image_class=")[1]: group.mean_a for group in compare_samples(KL, table, table)}
    at = "image_class_name=three, n_images=9"
    assert ranks == {
        f"3, {at}, kind=shared, latent_class=-1, rank=1": 2.0,
        f"3, {at}, kind=shared, latent_class=-1, rank=2": 1.0,
        f"5, {at}, kind=shared, latent_class=-1, rank=1": 4.0,
        f"5, {at}, kind=shared, latent_class=-1, rank=2": 3.0,
        f"3, {at}, kind=class, latent_class=3, rank=1": 5.0,
    }


def test_a_metric_of_all_dimensions_keeps_its_place() -> None:
    rows = [("share", 0, 0.1), ("share", 1, 0.4), ("mmd", -1, 0.9)]
    table = pd.DataFrame([("mnist", "n_vae", 0, "test", *row) for row in rows], columns=AGGREGATE.names)
    means = {group.group.partition("metric=")[2]: group.mean_a for group in compare_samples(AGGREGATE, table, table)}
    assert means == {"mmd, rank=-1": 0.9, "share, rank=1": 0.4, "share, rank=2": 0.1}


# Files.


def put(root: Path, path: Path, content: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content, encoding="utf-8")


def put_table(root: Path, path: Path, table: pd.DataFrame) -> None:
    put(root, path, table.to_csv(index=False))


def put_claims(root: Path, verdict: str, estimate: float | None, name: str = "C1") -> None:
    claim = {"id": name, "verdict": verdict, "criteria": [{"name": "own", "estimate": estimate}]}
    put(root, PAPER.claims, json.dumps({"claims": [claim]}))


def put_samples(root: Path, **changes: Any) -> None:
    content = {
        "images": np.zeros((2, 3, 1, 4, 4), np.uint8),
        "sigmas": np.array([1.0, 2.0]),
        "class_names": np.array(["a", "b", "c"]),
        "dataset": np.array("mnist"),
        "model": np.array("n_vae"),
        "seed": np.array(0),
    }
    path = root / PAPER.arrays("samples", "mnist", "n_vae")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **(content | changes))


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """Return two projects with one equal figure each, so that both have results."""
    a, b = tmp_path / "a", tmp_path / "b"
    for root in (a, b):
        put(root, PAPER.figures / "fig05_kl_per_dimension.pdf", "figure")
    return a, b


def found(roots: tuple[Path, Path], table: str, scope: Scope | None = None) -> dict[str, Verdict]:
    return {group.group: group.verdict for group in compare(*roots, PAPER, scope) if group.table == table}


def test_the_committed_results_are_equal_to_themselves(tmp_path: Path) -> None:
    for name in ("results/paper", "paper_figs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    groups = compare(tmp_path, ROOT, PAPER)
    assert {group.verdict for group in groups} == {Verdict.EQUAL}
    committed = {name for name in TABLES if (ROOT / PAPER.table(name)).is_file()}
    assert committed >= {"metrics", "kl"}
    assert {group.table for group in groups} == {*committed, *ARRAYS, VARIANTS.name, CLAIMS, FIGURES}


def test_without_a_joined_table_the_tables_of_single_runs_are_read(roots: tuple[Path, Path]) -> None:
    a, b = roots
    for seed in (0, 1):
        put_table(a, PAPER.run_table("metrics", "mnist", "n_vae", seed), metrics({seed: float(seed)}))
    put_table(b, PAPER.table("metrics"), metrics(samples(0.0, 1.0)))
    assert set(found(roots, "metrics").values()) == {Verdict.EQUAL}
    put_table(a, PAPER.table("metrics"), metrics(samples(0.0)))  # what a run left beside a joined table is not read
    (group,) = (group for group in compare(a, b, PAPER) if group.table == "metrics")
    assert (group.seeds_a, group.seeds_b) == ("0", "0 1")


def test_a_scope_has_the_runs_arrays_and_figures_of_its_figures(roots: tuple[Path, Path]) -> None:
    a, b = roots
    put_table(a, PAPER.run_table("metrics", "mnist", "n_vae", 0), metrics(samples(1.0)))
    both = pd.concat([metrics(samples(1.0, 2.0, 3.0)), metrics(samples(1.0), dataset="yale_b")])
    put_table(a, PAPER.table("metrics"), both.assign(value=both["value"].replace(1.0, 9.0)))
    put_table(b, PAPER.table("metrics"), both)
    put_table(b, PAPER.table("fidelity"), metrics(samples(1.0)).assign(sigma=1.0))
    put_claims(b, "reproduced", 1.0)
    put_samples(b)
    put(b, PAPER.figures / "fig06_class_digits.pdf", "figure")
    wanted = {("mnist", "n_vae", 0), ("mnist", "n_vae", 1)}
    scope = Scope({"metrics": wanted, "aggregate": wanted}, set(), {"fig05_kl_per_dimension"})
    groups = compare(a, b, PAPER, scope)
    assert {group.table for group in groups} == {"metrics", FIGURES}
    (group,) = (group for group in groups if group.table == "metrics")
    # Seed 0 from the table of its run, which the figure is drawn from, seed 1 from the joined table.
    assert (group.verdict, group.seeds_a, group.mean_a, group.seeds_b) == (Verdict.EQUAL, "0 1", 1.5, "0 1")
    scope.arrays.add(PAPER.arrays("samples", "mnist", "n_vae"))
    assert set(found(roots, "samples", scope).values()) == {Verdict.ONLY_B}


def test_settings_are_compared_as_texts(roots: tuple[Path, Path]) -> None:
    for root, weight, more in zip(roots, ("2.0", "1.5"), ("beta", "gamma"), strict=True):
        rows = [("hidden", "[512, 512]"), ("class_weight", weight), (more, "4.0")]
        put_table(
            root,
            PAPER.table("variants"),
            pd.DataFrame([("mnist", "n_vae", *row) for row in rows], columns=VARIANTS.names),
        )
    start = "dataset=mnist, model=n_vae, parameter="
    assert found(roots, "variants") == {
        f"{start}beta": Verdict.ONLY_A,
        f"{start}class_weight": Verdict.DIFFERS,
        f"{start}gamma": Verdict.ONLY_B,
        f"{start}hidden": Verdict.EQUAL,
    }
    scope = Scope({"variants": {("mnist", "cvae", 0)}}, set(), {"fig05_kl_per_dimension"})
    assert found(roots, "variants", scope) == {}


@pytest.mark.parametrize(
    ("changes", "name", "note"),
    [
        ({}, "images", ""),
        ({"images": np.full((2, 3, 1, 4, 4), 7, np.uint8)}, "images", "largest absolute difference 7"),
        (
            {"images": np.zeros((2, 3, 2, 4, 4), np.uint8)},
            "images",
            "shapes (2, 3, 1, 4, 4) and (2, 3, 2, 4, 4)",
        ),
        ({"sigmas": np.array([1.0, np.nan])}, "sigmas", "largest absolute difference nan"),
        ({"sigmas": np.array([1.0, 2.0 + 1e-9])}, "sigmas", ""),
        ({"class_names": np.array(["a", "b", "d"])}, "class_names", "other texts"),
    ],
)
def test_arrays_are_compared_by_shape_and_values(
    roots: tuple[Path, Path], changes: dict[str, Any], name: str, note: str
) -> None:
    put_samples(roots[0])
    put_samples(roots[1], **changes)
    groups = {group.group: group for group in compare(*roots, PAPER) if group.table == "samples"}
    assert len(groups) == len(ARRAYS["samples"].axes)
    group = groups.pop(f"mnist-n_vae, {name}")
    assert (group.verdict, group.note) == (Verdict.DIFFERS if note else Verdict.EQUAL, note)
    assert {other.verdict for other in groups.values()} == {Verdict.EQUAL}


def test_arrays_of_one_side_are_counted(roots: tuple[Path, Path]) -> None:
    put_samples(roots[0])
    assert set(found(roots, "samples").values()) == {Verdict.ONLY_A}


def test_claims_are_compared_by_verdict(roots: tuple[Path, Path]) -> None:
    a, b = roots
    put_claims(a, "undecided", 0.25)
    put_claims(b, "undecided", 0.5)
    (group,) = (group for group in compare(a, b, PAPER) if group.table == CLAIMS)
    assert group == Group(CLAIMS, "C1, own", Verdict.EQUAL, mean_a=0.25, mean_b=0.5, note="undecided")
    put_claims(b, "reproduced", None)
    (group,) = (group for group in compare(a, b, PAPER) if group.table == CLAIMS)
    assert group == Group(CLAIMS, "C1, own", Verdict.DIFFERS, mean_a=0.25, note="undecided / reproduced")
    put_claims(b, "reproduced", 0.5, name="C2")
    assert found(roots, CLAIMS) == {"C1, own": Verdict.ONLY_A, "C2, own": Verdict.ONLY_B}


def test_figures_are_compared_by_their_bytes_and_sidecars_are_not(roots: tuple[Path, Path]) -> None:
    a, b = roots
    for root, text in ((a, "figure"), (b, "marked")):
        put(root, PAPER.figures / "fig05_kl_per_dimension.png", text)
        os.utime(root / PAPER.figures / "fig05_kl_per_dimension.png", ns=(0, 0))
        put(root, PAPER.figures / "fig05_kl_per_dimension.png.meta.json", text)
    put(a, PAPER.figures / "fig04_graphical_model.png", "figure")
    assert found(roots, FIGURES) == {
        "fig05_kl_per_dimension.pdf": Verdict.EQUAL,
        "fig05_kl_per_dimension.png": Verdict.DIFFERS,
        "fig04_graphical_model.png": Verdict.ONLY_A,
    }


@pytest.mark.parametrize("side", [0, 1])
def test_a_side_without_results_is_an_error(roots: tuple[Path, Path], tmp_path: Path, side: int) -> None:
    empty = tmp_path / "empty"
    pair = (empty, roots[1]) if side == 0 else (roots[0], empty)
    with pytest.raises(UserError, match=f"{empty}: got no results of profile paper"):
        compare(*pair, PAPER)


def test_a_row_that_occurs_twice_is_an_error(roots: tuple[Path, Path]) -> None:
    for root in roots:
        put_table(root, PAPER.table("metrics"), pd.concat([metrics(samples(1.0))] * 2))
    with pytest.raises(
        UserError, match=r"metrics\.csv: got two rows with dataset=mnist, model=n_vae, seed=0, split=te"
    ):
        compare(*roots, PAPER)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "EOF"),
        ("{", "EOF"),
        ("[]", ": Input should be"),
        ('{"claims": [{"id": "C1", "criteria": []}]}', "claims.0.verdict: Field required"),
        ('{"claims": [1]}', "claims.0: Input should be"),
    ],
)
def test_damaged_verdicts_are_an_error(roots: tuple[Path, Path], content: str, reason: str) -> None:
    put(roots[0], PAPER.claims, content)
    with pytest.raises(UserError, match=rf"claims\.json: got a damaged list of verdicts \({re.escape(reason)}"):
        compare(*roots, PAPER)
