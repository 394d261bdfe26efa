"""Marks of digits: known lengths and areas on drawn shapes, known factors on glyphs."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import spearmanr

from nvae.data.builtin import glyphs
from nvae.data.builtin.drawn import render
from nvae.measures.strokes import FEATURES, Feature, crossbar, loop
from nvae.rng import numpy_generator

Images = npt.NDArray[np.uint8]
# feature, its digit, and the factor that controls it
MARKS = [("crossbar", 7, "seven_crossbar"), ("loop", 2, "two_loop")]


def drawn(label: int, n: int, **fixed: float) -> tuple[Images, dict[str, npt.NDArray[np.float64]]]:
    """Return glyphs of one digit and their factors, each uniform over its range or fixed to a share (0 to 1) of it."""
    one, generator = glyphs.CLASSES[label], numpy_generator(0, "test_strokes", str(label))
    ranges = {**glyphs.SHARED, **one.exclusive}
    shares = {name: np.full(n, fixed[name]) if name in fixed else generator.uniform(size=n) for name in ranges}
    factors = {name: low + (high - low) * shares[name] for name, (low, high) in ranges.items()}
    return render(one, factors), factors


def shape(*boxes: tuple[int, int, int, int], level: int = 255) -> Images:
    """Return one blank image (1, 28, 28) with filled boxes, each (top, bottom, left, right), without the end bounds."""
    image = np.zeros((1, 28, 28), dtype=np.uint8)
    for top, bottom, left, right in boxes:
        image[:, top:bottom, left:right] = level
    return image


STEM, TOP = (4, 24, 14, 16), (4, 6, 6, 16)
BAR = (13, 15, 10, 19)
#: Stem on a ring, one pixel thick, that encloses 4 × 4 pixels.
RINGED = shape((4, 18, 9, 10), (18, 19, 9, 15), (23, 24, 9, 15), (18, 24, 9, 10), (18, 24, 14, 15))


@pytest.mark.parametrize(("name", "label", "factor"), MARKS)
def test_a_mark_grows_with_its_factor_over_all_thicknesses_and_slants(name: str, label: int, factor: str) -> None:
    """Measured: 0.997 for the crossbar; 0.82 for the loop, which the thickest pens fill."""
    images, factors = drawn(label, 1500)
    assert spearmanr(FEATURES[name].measure(images), factors[factor]).statistic >= 0.8


@pytest.mark.parametrize(("name", "label", "factor"), MARKS)
def test_a_mark_is_present_at_one_end_of_its_factor_and_absent_at_the_other(name: str, label: int, factor: str) -> None:
    """Measured: 100 % at both ends, for both marks."""
    feature = FEATURES[name]
    full, none = (feature.measure(drawn(label, 500, **{factor: share})[0]) for share in (1.0, 0.0))
    assert feature.present(full).mean() >= 0.95
    assert feature.present(none).mean() <= 0.05


@pytest.mark.parametrize(("name", "label", "factor"), MARKS)
def test_a_mark_does_not_depend_on_position_brightness_or_other_images(name: str, label: int, factor: str) -> None:
    images, _ = drawn(label, 40, slant=0.3, **{factor: 1.0})
    images[:, [0, -1]], images[:, :, [0, -1]] = 0, 0
    measure = FEATURES[name].measure
    values = measure(images)
    assert values.dtype == np.float64
    assert (values > 0).all()
    for axis in (1, 2):
        for step in (-1, 1):
            np.testing.assert_allclose(measure(np.roll(images, step, axis=axis)), values, atol=1e-9)
    np.testing.assert_allclose(measure(np.rint(images / 2).astype(np.uint8)), values, atol=0.1)
    np.testing.assert_array_equal(np.concatenate([measure(image[None]) for image in images]), values)


@pytest.mark.parametrize(("name", "label", "factor"), MARKS)
def test_noise_neither_creates_nor_hides_a_mark(name: str, label: int, factor: str) -> None:
    noise = numpy_generator(0, "test_strokes", "noise")
    feature = FEATURES[name]
    for share in (0.0, 1.0):
        images, _ = drawn(label, 100, slant=0.3, **{factor: share})
        values = feature.measure(images)
        speckled = images.copy()
        speckled[:, 12:17, 1:5] = noise.integers(128, 256, (5, 4))  # beside the stem, where a crossbar would be
        speckled[:, 18:23, 24:28] = 255
        speckled[:, 19:22, 25:27] = 0  # a ring of noise at the height of a loop
        np.testing.assert_allclose(feature.measure(speckled), values, atol=0.1)
        grain = noise.integers(-6, 7, images.shape)
        grainy = np.clip(images.astype(int) + grain, 0, 255).astype(np.uint8)
        assert (feature.present(feature.measure(grainy)) == (share == 1)).mean() >= 0.95


def test_specks_are_ignored_whatever_other_images_have_at_their_position() -> None:
    speckled = shape(STEM, TOP, (13, 15, 18, 24))
    assert crossbar(speckled) == 0
    white = np.full_like(speckled, 255)
    np.testing.assert_array_equal(crossbar(np.concatenate([speckled, white, speckled])), [0, 0, 0])


def test_strokes_that_touch_at_a_corner_are_one_digit() -> None:
    assert crossbar(shape((4, 12, 12, 14), (12, 24, 14, 16), (14, 16, 10, 20))) == pytest.approx(10 - 2)


@pytest.mark.parametrize("name", FEATURES)
def test_a_blank_image_has_no_mark(name: str) -> None:
    feature = FEATURES[name]
    np.testing.assert_array_equal(feature.measure(np.zeros((2, 28, 28), dtype=np.uint8)), [0, 0])
    assert not feature.present(np.zeros(2)).any()


def test_a_crossbar_is_the_length_beyond_the_stem() -> None:
    assert crossbar(shape(STEM, TOP, BAR)) == pytest.approx(9 - 2)
    assert crossbar(shape(STEM, TOP)) == 0


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param((STEM, TOP, (4, 14, 6, 8)), id="a serif that hangs from the top bar"),
        pytest.param((STEM, TOP, (22, 24, 10, 20)), id="a foot"),
        pytest.param((STEM, (6, 8, 6, 22)), id="a top bar below the stem's end"),
        pytest.param((STEM, TOP, (14, 24, 14, 18)), id="a stem that gets thicker"),
    ],
)
def test_other_strokes_are_no_crossbar(boxes: tuple[tuple[int, int, int, int], ...]) -> None:
    assert crossbar(shape(*boxes)) == 0


def test_a_loop_is_the_enclosed_area() -> None:
    assert loop(RINGED) == pytest.approx(16)
    assert loop(RINGED[:, ::-1]) == 0, "a hole in the upper half does not count as a loop of the foot"
    opened = RINGED.copy()
    opened[:, 20, 14] = 0
    assert loop(opened) == 0


def test_a_loop_through_a_weak_link_counts_in_part() -> None:
    weak = RINGED.copy()
    weak[:, 20, 14] = 102  # of 255: the ring is closed at two fifths of all levels
    assert loop(weak) == pytest.approx(0.4 * 16)


def test_a_diagonal_line_of_pixels_closes_a_loop() -> None:
    cornered = RINGED.copy()
    cornered[:, 23, 14] = 0
    assert loop(cornered) == pytest.approx(16)


def test_presence_begins_at_the_threshold() -> None:
    feature = Feature(loop, threshold=2.0)
    np.testing.assert_array_equal(feature.present(np.array([[1.9, 2.0], [2.1, 0.0]])), [[False, True], [True, False]])
