"""Glyphs and garments: determinism, balanced classes, and the effect of each factor on the images."""

from types import ModuleType

import numpy as np
import pytest

from nvae.data.builtin import canvas, garments, glyphs
from nvae.data.builtin.drawn import DrawnClass, render

SETS = [glyphs, garments]
OWN = [
    pytest.param(module, label, name, id=name)
    for module in SETS
    for label, one in enumerate(module.CLASSES)
    for name in one.exclusive
]


def sweep(module: ModuleType, label: int, name: str, steps: int = 5) -> np.ndarray:
    """Draw images of one class along one factor, with all other factors in the middle of their range."""
    one: DrawnClass = module.CLASSES[label]
    ranges = {**module.SHARED, **one.exclusive}
    factors = {key: np.full(steps, (low + high) / 2) for key, (low, high) in ranges.items()}
    factors[name] = np.linspace(*ranges[name], steps)
    return render(one, factors).astype(float)


def rising(values: np.ndarray) -> bool:
    return bool((np.diff(values) > 0).all())


@pytest.mark.parametrize("module", SETS)
def test_the_set_depends_on_the_seed_alone(module: ModuleType) -> None:
    first, again, other = (module.draw(40, 20, seed=seed) for seed in (3, 3, 4))
    for part in ("train_images", "train_labels", "train_factors", "test_images", "test_labels", "test_factors"):
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
    assert not np.array_equal(first.train_images, other.train_images)
    assert not np.array_equal(first.train_labels, other.train_labels)


@pytest.mark.parametrize("module", SETS)
def test_shapes_types_and_names(module: ModuleType) -> None:
    drawn = module.draw(30, 20, seed=0)
    assert drawn.train_images.shape == (30, 28, 28)
    assert drawn.test_images.shape == (20, 28, 28)
    assert drawn.train_images.dtype == drawn.train_labels.dtype == np.uint8
    assert drawn.train_factors.shape == (30, len(drawn.factor_names))
    assert drawn.test_factors.shape == (20, len(drawn.factor_names))
    assert len(set(drawn.factor_names)) == len(drawn.factor_names) == len(drawn.factor_kinds)
    assert drawn.factor_names[:2] == tuple(module.SHARED)
    assert drawn.factor_kinds == ("shared",) * 2 + ("exclusive",) * (len(drawn.factor_names) - 2)
    assert len(set(drawn.class_names)) == 10
    assert all(one.exclusive for one in module.CLASSES)


@pytest.mark.parametrize("module", SETS)
def test_labels_are_balanced_and_in_random_order(module: ModuleType) -> None:
    drawn = module.draw(103, 20, seed=0)
    counts = np.bincount(drawn.train_labels, minlength=10)
    assert counts.min() == 10
    assert counts.max() == 11
    assert (np.bincount(drawn.test_labels, minlength=10) == 2).all()
    assert not np.array_equal(drawn.train_labels, np.arange(103) % 10)


@pytest.mark.parametrize("module", SETS)
def test_a_factor_is_nan_for_classes_without_it_and_in_its_range_elsewhere(module: ModuleType) -> None:
    drawn = module.draw(200, 10, seed=1)
    for label, one in enumerate(module.CLASSES):
        ranges = {**module.SHARED, **one.exclusive}
        rows = drawn.train_factors[drawn.train_labels == label]
        for column, name in enumerate(drawn.factor_names):
            values = rows[:, column]
            if name not in ranges:
                assert np.isnan(values).all()
                continue
            low, high = ranges[name]
            assert (values >= low).all()
            assert (values <= high).all()
            assert np.ptp(values) > 0.4 * (high - low)


@pytest.mark.parametrize("module", SETS)
def test_the_stored_factors_reproduce_the_image(module: ModuleType) -> None:
    drawn = module.draw(50, 10, seed=2)
    for image, label, row in zip(drawn.train_images, drawn.train_labels, drawn.train_factors, strict=True):
        known = {name: value[None] for name, value in zip(drawn.factor_names, row, strict=True) if not np.isnan(value)}
        np.testing.assert_array_equal(render(module.CLASSES[label], known)[0], image)


def test_training_and_test_set_have_no_image_in_common() -> None:
    drawn = glyphs.draw(100, 100, seed=0)
    assert not {image.tobytes() for image in drawn.train_images} & {image.tobytes() for image in drawn.test_images}


@pytest.mark.parametrize("module", SETS)
def test_images_use_the_grey_scale_and_stay_clear_of_the_border(module: ModuleType) -> None:
    images = module.draw(300, 10, seed=0).train_images
    lit = images > 60
    assert (lit.mean(axis=(1, 2)) > 0.04).all()
    assert (lit.mean(axis=(1, 2)) < 0.7).all()
    assert lit[:, :, [0, -1]].mean() < 0.01


