"""Responses to latents, for decoders whose responses are known."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from torch import Tensor

from nvae.analyses.responses import response_table
from nvae.config import TraversalsParams
from nvae.data.prepared import Split
from nvae.models.protocol import SHARED, LatentAxis, LatentModel, Posterior, shared_axes
from nvae.rng import numpy_generator
from tests.unit.generators import Untrained

CPU = torch.device("cpu")
TRAVERSAL = TraversalsParams(low=-2.0, high=2.0, steps=5, center="prior")
#: Two classes with two dimensions each, and one shared dimension.
BLOCKS = (LatentAxis(0, 0), LatentAxis(0, 1), LatentAxis(1, 0), LatentAxis(1, 1), LatentAxis(SHARED, 0))
#: Change of a latent's row of pixels per unit of the latent.
GAINS = torch.tensor([0.01, 0.02, 0.03, 0.04, 0.05])
SIZE = 28


class Known(Untrained):
    """Model whose posterior means, 0 to 3, are the first row of an image; blocks of other classes are masked."""

    def __init__(self, axes: tuple[LatentAxis, ...]) -> None:
        super().__init__()
        self._axes = axes

    def axes(self) -> tuple[LatentAxis, ...]:
        return self._axes

    def encode(self, x: Tensor, y: Tensor) -> Posterior:
        mu = 3 * x[:, 0, : len(self._axes)]
        return Posterior(mu, torch.zeros_like(mu))

    def seen(self, z: Tensor, y: Tensor) -> Tensor:
        """Return ``z`` with the blocks of other classes set to 0."""
        owners = torch.tensor([axis.latent_class for axis in self._axes])
        return z * ((owners == SHARED) | (owners == y[:, None]))


class Linear(Known):
    """Decoder whose row 2 j is one half plus latent j times its gain; all other rows are black."""

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        images = torch.zeros(len(z), SIZE, SIZE)
        images[:, 0 : 2 * len(self._axes) : 2] = (0.5 + self.seen(z, y) * GAINS)[:, :, None]
        return images


class Sevens(Known):
    """Decoder of class 1 that draws a crossbar if latent 3 > 0 or latent 2 > 2.5, beyond all traversals.

    The last latent sets the brightness.
    """

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        images = torch.zeros(len(z), SIZE, SIZE)
        images[:, 4:24, 14:16] = 1
        images[:, 4:6, 6:16] = 1
        seen = self.seen(z, y)
        images[(seen[:, 3] > 0) | (seen[:, 2] > 2.5), 13:15, 10:19] = 1
        return images * (0.75 + 0.1 * z[:, -1, None, None])


LABELS = np.array([1, 0, 0, 1, 1, 0, 1])
NAMES = np.array([f"test/{row}" for row in range(len(LABELS))])
SPLIT = Split(numpy_generator(0, "test_responses").integers(0, 256, (7, SIZE, SIZE)).astype(np.uint8), LABELS, NAMES)


def dark() -> Split:
    """Return images whose posterior means are 0."""
    return Split(np.zeros_like(SPLIT.images), LABELS, NAMES)


def table(
    model: LatentModel, split: Split = SPLIT, *, n: int = 2, features: Mapping[int, str] | None = None
) -> pd.DataFrame:
    return response_table(model, split, TRAVERSAL, images_per_class=n, n_classes=2, features=features or {}, device=CPU)


def expected_change(rows: npt.ArrayLike, column: int) -> float:
    """Return the response of `Linear`: E (v − μ)² gain² / 28 over images and all steps v, as 1 of 28 rows changes."""
    mu = SPLIT.images[np.asarray(rows), 0, column] / 85
    return float(np.mean((np.linspace(-2, 2, 5) - mu[:, None]) ** 2) * float(GAINS[column]) ** 2 / SIZE)


@pytest.mark.parametrize(("n", "rows"), [(2, ([1, 2], [0, 3])), (4, ([1, 2, 5], [0, 3, 4, 6]))])
def test_the_squared_change_uses_the_first_images_of_each_class(n: int, rows: tuple[list[int], list[int]]) -> None:
    found = table(Linear(BLOCKS), n=n)
    assert list(found) == ["image_class", "kind", "dim", "metric", "value"]
    assert set(found.metric) == {"mean_squared_change"}
    values = found.set_index(["image_class", "kind", "dim"])["value"]
    columns = {(0, "class", 0): 0, (0, "class", 1): 1, (0, "shared", 0): 4}
    columns |= {(1, "class", 0): 2, (1, "class", 1): 3, (1, "shared", 0): 4}
    assert set(values.index) == set(columns)
    for key, column in columns.items():
        assert values[key] == pytest.approx(expected_change(rows[key[0]], column), rel=1e-4), key


def test_all_dimensions_of_a_model_without_blocks_are_shared() -> None:
    found = table(Linear(shared_axes(5)))
    assert set(found.kind) == {"shared"}
    values = found.set_index(["image_class", "dim"])["value"]
    assert len(values) == 2 * 5
    for label, rows in ((0, [1, 2]), (1, [0, 3])):
        for column in range(5):
            assert values[label, column] == pytest.approx(expected_change(rows, column), rel=1e-4)


def test_the_batch_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table(Linear(BLOCKS))
    monkeypatch.setattr("nvae.inference.images.BATCH", 3)
    pd.testing.assert_frame_equal(table(Linear(BLOCKS)), whole, rtol=1e-6)


def test_only_the_dimension_that_draws_the_crossbar_switches_it() -> None:
    found = table(Sevens(BLOCKS), dark(), features={1: "crossbar"})
    marks = found[found.metric != "mean_squared_change"]
    assert set(marks.image_class) == {1}
    values = marks.set_index(["metric", "kind", "dim"])["value"]
    assert len(values) == 2 * 3
    assert values["crossbar_switched_share", "class", 1] == 1
    assert values["crossbar_range", "class", 1] == pytest.approx(9 - 2, abs=0.1)
    for other in (("class", 0), ("shared", 0)):
        assert values[("crossbar_switched_share", *other)] == 0
        assert values[("crossbar_range", *other)] == pytest.approx(0, abs=0.1)


def test_an_image_with_a_permanent_mark_is_not_switched() -> None:
    images = dark()
    images.images[3, 0, 2] = 255
    found = table(Sevens(BLOCKS), images, n=3, features={1: "crossbar"})
    values = found[found.image_class == 1].set_index(["metric", "kind", "dim"])["value"]
    assert values["crossbar_switched_share", "class", 1] == pytest.approx(2 / 3)
    assert values["crossbar_range", "class", 1] == pytest.approx(7 * 2 / 3, abs=0.1)
    assert values["crossbar_switched_share", "class", 0] == 0
