"""params.yaml: what is accepted, what is refused, and what a rule depends on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvae import config
from nvae.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """A copy of params.yaml with some dotted keys changed."""

    def edit(changes: dict[str, Any]) -> Path:
        content = yaml.safe_load((ROOT / "params.yaml").read_text())
        for key, value in changes.items():
            *outer, last = key.split(".")
            section = content
            for name in outer:
                section = section[name]
            section[last] = value
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return edit


@pytest.mark.parametrize("profile", ["paper", "demo", "smoke"])
def test_profiles_are_valid(profile: str) -> None:
    loaded = config.load(ROOT / "params.yaml", profile=profile)
    assert loaded.profile == profile
    for dataset in loaded.datasets.values():
        json.loads(loaded.slice("train", dataset=dataset, variant="n_vae", seed=0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": []}, "seeds"),
        ({"seed": 0}, "seed: got an unknown key"),
        ({"seeds": ["zero"]}, "seeds.0: got 'zero', expected integer"),
        ({"profile": "full"}, "profile: got 'full', expected one of demo, paper, smoke"),
        ({"models.n_vae.defaults.class_weight": 0}, "class_weight.*: got 0, expected greater than 0"),
        ({"models.n_vae.defaults.class_weight": -1.5}, "class_weight.*: got -1.5, expected greater than 0"),
        ({"models.n_vae.defaults.class_weight": "2"}, "class_weight.*: got '2', expected number"),
        ({"models.n_vae.defaults.lambda": 2.0}, "lambda: got an unknown key, expected one of backbone"),
        ({"models.n_vae.mnist.class_dims": 2.5}, r"models\.n_vae\.mnist.*class_dims: got 2.5, expected integer"),
        (
            {"models.n_vae.defaults.likelihood": "poisson"},
            "likelihood: got 'poisson', expected 'bernoulli' or 'gaussian'",
        ),
        ({"models.n_vae.defaults.hidden": []}, "hidden"),
        ({"models.n_vae.cifar": {}}, r"models\.n_vae\.cifar: got a data set without"),
        ({"training.mnist.epochs": True}, r"training\.mnist\.epochs: got True, expected integer"),
        ({"training.defaults.epochs": 0}, "epochs: got 0, expected greater than 0"),
        (
            {"training.defaults.kl_warmup_epochs": 10_000},
            r"kl_warmup_epochs of variant \w+ on \w+: got 10000, expected at most",
        ),
        ({"datasets.digits": "cifar"}, "data set: got 'cifar', expected one of dial, dial_few"),
        ({"datasets.letters": "mnist"}, "datasets: got"),
        ({"data.yale_b.test_fraction": 1.0}, "test_fraction: got 1.0, expected less than 1"),
        ({"data.yale_b.angle": "elevation"}, "angle"),
        ({"data.mnist.kind": "tar"}, r"data\.fashion_mnist\.kind: got 'tar', expected 'idx', 'faces'"),
        ({"traversal.low": 3.0}, "traversal.low: got 3.0, expected less than traversal.high"),
        ({"variants.n_vae.changes": {"epochs": 3}}, r"variants\.n_vae\.changes\.epochs: got an unknown key"),
        ({"variants.n_vae.model": "vae"}, r"variants\.n_vae\.model: got 'vae', expected 'n_vae', 'beta_vae'"),
        ({"variants.n_vae.training": {"rate": 1}}, r"variants\.n_vae\.training\.rate: got an unknown key"),
        ({"variants.classifier.model": "cvae"}, r"variants\.classifier\.model: got 'cvae', expected classifier"),
        ({"models.vae": {"defaults": {}}}, r"models\.vae: got an unknown section, expected the sections ac_gan"),
        ({"models.common.defaults.width": 3}, r"models\.common\.defaults\.width: got an unknown key"),
        ({"models.common.mnist.latent_dims": 0}, r"models\.common\.mnist\.latent_dims: got 0, expected greater"),
        ({"models.cgan.defaults.gradient_penalty": -1.0}, r"models\.cgan\.defaults\.gradient_penalty: got -1.0"),
        ({"models.beta_vae.defaults": {}}, r"models\.common\.defaults\.beta: got nothing"),
        ({"training.defaults.adam_beta1": 1.0}, r"training\.defaults\.adam_beta1: got 1.0, expected less than 1"),
        ({"augmentation.sigmas": [0.0]}, r"augmentation\.sigmas\.0: got 0.0, expected greater than 0"),
        ({"augmentation.sigmas": [1.0, 1.0]}, r"augmentation\.sigmas: got .*expected each once"),
        ({"augmentation.generated_shares": [1.5]}, r"augmentation\.generated_shares\.0: got 1.5"),
        ({"fidelity.neighbours": 0}, r"fidelity\.neighbours: got 0"),
        ({"execution.devise": "cpu"}, r"execution\.devise: got an unknown key"),
        ({"data.yale_b.crop": 1}, r"data\.yale_b\.crop: got an unknown key"),
        ({"data.yale_b.expected": {"usable": 1}}, r"data\.yale_b\.expected\.kept: got nothing"),
        ({"execution.device": "tpu"}, "device: got 'tpu'"),
        ({"profiles": []}, "profiles: got"),
    ],
)
def test_wrong_keys_and_values_are_named(
    changes: dict[str, Any], message: str, edited: Callable[[dict[str, Any]], Path]
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        config.load(edited(changes))
    assert "\n" not in str(caught.value)


def test_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text() + "\nseeds: [1]\n")
    with pytest.raises(UserError, match="the key seeds stands twice"):
        config.load(path)


@pytest.mark.parametrize("content", ["a: [", "- 1", "", "\xff"])
def test_no_yaml_is_an_error(content: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(UserError):
        config.load(path)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Run from the project's root"):
        config.load(tmp_path / "params.yaml")


def test_overrides_come_in_order(edited: Callable[[dict[str, Any]], Path]) -> None:
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


def test_models_share_what_is_common(edited: Callable[[dict[str, Any]], Path]) -> None:
    path = edited({"models.common.defaults.hidden": [64], "models.common.mnist": {"latent_dims": 11, "pixel_std": 0.5}})
    loaded = config.load(path)
    params = {variant: loaded.model_params("mnist", variant) for variant in loaded.variants}
    assert {found.hidden for found in params.values()} == {(64,)}
    assert {name for name, found in params.items() if getattr(found, "latent_dims", None) == 11} == {
        *("beta_vae", "cvae", "cgan", "ac_gan")
    }
    assert {found.pixel_std for found in params.values() if hasattr(found, "pixel_std")} == {0.5}


def test_models_without_blocks_have_as_many_latents_as_a_class_of_n_vae() -> None:
    loaded = config.load(ROOT / "params.yaml")
    for dataset in loaded.data:
        blocks = loaded.model_params(dataset, "n_vae")
        for variant in ("beta_vae", "cvae", "cgan", "ac_gan"):
            found = loaded.model_params(dataset, variant).latent_dims
            assert found == blocks.class_dims + blocks.shared_dims, (dataset, variant)


def test_only_what_is_watched_depends_on_the_watch(edited: Callable[[dict[str, Any]], Path]) -> None:
    before = config.load(ROOT / "params.yaml")
    after = config.load(edited({"fidelity.watched_images_per_class": 7}))
    changed = {
        variant
        for variant in before.variants
        if before.slice("train", dataset="mnist", variant=variant)
        != after.slice("train", dataset="mnist", variant=variant)
    }
    assert changed == {"cgan", "ac_gan"}


def test_slice_changes_with_its_readers_keys_only(edited: Callable[[dict[str, Any]], Path]) -> None:
    before = config.load(ROOT / "params.yaml")
    after = config.load(edited({"models.n_vae.mnist": {"class_weight": 3.5}, "execution.device": "cpu"}))

    def slices(loaded: config.Config) -> dict[str, str]:
        train = {d: loaded.slice("train", dataset=d, variant="n_vae", seed=0) for d in ("mnist", "fashion_mnist")}
        return {**train, "prepare": loaded.slice("prepare", dataset="mnist"), "traverse": loaded.slice("traverse")}

    changed = {name for name, value in slices(before).items() if slices(after)[name] != value}
    assert changed == {"mnist"}


def test_reordering_keys_changes_no_slice(tmp_path: Path) -> None:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())

    def turned(value: Any) -> Any:
        return {k: turned(value[k]) for k in reversed(value)} if isinstance(value, dict) else value

    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(turned(content), sort_keys=False))
    one, other = config.load(ROOT / "params.yaml"), config.load(path)
    for dataset in one.data:
        assert one.slice("prepare", dataset=dataset) == other.slice("prepare", dataset=dataset)
        arguments = {"dataset": dataset, "variant": "n_vae_no_bias", "seed": 3}
        assert one.slice("train", **arguments) == other.slice("train", **arguments)
