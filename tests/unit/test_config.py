"""params.yaml: valid settings, and the slices on which rules depend. wrong_params.py has settings that are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvae import config

ROOT = Path(__file__).parents[2]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Return a function that writes a copy of params.yaml with some dotted keys changed."""

    def edit(changes: dict[str, Any]) -> Path:
        content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        for key, value in changes.items():
            *outer, last = key.split(".")
            section = content
            for name in outer:
                section = section[name]
            section[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return edit


@pytest.mark.parametrize("profile", ["paper", "demo", "smoke"])
def test_profiles_are_valid(profile: str) -> None:
    loaded = config.load(ROOT / "params.yaml", profile=profile)
    assert loaded.profile == profile
    for dataset in loaded.datasets.values():
        json.loads(loaded.slice("train", dataset=dataset, variant="n_vae", seed=0))


def test_overrides_are_applied_in_order(edited: Callable[[dict[str, Any]], Path]) -> None:
    path = edited(
        {
            "models.n_vae.defaults.class_dims": 7,
            "models.n_vae.mnist": {"class_dims": 8},
            "models.n_vae.yale_b": {},
            "variants.wide": {"model": "n_vae", "changes": {"class_dims": 9}, "training": {"epochs": 377}},
        }
    )
    loaded = config.load(path)
    assert loaded.model_params("yale_b", "n_vae").class_dims == 7
    assert loaded.model_params("mnist", "n_vae").class_dims == 8
    assert loaded.model_params("mnist", "wide").class_dims == 9
    assert loaded.training_params("mnist", "wide").epochs == 377
    assert loaded.training_params("mnist", "n_vae").epochs != 377


def test_models_share_the_common_settings(edited: Callable[[dict[str, Any]], Path]) -> None:
    path = edited({"models.common.defaults.hidden": [64], "models.common.mnist": {"latent_dims": 11, "pixel_std": 0.5}})
    loaded = config.load(path)
    params = {variant: loaded.model_params("mnist", variant) for variant in loaded.variants}
    assert {found.hidden for found in params.values()} == {(64,)}
    assert {name for name, found in params.items() if getattr(found, "latent_dims", None) == 11} == {
        *("beta_vae", "cvae", "cgan", "ac_gan")
    }
    assert {found.pixel_std for found in params.values() if hasattr(found, "pixel_std")} == {0.5}


def test_models_without_blocks_have_as_many_latents_as_n_vae_has_per_class() -> None:
    loaded = config.load(ROOT / "params.yaml")
    for dataset in loaded.data:
        blocks = loaded.model_params(dataset, "n_vae")
        for variant in ("beta_vae", "cvae", "cgan", "ac_gan"):
            found = loaded.model_params(dataset, variant).latent_dims
            assert found == blocks.class_dims + blocks.shared_dims, (dataset, variant)


def test_only_monitored_models_depend_on_the_monitor(edited: Callable[[dict[str, Any]], Path]) -> None:
    before = config.load(ROOT / "params.yaml")
    after = config.load(edited({"fidelity.monitor_images_per_class": 7}))
    changed = {
        variant
        for variant in before.variants
        if before.slice("train", dataset="mnist", variant=variant)
        != after.slice("train", dataset="mnist", variant=variant)
    }
    assert changed == {"cgan", "ac_gan"}


def test_variants_that_differ_only_in_name_are_trained_once(edited: Callable[[dict[str, Any]], Path]) -> None:
    loaded = config.load(ROOT / "params.yaml", profile="paper")
    ablated = ("n_vae_lambda1", "n_vae_lambda1_5", "n_vae_lambda2", "n_vae_no_bias", "n_vae")
    # λ is 1.5 on MNIST and 2 on Yale B.
    found = {dataset: [loaded.trained_as(dataset, name) for name in ablated] for dataset in ("mnist", "yale_b")}
    assert found["mnist"] == ["n_vae_lambda1", "n_vae", "n_vae_lambda2", "n_vae_no_bias", "n_vae"]
    assert found["yale_b"] == ["n_vae_lambda1", "n_vae_lambda1_5", "n_vae", "n_vae_no_bias", "n_vae"]
    other = config.load(edited({"variants.n_vae_lambda2.training": {"learning_rate": 0.01}}), profile="paper")
    assert other.trained_as("yale_b", "n_vae_lambda2") == "n_vae_lambda2"


def test_a_slice_depends_only_on_the_keys_that_its_step_reads(edited: Callable[[dict[str, Any]], Path]) -> None:
    before = config.load(ROOT / "params.yaml")
    after = config.load(edited({"models.n_vae.mnist": {"class_weight": 3.5}, "execution.device": "cpu"}))

    def slices(loaded: config.Config) -> dict[str, str]:
        train = {d: loaded.slice("train", dataset=d, variant="n_vae", seed=0) for d in ("mnist", "fashion_mnist")}
        traversals = loaded.sections(["traversals"], dataset="mnist", variant="n_vae")
        return {**train, "prepare": loaded.slice("prepare", dataset="mnist"), "traversals": traversals}

    changed = {name for name, value in slices(before).items() if slices(after)[name] != value}
    assert changed == {"mnist"}


def test_reordering_keys_changes_no_slice(tmp_path: Path) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))

    def reordered(value: Any) -> Any:
        return {k: reordered(value[k]) for k in reversed(value)} if isinstance(value, dict) else value

    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(reordered(content), sort_keys=False), encoding="utf-8")
    one, other = config.load(ROOT / "params.yaml"), config.load(path)
    for dataset in one.data:
        verb = "null" if dataset in one.nulls() else "prepare"
        assert one.slice(verb, dataset=dataset) == other.slice(verb, dataset=dataset)
        arguments = {"dataset": dataset, "variant": "n_vae_no_bias", "seed": 3}
        assert one.slice("train", **arguments) == other.slice("train", **arguments)
        for variant in one.variants:
            assert one.trained_as(dataset, variant) == other.trained_as(dataset, variant)
