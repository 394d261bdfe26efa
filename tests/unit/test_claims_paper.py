"""The project's claims: all are reproduced on tables where all are true, and refuted if a table is changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nvae import config, figures
from nvae.claims import Claim, Claims, load
from nvae.claims.evaluation import ClaimEvaluator
from nvae.layout import Layout
from nvae.tables.schemas import TABLES

ROOT = Path(__file__).parents[2]
CLAIMS = load(ROOT / "claims.yaml")
CONFIG = config.load(ROOT / "params.yaml", profile="paper")
SEEDS = range(5)
SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0)
Key = tuple[str, str, str]
Row = dict[str, object]
Evaluate = Callable[..., dict[str, Any]]
Change = Callable[[pd.DataFrame], None]

# Test error in % at each σ: (role, share) → variant → errors. All claims about Figure 9 are true for them.
ERRORS = {
    ("digits", 0.5): {
        "n_vae": (2.0, 1.9, 1.8, 1.7, 1.6),
        "cvae": (2.8, 3.0, 3.2, 3.4, 3.6),
        "cgan": (1.7, 1.9, 2.1, 2.3, 2.5),
        "ac_gan": (1.9, 2.1, 2.3, 2.5, 2.7),
    },
    ("digits", 1.0): {
        "n_vae": (3.4, 3.4, 3.5, 3.6, 3.7),
        "cvae": (8.0, 9.0, 10.0, 11.0, 12.0),
        "cgan": (3.0, 3.3, 3.6, 3.9, 4.4),
        "ac_gan": (5.5, 5.6, 5.7, 5.8, 5.9),
    },
    ("fashion", 0.5): {
        "n_vae": (10.1, 10.2, 10.3, 10.4, 10.5),
        "cvae": (12.9, 13.0, 13.2, 13.4, 13.5),
        "cgan": (11.5, 11.7, 11.9, 12.1, 12.3),
        "ac_gan": (11.1, 11.2, 11.3, 11.4, 11.5),
    },
    ("fashion", 1.0): {
        "n_vae": (17.0, 17.2, 17.4, 17.6, 17.8),
        "cvae": (26.0, 27.0, 28.0, 29.0, 30.0),
        "cgan": (19.0, 20.0, 21.0, 22.0, 23.0),
        "ac_gan": (19.5, 19.6, 19.7, 19.8, 19.9),
    },
}
METRICS = {
    "fashion": {"kl_own_nats": 6.0, "kl_shared_nats": 5.0, "negative_bound_nats": -143.0},
    "faces": {
        "kl_own_nats": 0.03, "kl_shared_nats": 7.4, "negative_bound_nats": 979.0,
        "r2_knn_azimuth_deg": 0.99, "r2_knn_elevation_deg": 0.97,
        "best_spearman_azimuth_deg": 0.96, "best_spearman_elevation_deg": 0.95,
    },
    "digits": {"kl_own_nats": 8.0, "kl_shared_nats": 7.0, "negative_bound_nats": 98.0},
}  # fmt: skip
AGGREGATE = {"n_vae": (0.07, 0.02, (0.05, 0.09)), "beta_vae": (0.2, 0.05, (0.1, 0.3, 0.5))}


def rows_of_seed(table: str, role: str, variant: str) -> list[Row]:
    """Return the test rows of one seed without noise."""
    match table:
        case "metrics":
            more = 1.5 if variant == "n_vae_no_bias" else 0.0
            named = {name: value + more * (name == "kl_own_nats") for name, value in METRICS[role].items()}
            return [{"metric": name, "value": value} for name, value in named.items()]
        case "aggregate":
            mean, distance, shares = AGGREGATE[variant]
            whole = {"mean_between_class_share": mean, "sliced_wasserstein": distance}
            single = [{"metric": "between_class_share", "dim": dim, "value": share} for dim, share in enumerate(shares)]
            return [{"metric": name, "dim": -1, "value": value} for name, value in whole.items()] + single
        case "augmentation":
            errors = [(share, ERRORS[role, share][variant]) for share in (0.5, 1.0)]
            return [
                {"sigma": sigma, "generated_share": share, "error_pct": error}
                for share, line in errors
                for sigma, error in zip(SIGMAS, line, strict=True)
            ]
        case "kl":
            # Three classes; the own block of the first has a large KL, that of the second a sufficient one.
            blocks = [(image, block) for image in range(3) for block in range(3)]
            own = [
                {"image_class": image, "kind": "class", "latent_class": block, "dim": dim,
                 "kl_nats": (4.0, 0.4, 0.1)[image] if image == block else 2.0}
                for image, block in blocks
                for dim in range(2)
            ]  # fmt: skip
            shared = {"kind": "shared", "latent_class": -1, "dim": 0, "kl_nats": 7.0}
            return own + [{"image_class": image, **shared} for image in range(3)]
        case _:
            return responses(role)


def responses(role: str) -> list[Row]:
    marks = {2: "loop", 7: "crossbar"} if role == "digits" else {}
    rows: list[Row] = []
    for image_class in (2, 7):
        for kind, changes in (("class", (0.8, 0.3, 0.1)), ("shared", (0.35, 0.4))):
            for dim, change in enumerate(changes):
                head: Row = {"image_class": image_class, "kind": kind, "dim": dim}
                squared = change / 1000 if role == "faces" and kind == "class" else change
                rows.append({**head, "metric": "mean_squared_change", "value": squared})
                if image_class in marks:
                    rows.append({**head, "metric": f"{marks[image_class]}_switched_share", "value": change})
    return rows


def made(key: Key) -> pd.DataFrame:
    """Return the rows of one variant over seeds; the validation rows are very different and must not be used."""
    rng = np.random.default_rng(sum(map(ord, "".join(key))))
    table, role, variant = key
    number, parts = TABLES[table].measure, []
    for seed in SEEDS:
        test = pd.DataFrame(rows_of_seed(*key)).assign(seed=seed, split="test")
        test[number] *= 1 + 0.001 * rng.standard_normal(len(test))
        parts += [test.assign(split="validation", **{number: 1000.0}), test]
    others = {"dataset": CONFIG.datasets[role], "model": variant, "image_class_name": "NA", "n_images": 9}
    return pd.concat(parts, ignore_index=True).assign(**others)[list(TABLES[table].names)]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluate:
    """Return a function that writes the tables of some claims and evaluates them.

    It takes the ids of the claims and a change of the rows of one variant, and returns id → the claim's part of
    ``claims.json``.
    """
    monkeypatch.chdir(tmp_path)

    def evaluate(*ids: str, changed: tuple[Key, Change] | None = None) -> dict[str, Any]:
        claims = Claims(claims=tuple(claim for claim in CLAIMS.claims if not ids or claim.id in ids))
        tables: dict[str, list[pd.DataFrame]] = {}
        for key in sorted(claims.needs()):
            rows = made(key)
            if changed and changed[0] == key:
                changed[1](rows)
            tables.setdefault(key[0], []).append(rows)
        for table, parts in tables.items():
            path = Layout("paper").table(table)
            path.parent.mkdir(parents=True, exist_ok=True)
            pd.concat(parts).to_csv(path, index=False)
        content = ClaimEvaluator(Layout("paper"), CONFIG.datasets).content(claims)
        return {claim["id"]: claim for claim in content["claims"]}

    return evaluate


def test_every_claim_of_the_paper_is_listed_in_order() -> None:
    assert [claim.id for claim in CLAIMS.claims] == [f"C{number}" for number in range(1, 15)]
    assert {claim.min_seeds for claim in CLAIMS.claims} == {5}


def test_claims_name_variants_and_figures_that_exist() -> None:
    assert {variant for _, _, variant in CLAIMS.needs()} <= set(CONFIG.variants)
    assert {claim.figure for claim in CLAIMS.claims} - {None} <= {spec.name for spec in figures.FIGURES}


def test_sigmas_and_shares_are_of_the_grid() -> None:
    reads = [quantity.read for claim in CLAIMS.claims for quantity in claim.quantities.values()]
    shares = {read.share for read in reads if read.kind in ("error", "error_trend")}
    sigmas = {read.sigma for read in reads if read.kind == "error"} - {"mean", "largest"}
    for profile in ("paper", "demo", "smoke"):
        grid = config.load(ROOT / "params.yaml", profile=profile).augmentation
        assert shares <= set(grid.generated_shares)
        assert sigmas <= set(grid.sigmas)


def test_all_claims_are_reproduced_where_all_are_true(world: Evaluate) -> None:
    found = world()
    assert {claim["verdict"] for claim in found.values()} == {"reproduced"}
    assert {(claim["n_seeds"], claim["note"]) for claim in found.values()} == {(5, "")}


def to(value: float, **where: object) -> Change:
    """Return a change that sets the numbers of the selected test rows to one value."""
    return _change(lambda numbers: value + 0 * numbers, where)


def times(factor: float, **where: object) -> Change:
    return _change(lambda numbers: factor * numbers, where)


def plus(term: float, **where: object) -> Change:
    return _change(lambda numbers: numbers + term, where)


def _change(new: Callable[[pd.Series], pd.Series], where: dict[str, object]) -> Change:
    def change(table: pd.DataFrame) -> None:
        number = table.columns[-1]
        chosen = table["split"] == "test"
        for column, value in where.items():
            chosen &= table[column] == value
        assert chosen.any()
        table.loc[chosen, number] = new(table.loc[chosen, number])

    return change


def metric(name: str) -> dict[str, object]:
    return {"metric": name}


def reversed_in_sigma(table: pd.DataFrame) -> None:
    """Reverse the order of the errors at share 0.5 over σ."""
    chosen = (table["split"] == "test") & (table["generated_share"] == 0.5)
    table.loc[chosen, "sigma"] = SIGMAS[0] + SIGMAS[-1] - table.loc[chosen, "sigma"]


HALF, ALONE = {"generated_share": 0.5}, {"generated_share": 1.0}
OWN, SHARED, BOUND = (metric(f"{name}_nats") for name in ("kl_own", "kl_shared", "negative_bound"))
OTHERS = ("cvae", "cgan", "ac_gan")
# Claim, the rows that are changed, how, and the positions of the claim's criteria that then fail.
REFUTED: list[tuple[str, Key, Change, set[int]]] = [
    ("C1", ("metrics", "fashion", "n_vae"), to(4.0, **OWN), {0}),
    ("C1", ("metrics", "fashion", "n_vae"), to(6.5, **SHARED), {0}),
    ("C2", ("metrics", "faces", "n_vae"), to(0.5, **OWN), {0}),
    ("C3", ("kl", "digits", "n_vae"), to(0.2, image_class=1, latent_class=1), {0}),
    ("C3", ("metrics", "digits", "n_vae"), to(0.9, **SHARED), {1}),
    *(
        ("C4", (table, role, f"n_vae_lambda{value}"), change, {index})
        for value in ("1_5", "2", "4", "8")
        for index, (table, role, change) in enumerate(
            (
                ("metrics", "fashion", to(4.9, **OWN)),
                ("metrics", "faces", to(0.4, **OWN)),
                ("kl", "digits", to(0.2, image_class=1, latent_class=1)),
                ("metrics", "digits", to(0.9, **SHARED)),
                ("metrics", "digits", times(1.08, **BOUND)),
                ("metrics", "fashion", times(1.08, **BOUND)),
                ("metrics", "faces", times(0.93, **BOUND)),
            )
        )
    ),
    ("C5", ("aggregate", "digits", "beta_vae"), to(0.2, metric="between_class_share"), {0}),
    ("C5", ("aggregate", "digits", "beta_vae"), to(0.05, metric="mean_between_class_share"), {1}),
    ("C5", ("aggregate", "digits", "n_vae"), to(0.3, metric="mean_between_class_share"), {1}),
    ("C5", ("aggregate", "digits", "n_vae"), to(0.1, metric="sliced_wasserstein"), {2}),
    ("C6", ("metrics", "faces", "n_vae"), to(0.85, metric="r2_knn_azimuth_deg"), {0}),
    ("C6", ("metrics", "faces", "n_vae"), to(0.65, metric="best_spearman_azimuth_deg"), {1}),
    ("C6", ("metrics", "faces", "n_vae"), to(0.85, metric="r2_knn_elevation_deg"), {2}),
    ("C6", ("metrics", "faces", "n_vae"), to(0.65, metric="best_spearman_elevation_deg"), {3}),
    ("C7", ("responses", "faces", "n_vae"), times(20, kind="class"), {0}),
    ("C8", ("augmentation", "digits", "n_vae"), reversed_in_sigma, {0}),
    ("C8", ("augmentation", "digits", "n_vae"), to(2.0, **HALF), {0}),
    ("C8", ("augmentation", "digits", "cvae"), reversed_in_sigma, {1}),
    ("C8", ("augmentation", "digits", "cgan"), reversed_in_sigma, {2}),
    ("C8", ("augmentation", "digits", "ac_gan"), reversed_in_sigma, {3}),
    ("C9", ("augmentation", "fashion", "n_vae"), plus(5, **HALF), {0, 1, 2}),
    *(("C9", ("augmentation", "fashion", other), plus(-5, **HALF), {i}) for i, other in enumerate(OTHERS)),
    ("C10", ("augmentation", "digits", "n_vae"), plus(-1, **ALONE, sigma=1.0), {0}),
    ("C10", ("augmentation", "digits", "cvae"), to(2.0, **ALONE, sigma=1.0), {1, 3}),
    ("C10", ("augmentation", "digits", "ac_gan"), to(2.0, **ALONE, sigma=1.0), {2, 4}),
    ("C10", ("augmentation", "digits", "n_vae"), to(4.5, **ALONE, sigma=1.0), {4}),
    ("C10", ("augmentation", "digits", "n_vae"), to(6.0, **ALONE, sigma=1.0), {3, 4}),
    ("C11", ("augmentation", "fashion", "n_vae"), plus(20, **ALONE), {0, 1, 2}),
    *(("C11", ("augmentation", "fashion", other), plus(-15, **ALONE), {i}) for i, other in enumerate(OTHERS)),
    *(
        ("C12", ("augmentation", role, "n_vae"), plus(15, **share, sigma=3.0), {3 * i, 3 * i + 1, 3 * i + 2})
        for i, (role, share) in enumerate((("digits", HALF), ("fashion", HALF), ("digits", ALONE), ("fashion", ALONE)))
    ),
    ("C12", ("augmentation", "fashion", "cgan"), to(10, **ALONE, sigma=3.0), {10}),
    ("C13", ("metrics", "digits", "n_vae_no_bias"), to(7.0, **OWN), {0}),
    ("C13", ("metrics", "digits", "n_vae"), plus(3.0, **OWN), {0}),
    ("C14", ("responses", "digits", "n_vae"), times(0.5, image_class=7, kind="class"), {0}),
    ("C14", ("responses", "digits", "n_vae"), to(0.6, image_class=7, dim=1), {1}),
    ("C14", ("responses", "digits", "n_vae"), times(0.5, image_class=2, kind="class"), {2}),
    ("C14", ("responses", "digits", "n_vae"), to(0.6, image_class=2, dim=1), {3}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key", "change", "failing"),
    REFUTED,
    ids=[f"{name}-{'-'.join(key)}-{sorted(failing)}" for name, key, _, failing in REFUTED],
)
def test_a_claim_is_refuted_by_a_change_of_what_it_is_about(
    name: str,
    key: Key,
    change: Change,
    failing: set[int],
    world: Evaluate,
) -> None:
    claim = world(name, changed=(key, change))[name]
    assert claim["verdict"] == "not reproduced"
    outcomes = [criterion["outcome"] for criterion in claim["criteria"]]
    assert {index for index, outcome in enumerate(outcomes) if outcome == "fails"} == failing


def test_each_criterion_is_refuted_by_something() -> None:
    """The list above makes every criterion of every claim fail."""
    refuted = {(name, index) for name, _, _, failing in REFUTED for index in failing}
    assert refuted == {(claim.id, index) for claim in CLAIMS.claims for index in range(len(claim.criteria))}


@pytest.mark.parametrize("claim", CLAIMS.claims, ids=lambda claim: claim.id)
def test_texts_are_whole_sentences(claim: Claim) -> None:
    for text in (claim.sentence, *(criterion.reason for criterion in claim.criteria)):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "\n" not in text
