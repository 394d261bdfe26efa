"""The augmentation study and the fidelity metrics, with generators of known quality."""

import dataclasses
from typing import Any, Literal

import pytest
import torch

from nvae.analyses.augmentation import Arm, Mixture, arms, train_arms
from nvae.analyses.fidelity import fidelity_table
from nvae.config import AugmentationParams, ClassifierParams, FidelityParams, TrainingParams
from nvae.data.prepared import PreparedSet
from nvae.inference import gan_monitor
from nvae.inference.generation import accuracy_by_class
from nvae.models.classifier import Classifier
from nvae.models.protocol import Trainable
from nvae.training.batches import Resident, Shuffled, Source
from nvae.training.loop import fit
from nvae.training.stacked import SideBySide, Stacked
from tests.conftest import network, small_params
from tests.unit.generators import Columns

CPU = torch.device("cpu")
PROTOCOL = TrainingParams(
    epochs=15,
    batch_size=16,
    learning_rate=0.003,
    learning_rate_schedule="cosine",
    adam_beta1=0.9,
    kl_warmup_epochs=0,
    precision="fp32",
)
FIDELITY = FidelityParams(images=40, monitor_images_per_class=20, neighbours=3)


def mixture(data: PreparedSet, share: float, *, sigma: float = 1.0, seed: int = 0) -> Mixture:
    real = Shuffled(Resident.of(data.train, CPU), 16, seed)
    return Mixture(real, Columns(), Arm(sigma, share), 3, seed)


def classifier_params() -> ClassifierParams:
    params = small_params("classifier", hidden=(32,))
    assert isinstance(params, ClassifierParams)
    return params


@pytest.fixture
def classifier(small_set: PreparedSet) -> Classifier:
    model: Classifier = network("classifier", image_shape=small_set.image_shape, hidden=(32,)).float()
    source = Shuffled(Resident.of(small_set.train, CPU), 16, 0)
    fit(model, source, Resident.of(small_set.validation, CPU), PROTOCOL, seed=0, device=CPU, title="classifier")
    return model


def test_the_grid_combines_every_sigma_with_every_share() -> None:
    grid = arms(AugmentationParams(sigmas=(1.0, 2.0), generated_shares=(0.5, 1.0)))
    assert {(arm.sigma, arm.generated_share) for arm in grid} == {(1.0, 0.5), (2.0, 0.5), (1.0, 1.0), (2.0, 1.0)}
    assert len({arm.name for arm in grid}) == 4


@pytest.mark.parametrize(("share", "generated"), [(0.25, [4] * 7 + [2]), (0.5, [8] * 7 + [4]), (1.0, [16] * 7 + [8])])
def test_generated_images_replace_real_ones(share: float, generated: list[int], small_set: PreparedSet) -> None:
    """Known mistake: adding images also adds optimizer steps."""
    source = mixture(small_set, share)
    batches = list(source.epoch(1))
    real = list(source.real.epoch(1))
    assert source.steps == len(batches) == len(real) == 8
    labels = []
    for (x, y), (real_x, real_y), n in zip(batches, real, generated, strict=True):
        assert len(x) == len(y) == len(real_x)
        n_real = len(x) - n
        torch.testing.assert_close(x[:n_real], real_x[n:], rtol=0, atol=0)
        assert torch.equal(y[:n_real], real_y[n:])
        assert (x[n_real:].mean(dim=1).argmax(dim=1) == 2 * y[n_real:]).all()
        labels += y[n_real:].tolist()
    counts = [labels.count(label) for label in range(3)]
    assert max(counts) - min(counts) <= 1


def test_generated_images_depend_only_on_epoch_and_seed(small_set: PreparedSet) -> None:
    def images(epoch: int, seed: int) -> torch.Tensor:
        return torch.cat([x for x, _ in mixture(small_set, 1.0, seed=seed).epoch(epoch)])

    assert torch.equal(images(1, 0), images(1, 0))
    assert not torch.equal(images(1, 0), images(2, 0))
    assert not torch.equal(images(1, 0), images(1, 1))


@pytest.mark.parametrize(("shown", "low", "high"), [((0, 1, 2), 0.0, 5.0), ((1, 2, 0), 95.0, 100.0)])
def test_the_error_separates_a_good_generator_from_one_that_confuses_classes(
    shown: tuple[int, ...], low: float, high: float, small_set: PreparedSet
) -> None:
    (errors,) = train_arms(
        Columns(shown), small_set, [Arm(1.0, 1.0)], classifier_params(), PROTOCOL, seed=0, device=CPU, title="arm"
    )
    assert set(errors) == {"validation", "test"}
    assert all(low <= error <= high for error in errors.values())


