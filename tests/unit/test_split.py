"""Stratified choices: proportional shares, disjoint parts, and reproducibility by the seed."""

import numpy as np
import pytest

from nvae.data.split import hold_out, hold_out_total, shares
from nvae.errors import UserError

COUNTS = np.array([50, 31, 19], dtype=np.int64)
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(3), COUNTS))


@pytest.mark.parametrize("total", range(101))
def test_shares_add_up_and_are_nearly_proportional(total: int) -> None:
    given = shares(COUNTS, total)
    assert given.sum() == total
    assert np.all(np.abs(given - COUNTS * total / 100) < 1)


def test_ties_go_to_the_lower_class() -> None:
    assert shares(np.array([10, 10, 10]), 4).tolist() == [2, 1, 1]


def total(n: int, seed: int = 0, stream: str = "validation") -> tuple[np.ndarray, np.ndarray]:
    return hold_out_total(LABELS, n, n_classes=3, seed=seed, stream=stream, what="validation_images")


def test_the_parts_are_disjoint_complete_and_stratified() -> None:
    stay, held = total(20)
    assert sorted([*stay, *held]) == list(range(100))
    assert np.all(np.diff(stay) > 0)
    assert np.all(np.diff(held) > 0)
    assert np.bincount(LABELS[held]).tolist() == [10, 6, 4]


def test_the_choice_depends_on_seed_and_stream() -> None:
    choices = [total(20), total(20, seed=1), total(20, stream="test_limit")]
    held = {tuple(choice[1]) for choice in choices}
    assert len(held) == 3
    assert tuple(total(20)[1]) in held


def test_the_choice_is_random_within_a_class() -> None:
    _, held = total(20)
    rows = [np.flatnonzero(k == LABELS)[:n] for k, n in enumerate((10, 6, 4))]
    first_of_each = np.sort(np.concatenate(rows))
    assert held.tolist() != first_of_each.tolist()


def test_an_additional_class_does_not_change_the_other_choices() -> None:
    _, held = hold_out(LABELS, np.array([5, 3, 2]), seed=0, stream="test")
    _, more = hold_out(np.append(LABELS, [3, 3, 3]), np.array([5, 3, 2, 1]), seed=0, stream="test")
    assert held.tolist() == more[more < 100].tolist()
    assert len(more) == len(held) + 1


@pytest.mark.parametrize("n", [0, 2, 99, 100, 500])
def test_a_number_that_leaves_a_class_without_images_is_refused(n: int) -> None:
    with pytest.raises(UserError, match="validation_images: got"):
        total(n)
