"""IDX files: writing, reading through torchvision, and the refusal of wrong files with a reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nvae.data.idx import IMAGES, LABELS, load_idx_set, raw_folder, write_idx
from nvae.errors import UserError

Change = Callable[[Path], None]


def write_set(root: Path, name: str, *, n_train: int = 5, n_test: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    content = {}
    for split, n in (("train", n_train), ("test", n_test)):
        content[f"{split}_images"] = generator.integers(0, 256, size=(n, 4, 6), dtype=np.uint8)
        content[f"{split}_labels"] = generator.integers(0, 10, size=n, dtype=np.uint8)
        write_idx(raw_folder(root, name) / IMAGES[split], content[f"{split}_images"])
        write_idx(raw_folder(root, name) / LABELS[split], content[f"{split}_labels"])
    return content


@pytest.mark.parametrize(
    ("name", "reader"),
    [("mnist", "MNIST"), ("fashion_mnist", "FashionMNIST"), ("glyphs", "IdxSet"), ("mine", "IdxSet")],
)
def test_written_files_are_read_back_through_torchvision(name: str, reader: str, tmp_path: Path) -> None:
    content = write_set(tmp_path, name)
    assert (tmp_path / reader / "raw" / "train-images-idx3-ubyte").is_file()
    train_images, train_labels, test_images, test_labels = load_idx_set(tmp_path, name)
    np.testing.assert_array_equal(train_images, content["train_images"])
    np.testing.assert_array_equal(train_labels, content["train_labels"])
    np.testing.assert_array_equal(test_images, content["test_images"])
    np.testing.assert_array_equal(test_labels, content["test_labels"])
    assert train_images.dtype == np.uint8
    assert train_labels.dtype == np.int64


def test_the_header_follows_the_format(tmp_path: Path) -> None:
    write_idx(tmp_path / "images", np.zeros((2, 3, 300), dtype=np.uint8))
    write_idx(tmp_path / "labels", np.array([7, 9], dtype=np.uint8))
    assert (tmp_path / "images").read_bytes()[:16].hex() == "00000803" + "00000002" + "00000003" + "0000012c"
    assert (tmp_path / "labels").read_bytes().hex() == "00000801" + "00000002" + "0709"


@pytest.mark.parametrize("array", [np.zeros((2, 3, 3)), np.zeros((2, 3), dtype=np.uint8)])
def test_unsupported_arrays_are_not_written(array: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected uint8 with 1 or 3"):
        write_idx(tmp_path / "x", array)
    assert not list(tmp_path.iterdir())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def cut_in_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def zip_up(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b" + path.read_bytes()[2:])


def rename_to_gz(path: Path) -> None:
    path.rename(path.with_name(path.name + ".gz"))


def retype(path: Path) -> None:
    path.write_bytes(b"\0\0\x0d" + path.read_bytes()[3:])


def overstate(path: Path) -> None:
    """Write sizes whose product exceeds 64 bits."""
    path.write_bytes(path.read_bytes()[:4] + b"\xff" * 12)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Path.unlink, "no such file"),
        (rename_to_gz, "Decompress train-images-idx3-ubyte.gz"),
        (cut, "135 bytes for 5 × 4 × 6 values, expected 136"),
        (lengthen, "137 bytes for 5 × 4 × 6 values, expected 136"),
        (cut_in_header, "got 6 bytes, expected a header of 16 bytes"),
        (zip_up, "Decompress it"),
        (retype, "got the first bytes 00 00 0d 03, expected 00 00 08 03"),
        (overstate, "16 bytes for 4294967295 × 4294967295 × 4294967295 values"),
    ],
)
def test_a_damaged_file_is_reported_with_the_reason(change: Change, reason: str, tmp_path: Path) -> None:
    write_set(tmp_path, "mnist")
    change(raw_folder(tmp_path, "mnist") / IMAGES["train"])
    with pytest.raises(UserError) as error:
        load_idx_set(tmp_path, "mnist")
    assert "train-images-idx3-ubyte" in str(error.value)
    assert reason in str(error.value)


def test_different_numbers_of_images_and_labels_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path, "glyphs")
    write_idx(raw_folder(tmp_path, "glyphs") / LABELS["test"], np.zeros(4, dtype=np.uint8))
    with pytest.raises(UserError, match="t10k-labels-idx1-ubyte: got 4 labels, expected 3"):
        load_idx_set(tmp_path, "glyphs")


def test_splits_of_different_image_size_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path, "glyphs")
    write_idx(raw_folder(tmp_path, "glyphs") / IMAGES["test"], np.zeros((3, 6, 4), dtype=np.uint8))
    with pytest.raises(UserError, match="equal sizes"):
        load_idx_set(tmp_path, "glyphs")


def test_an_old_torchvision_cache_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, "mnist")
    (tmp_path / "MNIST" / "processed").mkdir()
    with pytest.raises(UserError, match="cache of an old torchvision"):
        load_idx_set(tmp_path, "mnist")
