"""A small run of the whole pipeline, and the jobs that Snakemake repeats after a change."""

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from nvae.figures import FIGURES, SUFFIXES
from nvae.provenance import sha256
from tests.pipeline.project import Project, comment, copy_project, shrink_paper

_TRAVERSED = [need for figure in FIGURES for need in figure.needs if need.table == "traversals"]
TRAVERSALS = {figure.name: 1 for figure in FIGURES if set(figure.needs) & set(_TRAVERSED)}
FIG05 = "fig05_kl_per_dimension"


def test_every_figure_exists_as_pdf_and_png(finished: Project) -> None:
    folder = finished.root / "paper_figs"
    for figure in FIGURES:
        assert (folder / f"{figure.name}.pdf").read_bytes().startswith(b"%PDF-"), figure.name
        assert (folder / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG"), figure.name
        assert (folder / f"{figure.name}.rst").read_text(encoding="utf-8").startswith("Figure "), figure.name
    assert len(list(folder.glob("*.pdf"))) == len(FIGURES)
    assert (finished.root / "results/paper/metrics.json").stat().st_size > 100
    assert not list((finished.root / "results/paper").glob("checkpoints/**/*.safetensors"))


def test_a_second_run_does_nothing(finished: Project) -> None:
    assert "Nothing to be done" in finished.snakemake("all_figures")


@pytest.mark.skipif(sys.platform != "linux", reason="the fork server needs Linux")
def test_jobs_fork_from_a_server(fresh: Project) -> None:
    fresh.edit_params(shrink_paper)
    settings = ("--cores", "2", "--quiet", "all", "--config", "profile=paper")
    process = fresh.start("snakemake", *settings, "--", "all_models")
    forks: list[psutil.Process] = []
    while process.poll() is None and not forks:
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children():
                if "nvae.forking.server" in " ".join(child.cmdline()):
                    forks = child.children()
        time.sleep(0.01)
    process.terminate()
    process.communicate()
    assert forks


def test_a_figure_can_be_made_by_its_path(finished: Project) -> None:
    paths = [f"paper_figs/{FIG05}.{suffix}" for suffix in SUFFIXES]
    before = [(finished.root / path).read_bytes() for path in paths]
    for path in paths:
        (finished.root / path).unlink()
    assert "1 of 1 steps (100%) done" in finished.snakemake(paths[0])
    assert [(finished.root / path).read_bytes() for path in paths] == before


def test_new_time_stamps_rerun_nothing(finished: Project) -> None:
    weights = list(finished.root.glob("results/paper/models/**/*.safetensors"))
    assert max(path.stat().st_size for path in weights) > 1_000_000
    for path in [*finished.root.glob("nvae/**/*.py"), *weights]:
        path.touch()
    assert finished.planned("all_figures") == {}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (f"nvae/figures/{FIG05}.py", {FIG05: 1, "all_figures": 1}),
        ("nvae/cli.py", {}),
        ("nvae/config/schema.py", {}),
    ],
)
def test_a_comment_in_the_code_redraws_only_its_figure(finished: Project, file: str, expected: dict[str, int]) -> None:
    with finished.kept(file) as path:
        comment(path)
        assert finished.planned("all_figures") == expected
    assert finished.planned("all_figures") == {}


def test_an_edit_of_the_loss_retrains_models_but_draws_no_data(finished: Project) -> None:
    with finished.kept("nvae/models/likelihoods.py") as path:
        comment(path)
        jobs = finished.planned("all_figures")
    assert jobs["train_model"] == 3 * 8  # every VAE; no GAN and no classifier has a likelihood
    assert jobs["alias_model"] == 3
    assert jobs["calibration"] == 8
    assert {"draw_dataset", "prepare_dataset", "fig04_graphical_model"}.isdisjoint(jobs)


def _steps(params: dict[str, Any]) -> None:
    params["traversals"]["steps"] += 2


def _variant(params: dict[str, Any]) -> None:
    params["variants"]["n_vae_no_bias"]["changes"]["class_weight"] = 3.0


def _order(params: dict[str, Any]) -> None:
    params["traversals"] = dict(reversed(params["traversals"].items()))


def _demo(params: dict[str, Any]) -> None:
    params["profiles"]["demo"]["traversals"] = {"steps": 3}


VARIANT = {
    "train_model": 3,
    "kl": 1,
    "metrics": 3,
    "variants": 1,
    "collect_history": 1,
    "collect_table": 2,
    "summarise_metrics": 1,
    "check_claims": 1,
    "fig10_class_bias_kl": 1,
    "supp05_class_weight": 1,  # it also reads the table of variants
    "supp06_class_bias": 1,
    "all_figures": 1,
}
RESPONSES = {"responses": 2, "collect_table": 1, "check_claims": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_steps, {"traversals": 5, **RESPONSES, **TRAVERSALS, "all_figures": 1}),
        (_variant, VARIANT),
        (_order, {}),
        (_demo, {}),
    ],
)
def test_a_changed_key_reruns_only_the_jobs_that_read_it(
    finished: Project, change: Callable[[dict[str, Any]], None], expected: dict[str, int]
) -> None:
    with finished.kept("params.yaml"):
        finished.edit_params(change)
        assert finished.planned("all_figures") == expected