def test_real_images_partly_compensate_a_bad_generator(small_set: PreparedSet) -> None:
    """With a share of 0.25, a quarter of the labels are wrong, all in the same way; with a share of 1, all are."""

    def error(share: float) -> float:
        arm = Arm(1.0, share)
        params = classifier_params()
        (errors,) = train_arms(
            Columns((1, 2, 0)), small_set, [arm], params, PROTOCOL, seed=0, device=CPU, title="arm", splits=("test",)
        )
        return errors["test"]

    assert error(0.25) < error(1.0) - 50


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_arms_trained_together_equal_arms_trained_alone(
    precision: Literal["fp32", "bf16"], small_set: PreparedSet
) -> None:
    group = [Arm(1.0, 0.25), Arm(1.0, 1.0), Arm(2.0, 0.5)]
    protocol = PROTOCOL.model_copy(update={"epochs": 3, "precision": precision})
    real = Shuffled(Resident.of(small_set.train, CPU), protocol.batch_size, 0)
    sources = [Mixture(real, Columns((0, 0, 2)), arm, 3, 0) for arm in group]
    validation = Resident.of(small_set.validation, CPU)

    def trained(model: Trainable, source: Source) -> tuple[Trainable, list[dict[str, float]]]:
        history = fit(model, source, validation, protocol, seed=0, device=CPU, title="arm").history
        return model, [{k: float(v) for k, v in row.items() if k != "split"} for row in history]

    def classifier() -> Classifier:
        return network("classifier", image_shape=small_set.image_shape, hidden=(32,)).float()

    stacked, together = trained(Stacked(classifier(), len(group)), SideBySide(tuple(sources)))
    tolerance = {"fp32": 1e-5, "bf16": 1e-2}[precision]
    for run, source in enumerate(sources):
        model, alone = trained(classifier(), source)
        for weights, own in zip(stacked.parameters(), model.parameters(), strict=True):
            torch.testing.assert_close(weights[run], own, rtol=0, atol=tolerance)
        for joint, single in zip(together, alone, strict=True):
            assert joint[f"label_{run}"] == pytest.approx(single["label"], rel=tolerance)
    # The test is sensitive: arms with other mixtures differ by more than the tolerance.
    first, second = (weights for weights in next(iter(stacked.parameters()))[:2])
    assert (first - second).abs().max() > 3 * tolerance


def test_a_group_of_arms_has_the_errors_of_its_single_arms(small_set: PreparedSet) -> None:
    group = [Arm(1.0, 0.25), Arm(1.0, 1.0)]
    arguments: dict[str, Any] = {"seed": 0, "device": CPU, "title": "arm"}
    generator, params = Columns((1, 2, 0)), classifier_params()
    together = train_arms(generator, small_set, group, params, PROTOCOL, **arguments)
    alone = [train_arms(generator, small_set, [arm], params, PROTOCOL, **arguments)[0] for arm in group]
    assert [found["test"] for found in together] == pytest.approx([found["test"] for found in alone], abs=2.0)
    assert together[0]["test"] < together[1]["test"] - 50


def test_test_images_influence_neither_training_nor_selection(small_set: PreparedSet) -> None:
    """With a meaningless test split the classifier, and thus its validation error, stays the same."""
    inverted = dataclasses.replace(small_set.test, images=255 - small_set.test.images)
    other = dataclasses.replace(small_set, test=inverted)
    arguments: dict[str, Any] = {"seed": 0, "device": CPU, "title": "arm"}
    (first,), (second,) = (
        train_arms(Columns((0, 0, 2)), data, [Arm(1.0, 0.5)], classifier_params(), PROTOCOL, **arguments)
        for data in (small_set, other)
    )
    assert first["validation"] == second["validation"]
    assert first["test"] != second["test"]


def test_accuracy_by_class_groups_by_the_requested_class() -> None:
    found = accuracy_by_class(torch.tensor([0, 0, 1, 0]), torch.tensor([0, 0, 1, 1]), n_classes=3)
    assert found[:2].tolist() == [1.0, 0.5]
    assert found[2].isnan()


def values(classifier: Classifier, data: PreparedSet, model: Columns, *, sigma: float = 1.0) -> dict[str, float]:
    table = fidelity_table(
        model, classifier, data, FIDELITY, sigmas=(sigma, 3.0), seed=0, device=CPU, splits=("validation",)
    )
    rows = table[table["sigma"] == sigma]
    return dict(zip(rows["metric"], rows["value"], strict=True))


def test_fidelity_detects_collapsed_and_missing_classes(classifier: Classifier, small_set: PreparedSet) -> None:
    good = values(classifier, small_set, Columns())
    assert good["accuracy_pct"] == 100
    assert good["classes_present"] == 3
    assert good["lowest_class_coverage"] > 0.3
    collapsed = values(classifier, small_set, Columns(spread=0.0))
    assert collapsed["accuracy_pct"] == 100  # coverage detects the collapse, accuracy does not
    assert collapsed["coverage"] < 0.7 * good["coverage"]
    assert collapsed["recall"] < good["recall"]
    assert collapsed["frechet_distance"] > 1.5 * good["frechet_distance"]
    missing = values(classifier, small_set, Columns((0, 1, 1)))
    assert missing["classes_present"] == 2
    assert missing["lowest_class_accuracy_pct"] == 0
    assert missing["lowest_class_coverage"] == 0
    assert missing["accuracy_pct"] == pytest.approx(200 / 3)


def test_fidelity_has_one_row_per_split_sigma_and_metric(classifier: Classifier, small_set: PreparedSet) -> None:
    table = fidelity_table(Columns(), classifier, small_set, FIDELITY, sigmas=(1.0, 2.0), seed=0, device=CPU)
    assert len(table) == 2 * 2 * 9
    assert not table.duplicated(["split", "sigma", "metric"]).any()
    assert table["value"].notna().all()


def test_the_monitor_detects_a_collapse(classifier: Classifier, small_set: PreparedSet) -> None:
    monitor = gan_monitor.make(classifier, small_set, FIDELITY, seed=0, device=CPU)
    good, missing, collapsed = (monitor(model, 1) for model in (Columns(), Columns((0, 1, 1)), Columns(spread=0.0)))
    assert good["lowest_sample_accuracy"] == 1
    assert good["lowest_sample_coverage"] > 0.3
    assert missing["lowest_sample_accuracy"] == 0
    assert missing["lowest_sample_coverage"] == 0
    assert missing["sample_accuracy"] == pytest.approx(2 / 3)
    assert collapsed["sample_coverage"] < 0.7 * good["sample_coverage"]
    assert monitor(Columns(), 1) == good
    assert monitor(Columns(), 2) != good
