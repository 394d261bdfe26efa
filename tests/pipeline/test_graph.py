"""Checks of the workflow that run no job: targets, names, messages and lint."""

import re

import pytest

from nvae.claims import load as load_claims
from nvae.config import load
from nvae.figures import FIGURES, SUFFIXES, runs
from nvae.layout import Layout
from nvae.tables.schemas import TABLES
from tests.pipeline.project import ROOT, Project

COLLECTIONS = ["all_figures", "all_data", "all_models", "all_tables", "all_claims", "all_releases"]
#: Lint messages that are accepted, each with the reason.
KNOWN_LINT = {
    # All rules share one environment: environment.yml or the virtual environment.
    "Specify a conda environment or container for each rule.",
    # The profile is part of every output path, so that Snakemake detects its changes.
    "Shell command directly uses variable PROFILE from outside of the rule",
    # The parameter comes from nvae.layout, like the path of the output.
    "Param out is a prefix of input or output file but hardcoded",
}


@pytest.mark.parametrize("profile", ["paper", "demo", "smoke"])
def test_every_target_of_every_profile_can_be_planned(fresh: Project, profile: str) -> None:
    config = load(ROOT / "params.yaml", profile=profile)
    folder = Layout(profile).figures
    files = [f"{folder}/{figure.name}.{suffix}" for figure in FIGURES for suffix in SUFFIXES]
    jobs = fresh.planned(*COLLECTIONS, *(figure.name for figure in FIGURES), *files, profile=profile)
    # On each of the three sets, one of the ablation's five λ is that of N-VAE itself.
    assert jobs["alias_model"] == 3 * len(config.seeds)
    n_models = sum(len(config.seeds_of(dataset)) for dataset, _ in runs(config.datasets))
    assert jobs["train_model"] + jobs["alias_model"] == n_models
    assert jobs["calibration"] == 8 * len(config.ground_truth.seeds)
    assert jobs["check_claims"] == 1
    # N-VAE in each role and a β-VAE on the digits; each built-in set has a β-VAE too, because its factors are known.
    assert jobs["release_model"] == (4 if profile == "paper" else 6)
    # One job per kind of table; the histories have a separate rule because their terms differ.
    no_figure_yet = {"ladder", "transfer"}
    assert jobs["collect_table"] + jobs["collect_history"] == len(set(TABLES) - no_figure_yet)
    assert jobs["variants"] == 1
    assert {rule for rule in jobs if rule.startswith(("fig", "supp"))} == {figure.name for figure in FIGURES}
    assert jobs["augmentation"] == jobs["fidelity"] == 4 * 2 * len(config.seeds)
    assert jobs["prepare_dataset"] == len({dataset for dataset, _ in runs(config.datasets)})
    assert jobs.get("fetch_dataset", 0) == (3 if profile == "paper" else 0)
    assert jobs["draw_dataset"] == 3


def test_one_figure_plans_only_the_jobs_that_it_needs(fresh: Project) -> None:
    alone = fresh.planned("results/smoke/figures/fig04_graphical_model.pdf", profile="smoke")
    assert alone == {"fig04_graphical_model": 1}
    samples = fresh.planned("results/smoke/figures/fig11_samples.png", profile="smoke")
    assert samples.pop("fig11_samples") == 1
    assert samples == {"draw_dataset": 2, "prepare_dataset": 2, "train_model": 2, "samples": 2}
    posterior = fresh.planned("results/smoke/figures/fig03_aggregate_posterior.png", profile="smoke")
    assert posterior["train_model"] == 2
    assert posterior["draw_dataset"] == 1


def test_every_rule_has_a_description_and_every_figure_has_a_rule(fresh: Project) -> None:
    listed = fresh.call("snakemake", "--list-rules").stdout
    rules = re.findall(r"^([\w-]+)(?: \((.+))?", listed, re.MULTILINE)
    assert [name for name, description in rules if not description] == []
    names = {name for name, _ in rules}
    assert {name for name in names if name.startswith(("fig", "supp"))} == {figure.name for figure in FIGURES}
    assert set(COLLECTIONS) < names


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seeds=[0,1]", "--config seeds: got an override"),
        ("profile=nowhere", "profile: got 'nowhere', expected one of demo, paper, smoke"),
    ],
)
def test_a_wrong_override_is_a_one_line_error(fresh: Project, override: str, message: str) -> None:
    result = fresh.call("snakemake", "-n", "--config", override)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("Using workflow specific profile")]
    assert result.returncode != 0
    assert len(lines) == 1
    assert message in lines[0]


def test_a_wrong_parameter_is_a_one_line_error(fresh: Project) -> None:
    fresh.edit_params(lambda params: params["training"]["defaults"].update(epoch=3))
    result = fresh.call("snakemake", "-n")
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith("nvae: error: training.")
    assert "Traceback" not in result.stderr


def test_claims_need_only_models_that_figures_need() -> None:
    claims = load_claims(ROOT / "claims.yaml")
    for profile in ("paper", "demo", "smoke"):
        roles = load(ROOT / "params.yaml", profile=profile).datasets
        assert {(roles[role], variant) for _, role, variant in claims.needs()} <= set(runs(roles))


def test_lint_finds_nothing_new(fresh: Project) -> None:
    result = fresh.call("snakemake", "--lint")
    found = set(re.findall(r"^    \* (.+?):$", result.stdout + result.stderr, re.MULTILINE))
    assert found, "no message at all: has the format changed?"
    assert found <= KNOWN_LINT


def test_no_rule_trains_on_an_unknown_data_set(fresh: Project) -> None:
    result = fresh.call("snakemake", "-n", "--", "results/paper/models/nosuch/n_vae/seed0/weights.safetensors")
    assert result.returncode != 0
    assert "No rule to produce" in result.stdout + result.stderr
