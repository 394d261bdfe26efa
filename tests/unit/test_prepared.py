"""The file of a prepared set: saving and loading, and the errors for wrong content."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nvae.data.prepared import PreparedSet, Split
from nvae.errors import UserError


def rewrite(path: Path, **changes: np.ndarray | None) -> None:
    """Replace arrays of a saved set; None removes an array."""
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})


def test_a_saved_set_reads_back_equal(small_set: PreparedSet, tmp_path: Path) -> None:
    small_set.save(tmp_path / "other_name.npz")
    read = PreparedSet.load(tmp_path / "other_name.npz")
    assert (read.name, read.class_names, read.factor_names) == ("small", ("a", "b", "c"), ("level",))
    assert (read.n_classes, read.image_shape) == (3, (8, 7))
    for (name, one), (_, other) in zip(small_set.splits(), read.splits(), strict=True):
        for part in ("images", "labels", "names", "factors"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part), err_msg=f"{name} {part}")


def test_the_file_has_the_documented_keys_and_nothing_pickled(small_set: PreparedSet, tmp_path: Path) -> None:
    small_set.save(tmp_path / "small.npz")
    parts = {f"{s}_{p}" for s in ("train", "validation", "test") for p in ("images", "labels", "names", "factors")}
    with np.load(tmp_path / "small.npz", allow_pickle=False) as archive:
        assert set(archive.files) == parts | {"name", "class_names", "factor_names"}
        assert archive["train_images"].dtype == np.uint8
        assert archive["train_labels"].dtype == np.int64


def test_factors_may_be_unknown(small_set: PreparedSet, tmp_path: Path) -> None:
    splits = {name: replace(split, factors=None) for name, split in small_set.splits()}
    replace(small_set, factor_names=(), **splits).save(tmp_path / "small.npz")
    read = PreparedSet.load(tmp_path / "small.npz")
    assert read.train.factors is None
    assert read.factor_names == ()


def test_equal_sets_give_equal_bytes(small_set: PreparedSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_set.save(tmp_path / "one.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    small_set.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.npz", "two.npz"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"test_labels": None}, "test_labels: got nothing"),
        ({"train_factors": None}, "train_factors: got nothing"),
        ({"train_images": np.zeros((120, 8, 7))}, "train_images: got float64"),
        ({"train_images": np.zeros((120, 56), np.uint8)}, "train_images: got uint8 with 2 axes"),
        ({"validation_labels": np.zeros(30, np.int32)}, "validation_labels: got int32"),
        ({"validation_labels": np.full(30, 3)}, "split validation, labels: got 3 to 3, expected 0 to 2"),
        ({"validation_labels": np.full(30, -1)}, "split validation, labels: got -1"),
        ({"test_names": np.array(["x"])}, "split test: got parts of lengths"),
        ({"test_images": np.zeros((45, 8, 8), np.uint8)}, "split test: got images of"),
        ({"train_factors": np.zeros((120, 2))}, "split train, factors: got 2 columns"),
    ],
)
def test_a_wrong_part_is_reported(
    small_set: PreparedSet, tmp_path: Path, changes: dict[str, np.ndarray | None], named: str
) -> None:
    small_set.save(tmp_path / "small.npz")
    rewrite(tmp_path / "small.npz", **changes)
    with pytest.raises(UserError) as caught:
        PreparedSet.load(tmp_path / "small.npz")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("data/prepared/paper/nothing.npz", "Make it with `nvae prepare nothing`"),
        ("own/nothing.npz", "Correct the path, or make one with `nvae prepare NAME --out own/nothing.npz`"),
    ],
)
def test_the_error_for_a_missing_file_has_the_command_that_makes_it(path: str, hint: str) -> None:
    with pytest.raises(UserError, match=rf"nothing\.npz: got no such file, expected a prepared set\. {hint}\."):
        PreparedSet.load(Path(path))


@pytest.mark.parametrize("kind", ["text", "empty", "pickle", "array", "zip"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "small.npz"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train_images.npy", "not an array")
    elif kind == "pickle":
        np.savez(path, name=np.array([{}], dtype=object))
    elif kind == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    else:
        path.write_bytes(b"" if kind == "empty" else b"some text")
    with pytest.raises(UserError, match=r"small\.npz"):
        PreparedSet.load(path)


def test_take_keeps_the_order_given() -> None:
    split = Split(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), np.arange(3), np.array(["a", "b", "c"]))
    taken = split.take(np.array([2, 0]))
    assert taken.names.tolist() == ["c", "a"]
    assert taken.labels.tolist() == [2, 0]
    assert taken.images[0, 0, 0] == 8


def test_an_unknown_split_is_refused(small_set: PreparedSet) -> None:
    assert small_set.split("test") is small_set.test
    with pytest.raises(UserError, match="train or validation or test"):
        small_set.split("dev")
