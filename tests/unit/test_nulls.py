"""Nulls of a data set: no factor is exclusive to a class, and the image shows its class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nvae import config
from nvae.cli import main
from nvae.config import CloneData, MarkedData
from nvae.data import nulls
from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError

PARAMS = Path(__file__).parents[2] / "params.yaml"


def shown(split: Split, height: int) -> list[int]:
    """Return the place of the mark of each image, counted from left to right and from top to bottom."""
    places = []
    for image in split.images[:, height:]:
        rows, columns = np.nonzero(image)
        side = columns.max() - columns.min() + 1
        per_band = image.shape[1] // side
        places.append(int(rows.min()) // nulls.BAND * per_band + int(columns.min()) // side)
    return places


NULLS: list[Callable[[PreparedSet], PreparedSet]] = [
    lambda data: nulls.marked(data, "null", seed=0),
    lambda data: nulls.clone(data, "null"),
]


@pytest.mark.parametrize("make", NULLS)
def test_the_mark_shows_the_class_and_the_image_stays(small_set: PreparedSet, make: object) -> None:
    made = make(small_set)  # type: ignore[operator]
    assert made.factor_names == ()
    for name, split in made.splits():
        assert shown(split, 8) == split.labels.tolist()
        originals = dict(zip(small_set.split(name).names, small_set.split(name).images, strict=True))
        assert all(
            (image[:8] == originals[origin]).all() for image, origin in zip(split.images, split.names, strict=True)
        )


@pytest.mark.parametrize(("n_classes", "bands"), [(2, 1), (7, 1), (8, 2), (38, 6)])
def test_many_classes_get_several_bands(n_classes: int, bands: int) -> None:
    labels = np.arange(n_classes)
    blank = Split(np.zeros((n_classes, 8, 7), np.uint8), labels, labels.astype(str))
    made = nulls.with_marks(blank, n_classes=n_classes)
    assert made.images.shape == (n_classes, 8 + nulls.BAND * bands, 7)
    assert shown(made, 8) == labels.tolist()


def test_marked_labels_are_the_same_ones_shuffled(small_set: PreparedSet) -> None:
    first, again, other = (nulls.marked(small_set, "null", seed=seed) for seed in (0, 0, 1))
    for name, split in first.splits():
        original = small_set.split(name)
        assert (split.names == original.names).all()
        assert sorted(split.labels) == sorted(original.labels)
        assert 0 < (split.labels == original.labels).mean() < 0.7
        assert (split.labels == again.split(name).labels).all()
        assert (split.labels != other.split(name).labels).any()


def test_every_class_of_a_clone_has_the_images_of_one_class(small_set: PreparedSet) -> None:
    made = nulls.clone(small_set, "null", label=1)
    assert made.class_names == ("b (1)", "b (2)", "b (3)")
    for name, split in made.splits():
        original = small_set.split(name)
        wanted = sorted(original.names[original.labels == 1])
        for label in range(3):
            assert sorted(split.names[split.labels == label]) == wanted


def test_a_clone_is_of_the_class_that_varies_most(small_set: PreparedSet) -> None:
    images = small_set.train.images.copy()
    images[small_set.train.labels == 2] //= 2
    images[small_set.train.labels == 0] //= 3
    varied = PreparedSet(
        "x", small_set.class_names, (), Split(images, small_set.train.labels, small_set.train.names),
        Split(*(getattr(small_set.validation, part) for part in ("images", "labels", "names"))),
        Split(*(getattr(small_set.test, part) for part in ("images", "labels", "names"))),
    )  # fmt: skip
    assert nulls.most_varied(varied) == 1
    assert set(nulls.clone(varied, "null").class_names) == {"b (1)", "b (2)", "b (3)"}


def test_a_class_that_is_missing_is_an_error(small_set: PreparedSet) -> None:
    with pytest.raises(UserError, match=r"data\.null\.label: got 3, expected 0 to 2"):
        nulls.clone(small_set, "null", label=3)
    few = small_set.test.take(np.flatnonzero(small_set.test.labels != 1))
    data = PreparedSet("x", small_set.class_names, small_set.factor_names, small_set.train, small_set.validation, few)
    with pytest.raises(UserError, match="class 1, without images in test"):
        nulls.clone(data, "null", label=1)


def test_the_configuration_chooses_the_kind(small_set: PreparedSet) -> None:
    marked = nulls.make(small_set, "small_marked", MarkedData(kind="marked", of="small", seed=4))
    assert (marked.train.labels == nulls.marked(small_set, "x", seed=4).train.labels).all()
    clone = nulls.make(small_set, "small_clone", CloneData(kind="clone", of="small", label=2))
    assert (clone.name, clone.class_names[0]) == ("small_clone", "c (1)")


def test_the_verb_writes_the_null_with_its_lineage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, base, out = tmp_path / "raw", tmp_path / "glyphs.npz", tmp_path / "null.npz"
    common = ["--profile", "smoke", "--params", str(PARAMS)]
    assert main(["draw-data", "glyphs", *common, "--out", str(raw)]) == 0
    assert main(["prepare", "glyphs", *common, "--raw", str(raw), "--out", str(base)]) == 0
    assert main(["null", "glyphs_marked", *common, "--data", str(base), "--out", str(out)]) == 0
    sizes = "300 train, 100 validation, 100 test images of 10 classes"
    assert capsys.readouterr().out.endswith(f"null.npz: {sizes} (zero, …)\n")
    made = PreparedSet.load(out)
    assert (made.name, made.image_shape) == ("glyphs_marked", (32, 28))
    assert out.with_name("null.npz.meta.json").is_file()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("null glyphs", "data set: got glyphs, which has raw files, expected one of dial_clone, "),
        ("prepare glyphs_marked", "data set: got glyphs_marked, a null of glyphs, expected a data set with raw files"),
        ("fetch glyphs_marked", "glyphs_marked"),
        ("draw-data glyphs_clone", "data set: got glyphs_clone, a null of glyphs"),
    ],
)
def test_a_null_is_no_data_set_with_raw_files(
    command: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PARAMS.parent)
    assert main(command.split()) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("letters: {kind: marked, of: glyphs, seed: 0}", "expected the name glyphs_marked"),
        ("glyphs_marked_clone: {kind: clone, of: glyphs_marked, label: null}", "data.glyphs_marked_clone.of: got"),
        ("letters_clone: {kind: clone, of: letters, label: null}", "data.letters_clone.of: got 'letters'"),
    ],
)
def test_a_null_has_the_name_of_its_data_set(entry: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = PARAMS.read_text(encoding="utf-8")
    path.write_text(text.replace("\ndata:\n", f"\ndata:\n  {entry}\n", 1), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        config.load(path)