def test_a_new_seed_trains_only_its_own_models(finished: Project) -> None:
    with finished.kept("params.yaml"):
        finished.edit_params(lambda params: params["seeds"].append(1))
        jobs = finished.planned("all_figures")
        plan = finished.do("snakemake", "-n", "--", "all_models")
    assert jobs["train_model"] + jobs["alias_model"] == jobs["metrics"] == 33
    assert jobs["alias_model"] == 3
    assert jobs["kl"] == 14
    assert jobs["augmentation"] == jobs["fidelity"] == 8
    assert {"prepare_dataset", "traversals", "samples", "posteriors", "calibration", "variants"}.isdisjoint(jobs)
    assert plan.count("/seed1/weights.safetensors") >= 33
    assert not re.search(r"output: results/paper/models/\w+/\w+/seed0", plan)


def test_a_removed_seed_is_dropped_from_the_tables_and_trains_nothing(fresh: Project) -> None:
    """The model of the seed remains until `nvae prune` deletes it, and no job reads it."""
    table = "results/paper/tables/aggregate.csv"
    model = fresh.root / "results/paper/models/glyphs/n_vae"
    fresh.edit_params(shrink_paper)
    fresh.snakemake(table)
    one_seed = (fresh.root / table).read_bytes()
    fresh.edit_params(lambda params: params.update(seeds=[0, 1]))
    assert fresh.planned(table) == {"train_model": 2, "aggregate": 2, "collect_table": 1}
    fresh.snakemake(table)
    assert set(pd.read_csv(fresh.root / table)["seed"]) == {0, 1}
    fresh.edit_params(lambda params: params.update(seeds=[0]))
    assert fresh.planned(table) == {"collect_table": 1}
    fresh.snakemake(table)
    assert (fresh.root / table).read_bytes() == one_seed
    assert (model / "seed1").is_dir()
    fresh.do("nvae", "prune", "--profile", "paper", "--delete")
    assert [path.name for path in sorted(model.iterdir())] == ["seed0", "seed0.meta.json"]
    assert fresh.planned(table) == {}


def test_a_new_sigma_trains_only_its_own_arms(finished: Project) -> None:
    with finished.kept("params.yaml"):
        finished.edit_params(lambda params: params["profiles"]["paper"]["augmentation"]["sigmas"].append(2.0))
        assert finished.planned("all_figures") == {
            "augmentation": 8,
            "fidelity": 8,
            "collect_table": 2,
            "check_claims": 1,
            **dict.fromkeys(("fig09_augmentation", "supp03_fidelity", "supp04_augmentation_mixes"), 1),
            "all_figures": 1,
        }
        table = finished.root / "results/paper/runs/augmentation/glyphs/cvae/seed0.csv"
        before = table.read_bytes()
        output = finished.snakemake(str(table.relative_to(finished.root)))
        try:
            trained = re.findall(r"arm \d+ of \d+ \(([\w.-]+)\): epoch 2/2", output)
            assert trained == ["sigma2.0-share0.5", "sigma2.0-share1.0"]
            assert set(before.splitlines()) < set(table.read_bytes().splitlines())
        finally:
            finished.edit_params(lambda params: params["profiles"]["paper"]["augmentation"]["sigmas"].remove(2.0))
            finished.snakemake("all_figures")
    assert table.read_bytes() == before
    assert finished.planned("all_figures") == {}


def test_an_edit_of_the_classifier_trains_no_vae(finished: Project) -> None:
    with finished.kept("nvae/models/classifier.py") as path:
        comment(path)
        jobs = finished.planned("all_figures")
        plan = finished.do("snakemake", "-n", "--", "all_models")
    assert jobs["train_model"] == 2 + 4  # the classifiers, and the GANs that they monitor
    assert jobs["augmentation"] == 8
    assert not re.search(r"output: results/paper/models/\w+/\w*vae", plan)


def test_each_history_has_the_columns_of_its_monitor(finished: Project) -> None:
    table = pd.read_csv(finished.root / "results/paper/tables/history.csv")
    validation = table[table["split"] == "validation"].set_index(["dataset", "model", "term"])["value"]
    for variant, term in (
        ("cgan", "lowest_sample_coverage"),
        ("ac_gan", "sample_accuracy"),
        ("cvae", "negative_bound"),
    ):
        for dataset in ("glyphs", "garments"):
            values = validation[dataset, variant, term]
            assert len(values) == 2
            assert values.notna().all()


