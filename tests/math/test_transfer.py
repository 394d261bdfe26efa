"""Transfer on latents that are set by hand, so that what each class has of its own is known."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from nvae.config import TransferParams
from nvae.errors import UserError
from nvae.measures.transfer import ClassTransfer, Readable, Readers, information_nats
from nvae.rng import numpy_generator

CLASSES = 4
NOISE = 0.05  # posterior variance
SIZE = 5  # pixels that a factor lights up
PARAMS = TransferParams(images_per_class=200, kernel_scale=0.1, penalty=1e-3)
Factor = npt.NDArray[np.float64]


def images(n: int, places: list[int], factors: Factor) -> npt.NDArray[np.float32]:
    """Return grey images of which each factor changes the brightness of one place."""
    found = np.full((n, 10 * SIZE), 0.5, np.float32)
    for place, factor in zip(places, factors.T, strict=True):
        found[:, SIZE * place : SIZE * (place + 1)] += 0.1 * factor[:, None]
    return found


def readable(own_place: dict[int, int], *, n: int = 240, part: str = "train", in_block: bool = False) -> Readable:
    """Return images with a factor at place 0 in all classes, and another one at a place of each class.

    The first dimension of z_s is the shared factor; the other factor is in the second one, or in the block.
    """
    labels = np.repeat(np.arange(CLASSES), n // CLASSES)
    factors = numpy_generator(0, "transfer test", part).normal(size=(n, 2))
    pixels = np.empty((n, 10 * SIZE), np.float32)
    for label in range(CLASSES):
        rows = labels == label
        pixels[rows] = images(int(rows.sum()), [0, own_place[label]], factors[rows])
    own = factors[:, 1:]
    shared, block = (factors[:, :1], own) if in_block else (factors, own[:, :0])
    return Readable(pixels, labels, shared, block, np.full((n, 2), NOISE))


def both(own_place: dict[int, int], *, in_block: bool = False) -> tuple[Readable, Readable]:
    return readable(own_place, in_block=in_block), readable(own_place, part="held", n=800, in_block=in_block)


def transfer(
    train: Readable, held: Readable, params: TransferParams = PARAMS, *, n_classes: int = CLASSES, seed: int = 0
) -> list[ClassTransfer]:
    return Readers(train, params, n_classes=n_classes, seed=seed).transfer(held)


ONE = 0.5 * math.log(1 + 1 / NOISE)  # information of a factor of variance 1
ALIKE = dict.fromkeys(range(CLASSES), 1)
APART = {label: 1 + label for label in range(CLASSES)}


def test_information_is_the_capacity_of_a_gaussian_channel() -> None:
    values = numpy_generator(0, "information").normal(size=(5000, 3)) * [1.0, 2.0, 0.0]
    variances = np.tile([0.1, 0.5, 0.2], (5000, 1))
    expected = 0.5 * sum(math.log(1 + values[:, k].var(ddof=1) / variances[0, k]) for k in range(2))
    assert information_nats(values, variances) == pytest.approx(expected, abs=2e-3)
    turned = values @ np.linalg.qr(numpy_generator(1, "turn").normal(size=(3, 3)))[0]
    same = np.full((5000, 3), 0.1)
    assert information_nats(turned, same) == pytest.approx(information_nats(values, same), rel=1e-9)
    assert information_nats(values[:, :0], variances[:, :0]) == 0


@pytest.mark.parametrize(
    ("places", "in_block", "expected"),
    [
        (ALIKE, False, 0),  # both factors are shared
        (APART, False, ONE),  # the second one is each class's own, and hidden in z_s
        (APART, True, ONE),  # the same, in the block
        (ALIKE, True, ONE),  # a shared factor in the block is wrongly counted: only a null tells
    ],
)
def test_what_other_classes_cannot_tell_is_the_classes_own(
    places: dict[int, int], in_block: bool, expected: float
) -> None:
    for one in transfer(*both(places, in_block=in_block)):
        assert one.total == pytest.approx(2 * ONE, abs=0.2)
        assert one.unread < 0.05
        assert one.specific == pytest.approx(expected, abs=0.2)


def test_a_factor_that_most_other_classes_have_is_shared() -> None:
    places = dict.fromkeys(range(CLASSES), 1) | {3: 5}
    found = transfer(*both(places))
    assert [one.specific > ONE / 2 for one in found] == [False, False, False, True]


def test_a_reading_with_the_wrong_sign_is_no_reading() -> None:
    """The brightness of the same place grows with the second dimension in class 0, and falls with it in the others."""
    parts = []
    for part in both(ALIKE):
        flipped = part.shared.copy()
        flipped[part.labels == 0, 1] *= -1
        parts.append(Readable(part.images, part.labels, flipped, part.own, part.variances))
    found = transfer(*parts)
    assert found[0].specific == pytest.approx(ONE, abs=0.2)
    assert found[1].specific < 0.1


def test_slope_and_offset_of_a_reading_do_not_matter() -> None:
    parts = []
    for part in both(ALIKE):
        scaled = part.shared * [1.0, 3.0] + [5.0, -2.0]
        shared = np.where((part.labels == 0)[:, None], scaled, part.shared)
        parts.append(Readable(part.images, part.labels, shared, part.own, part.variances))
    found = transfer(*parts)
    assert all(one.specific < 0.15 for one in found)


def test_the_choice_of_training_images_is_seeded() -> None:
    train, held = both(APART)
    few = PARAMS.model_copy(update={"images_per_class": 20})
    first, again, other = (transfer(train, held, few, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_too_few_classes_or_images_are_errors() -> None:
    train, held = both(APART)
    with pytest.raises(UserError, match="got one class"):
        transfer(train, held, n_classes=1)
    few = held.take(np.flatnonzero((held.labels != 2) | (np.cumsum(held.labels == 2) <= 2)))
    with pytest.raises(UserError, match="transfer, class 2: got 2 held-out images"):
        transfer(train, few)