@pytest.mark.parametrize(("module", "label", "name"), OWN)
def test_an_exclusive_factor_changes_its_class_at_every_step(module: ModuleType, label: int, name: str) -> None:
    images = sweep(module, label, name)
    first_to_last = np.abs(images[-1] - images[0]).sum() / 255
    assert first_to_last > 4, "number of pixels that change from black to white, or an equal sum"
    assert (np.abs(np.diff(images, axis=0)).sum(axis=(1, 2)) > 0.5 * 255).all()


@pytest.mark.parametrize("label", range(10))
def test_thickness_adds_ink_and_slant_leans_to_the_right(label: int) -> None:
    assert rising(sweep(glyphs, label, "thickness").sum(axis=(1, 2)))
    images = sweep(glyphs, label, "slant")
    x = np.arange(28)
    top, bottom = (
        (part.sum(axis=1) * x).sum(axis=1) / part.sum(axis=(1, 2)) for part in (images[:, :14], images[:, 14:])
    )
    assert rising(top - bottom)


@pytest.mark.parametrize("label", range(10))
def test_grey_level_brightens_and_width_widens(label: int) -> None:
    bright = sweep(garments, label, "grey_level")
    assert rising(bright.mean(axis=(1, 2)))
    np.testing.assert_allclose((bright[-1] > 30).sum(), (bright[0] > 30).sum(), rtol=0.15)
    images = sweep(garments, label, "width")
    columns = images.max(axis=1)
    assert rising(columns.sum(axis=1))


def test_the_crossbar_adds_ink_beside_the_sevens_stem_and_nowhere_else() -> None:
    change = sweep(glyphs, 7, "seven_crossbar")[-1] - sweep(glyphs, 7, "seven_crossbar")[0]
    assert change[12:17].sum() > 5 * 255
    assert (change[:11] == 0).all()
    assert (change[18:] == 0).all()


@pytest.mark.parametrize(
    ("module", "label", "name", "rows"),
    [
        (glyphs, 1, "one_serif", slice(0, 12)),
        (glyphs, 1, "one_base", slice(20, 28)),
        (glyphs, 2, "two_loop", slice(8, 28)),
        (glyphs, 3, "three_flat_top", slice(0, 16)),
        (glyphs, 4, "four_open_top", slice(0, 18)),
        (glyphs, 9, "nine_hook", slice(9, 28)),
        (garments, 0, "tshirt_neck", slice(0, 14)),
        (garments, 4, "coat_length", slice(12, 28)),
        (garments, 8, "bag_handle", slice(0, 14)),
    ],
)
def test_a_factor_changes_only_its_region(module: ModuleType, label: int, name: str, rows: slice) -> None:
    images = sweep(module, label, name)
    outside = np.delete(np.abs(images[-1] - images[0]), rows, axis=0)
    assert outside.sum() == 0


@pytest.mark.parametrize(
    ("label", "name", "sign"),
    [
        (0, "tshirt_sleeve", 1),
        (0, "tshirt_neck", -1),
        (3, "dress_flare", 1),
        (9, "boot_shaft", 1),
        (6, "shirt_check", -1),
    ],
)
def test_a_garments_factor_adds_or_removes_cloth(label: int, name: str, sign: int) -> None:
    assert rising(sign * sweep(garments, label, name).sum(axis=(1, 2)))


def test_most_of_a_garments_variation_is_class_exclusive() -> None:
    """Compare the mean squared change when all factors of a kind are drawn again; by construction own > shared."""
    generator = np.random.default_rng(0)
    for one in garments.CLASSES:
        ranges = {**garments.SHARED, **one.exclusive}
        before = {name: generator.uniform(*ranges[name], 200) for name in ranges}
        change = {}
        for kind, names in (("shared", garments.SHARED), ("own", one.exclusive)):
            after = {**before, **{name: generator.uniform(*ranges[name], 200) for name in names}}
            change[kind] = np.mean((render(one, before).astype(float) - render(one, after)) ** 2)
        assert change["own"] > change["shared"], one.name


def test_a_stroke_covers_its_area() -> None:
    line = canvas.points((6, 14), (20, 14))
    np.testing.assert_allclose(canvas.stroke(line, 3.0).sum(), 14 * 3 + np.pi * 1.5**2, rtol=0.02)


def test_a_polygon_covers_its_area_with_and_without_a_hole() -> None:
    square = canvas.points((4, 4), (20, 4), (20, 20), (4, 20))
    np.testing.assert_allclose(canvas.fill(square).sum(), 256, rtol=0.01)
    hollow = canvas.points((4, 4), (20, 4), (20, 20), (4, 20), (4, 4), (8, 8), (8, 16), (16, 16), (16, 8), (8, 8))
    np.testing.assert_allclose(canvas.fill(hollow).sum(), 256 - 64, rtol=0.03)


def test_a_spline_goes_through_its_knots() -> None:
    knots = canvas.points((3, 4), (8, 2), (12, 9), (20, 20))
    np.testing.assert_allclose(canvas.spline(knots, steps=5)[:, ::5], knots, atol=1e-5)