def test_draw_needs_only_the_tables(finished: Project, tmp_path: Path) -> None:
    bare = copy_project(tmp_path)
    bare.edit_params(shrink_paper)
    shutil.copytree(finished.root / "results/paper/tables", bare.root / "results/paper/tables")
    bare.do("nvae", "draw", "fig05", "--profile", "paper")
    drawn = sorted(path.name for path in bare.root.glob("paper_figs/*.[pr][dns][fgt]"))
    assert drawn == [f"{FIG05}.{suffix}" for suffix in SUFFIXES]
    for name in drawn:
        assert (bare.root / "paper_figs" / name).read_bytes() == (finished.root / "paper_figs" / name).read_bytes()


def test_a_clone_draws_from_the_joined_tables_and_trains_nothing(finished: Project, tmp_path: Path) -> None:
    """The clone has no tables of single runs, no models, no data, and none of Snakemake's records."""
    clone = copy_project(tmp_path)
    clone.edit_params(shrink_paper)
    shutil.copytree(finished.root / "results/paper/tables", clone.root / "results/paper/tables")
    shutil.copytree(finished.root / "results/paper/records", clone.root / "results/paper/records")
    assert clone.planned(f"paper_figs/{FIG05}.pdf") == {FIG05: 1}
    # The summary of metrics is missing; the list of raw files is no reason to make them and all models again.
    assert {"fetch_dataset", "draw_dataset", "train_model"}.isdisjoint(clone.planned("all_tables"))
    restored = sorted((clone.root / "results/paper/runs").rglob("*.csv"))
    made = sorted((finished.root / "results/paper/runs").rglob("*.csv"))
    assert [path.relative_to(clone.root) for path in restored] == [path.relative_to(finished.root) for path in made]
    assert [path.read_bytes() for path in restored] == [path.read_bytes() for path in made]
    clone.snakemake(f"paper_figs/{FIG05}.pdf")
    for suffix in SUFFIXES:
        name = f"paper_figs/{FIG05}.{suffix}"
        assert (clone.root / name).read_bytes() == (finished.root / name).read_bytes()


def test_every_claim_is_evaluated_and_is_undecided_with_one_seed(finished: Project) -> None:
    content = json.loads((finished.root / "results/paper/claims.json").read_text(encoding="utf-8"))
    assert [claim["id"] for claim in content["claims"]] == [f"C{number}" for number in range(1, 15)]
    for claim in content["claims"]:
        assert claim["verdict"] == "undecided", claim["id"]
        assert all(np.isfinite(criterion["estimate"]) for criterion in claim["criteria"]), claim["id"]
        for evidence in claim["evidence"]:
            assert sha256(finished.root / evidence["path"]) == evidence["sha256"]


def test_the_table_of_variants_has_the_varied_settings(finished: Project) -> None:
    table = pd.read_csv(finished.root / "results/paper/tables/variants.csv")
    settings = table.set_index(["parameter", "model", "dataset"])["setting"].sort_index()
    for name, weight in {"1": "1.0", "1_5": "1.5", "2": "2.0", "4": "4.0", "8": "8.0"}.items():
        assert settings["class_weight", f"n_vae_lambda{name}"].tolist() == [weight] * 3
    assert set(settings["class_bias", "n_vae"]) == {"True"}
    assert set(settings["class_bias", "n_vae_no_bias"]) == {"False"}


def test_on_the_demos_data_no_claim_can_be_reproduced(finished: Project, tmp_path: Path) -> None:
    """The tables are repeated as if five seeds agreed, and C1 is made to hold: on the real data it is reproduced."""
    bare = copy_project(tmp_path)
    for table in finished.root.glob("results/paper/tables/*.csv"):
        rows = pd.read_csv(table, keep_default_na=False)
        if table.name == "metrics.csv":
            own = (rows["dataset"] == "garments") & (rows["model"] == "n_vae") & (rows["metric"] == "kl_own_nats")
            rows.loc[own, "value"] = 1 + rows["value"].max()
        target = bare.root / "results/demo/tables" / table.relative_to(finished.root / "results/paper/tables")
        target.parent.mkdir(parents=True, exist_ok=True)
        pd.concat([rows.assign(seed=seed) for seed in range(5)]).to_csv(target, index=False)
    verdicts = {}
    for profile in ("demo", "paper"):
        if profile == "paper":
            bare.edit_params(shrink_paper)
            shutil.move(bare.root / "results/demo", bare.root / "results/paper")
        bare.do("nvae", "claims", "--profile", profile)
        content = json.loads((bare.root / f"results/{profile}/claims.json").read_text(encoding="utf-8"))
        verdicts[profile] = {claim["id"]: claim["verdict"] for claim in content["claims"]}
    assert set(verdicts["demo"]) == {f"C{number}" for number in range(1, 15)}
    assert set(verdicts["demo"].values()) <= {"undecided", "not reproduced"}
    assert verdicts["demo"]["C1"] == "undecided"
    assert verdicts["paper"]["C1"] == "reproduced"
