"""Dial sets: the number of factors of each kind, their equal effects, and what two settings have in common."""

import numpy as np
import pytest

from nvae.data.builtin import dial
from nvae.data.builtin.drawn import DrawnSet
from nvae.errors import UserError


def drawn(exclusive: int, *, n: int = 200, seed: int = 0, reach: float = 2.0) -> DrawnSet:
    return dial.draw(n, 20, seed=seed, exclusive_factors=exclusive, reach=reach)


@pytest.mark.parametrize("exclusive", range(7))
def test_the_number_of_exclusive_factors_is_as_requested(exclusive: int) -> None:
    made = drawn(exclusive)
    assert made.factor_kinds.count("shared") == 6 - exclusive
    assert made.factor_kinds.count("exclusive") == 10 * exclusive
    known = ~np.isnan(made.train_factors)
    assert (known.sum(axis=1) == 6).all()
    assert np.nanmin(made.train_factors) >= -1
    assert np.nanmax(made.train_factors) <= 1
    for column, name in enumerate(made.factor_names):
        labels = set(made.train_labels[known[:, column]])
        assert labels == ({int(name[5])} if name.startswith("class") else set(range(10)))


def variances(made: DrawnSet) -> dict[str, float]:
    """Return the mean pixel variance within a class that a factor explains up to second order, by kind of factor."""
    found: dict[str, list[float]] = {}
    for label in range(10):
        rows = made.train_labels == label
        columns = np.flatnonzero(~np.isnan(made.train_factors[rows][0]))
        factors = made.train_factors[rows][:, columns]
        terms = np.concatenate([factors, factors**2], axis=1)
        terms = (terms - terms.mean(axis=0)) / terms.std(axis=0)
        pixels = made.train_images[rows].reshape(rows.sum(), -1) / 255
        slopes = np.linalg.lstsq(terms, pixels - pixels.mean(axis=0), rcond=None)[0]
        for place, column in enumerate(columns):
            both = float((slopes[place] ** 2).sum() + (slopes[place + len(columns)] ** 2).sum())
            found.setdefault(made.factor_names[column].split("_")[0].rstrip("0123456789"), []).append(both)
    return {kind: float(np.mean(values)) for kind, values in found.items()}


def test_factors_of_both_kinds_explain_the_same_variance() -> None:
    found = variances(drawn(3, n=3000))
    assert found["class"] == pytest.approx(found["shared"], rel=0.1)


def test_a_smaller_reach_weakens_the_factors() -> None:
    assert variances(drawn(3, n=1000, reach=0.5))["shared"] < 0.3 * variances(drawn(3, n=1000))["shared"]


def spots(made: DrawnSet, label: int) -> np.ndarray:
    """Return the mean image of a class."""
    mean: np.ndarray = made.train_images[made.train_labels == label].mean(axis=0)
    return mean


def test_shared_spots_stay_in_place_when_another_becomes_exclusive() -> None:
    """Sets with 2 and 3 exclusive factors have three shared spots in common, at the same places in all classes."""
    two, three = drawn(2, n=2000), drawn(3, n=2000)
    common = np.min([spots(made, label) for made in (two, three) for label in range(10)], axis=0)
    outside = common.copy()
    outside[8:20, 8:20] = 0  # removes the bar
    assert (outside > 60).sum() >= 3 * 4


def test_exclusive_spots_differ_between_classes() -> None:
    made = drawn(6, n=2000)
    means = np.array([spots(made, label) for label in range(10)])
    means[:, 8:20, 8:20] = 0
    alike = np.corrcoef(means.reshape(10, -1))[np.triu_indices(10, 1)]
    assert alike.mean() < 0.5  # two classes use 6 of 12 places each, of which about half coincide
    shared = np.array([spots(drawn(0, n=2000), label) for label in range(10)])
    shared[:, 8:20, 8:20] = 0
    assert np.corrcoef(shared.reshape(10, -1))[np.triu_indices(10, 1)].min() > 0.8


def test_the_images_depend_on_the_seed_alone() -> None:
    first, again, other = drawn(3), drawn(3), drawn(3, seed=1)
    np.testing.assert_array_equal(first.train_images, again.train_images)
    np.testing.assert_array_equal(first.test_factors, again.test_factors)
    assert not np.array_equal(first.train_images, other.train_images)


def test_spots_are_neither_cut_off_nor_hidden_by_each_other() -> None:
    """The sum of the grey levels hardly depends on the places of the spots."""
    made = drawn(6, n=1000)
    for label in range(10):
        ink = made.train_images[made.train_labels == label].sum(axis=(1, 2)).astype(float)
        assert ink.std() < 0.02 * ink.mean()


@pytest.mark.parametrize(
    ("name", "number"), [("exclusive_factors", 7), ("exclusive_factors", -1), ("reach", 0.0), ("reach", 3.0)]
)
def test_a_number_out_of_range_is_refused(name: str, number: float) -> None:
    with pytest.raises(UserError, match=f"drawn.{name}: got {number}"):
        dial.draw(20, 10, seed=0, **{"exclusive_factors": 2, "reach": 1.0, name: number})
