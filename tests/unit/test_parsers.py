"""Parsers of external files, on arbitrary bytes and names: each returns a right result or raises a one-line error."""

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nvae import config
from nvae.data.faces.yale_b import parse_lit, usable_images
from nvae.data.idx import IMAGES, LABELS, load_idx_set, raw_folder, write_idx
from nvae.data.pgm import read_pgm
from nvae.errors import UserError

PARAMS = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
SECTIONS = yaml.safe_load(PARAMS)
# The examples are the same in each run, so that failures are reproducible. Each example writes its folder again.
FEW = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=300)
BYTES = np.dtype(np.uint8)
SIZES = st.one_of(st.integers(0, 9), st.integers(0, 2**32 - 1))


def parsed(read: Callable[[], Any]) -> Any:
    """Return the result of a reader, or None after a one-line UserError; any other exception fails the test."""
    try:
        return read()
    except UserError as error:
        message = str(error)
    assert "\n" not in message
    assert ", expected " in message
    return None


def write_set(root: Path, images: bytes, labels: bytes) -> None:
    """Write the training and test files of a set, with the same bytes in both."""
    folder = raw_folder(root, "mine")
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        (folder / IMAGES[split]).write_bytes(images)
        (folder / LABELS[split]).write_bytes(labels)


@given(images=arrays(BYTES, array_shapes(min_dims=3, max_dims=3, max_side=6)), data=st.data())
@FEW
def test_a_written_idx_set_is_read_back(images: np.ndarray, data: st.DataObject, tmp_path: Path) -> None:
    labels = data.draw(arrays(BYTES, len(images)))
    folder = raw_folder(tmp_path, "mine")
    for split in ("train", "test"):
        write_idx(folder / IMAGES[split], images)
        write_idx(folder / LABELS[split], labels)
    train_images, train_labels, test_images, test_labels = load_idx_set(tmp_path, "mine")
    for found in (train_images, test_images):
        np.testing.assert_array_equal(found, images)
    for found in (train_labels, test_labels):
        np.testing.assert_array_equal(found, labels)


def header(magic: int, sizes: list[int]) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in (magic, *sizes))


IDX_FILES = st.one_of(
    st.binary(max_size=64),
    st.builds(
        lambda magic, sizes, values: header(magic, sizes) + values,
        st.sampled_from([0x803, 0x801, 0xD03, 0]),
        st.lists(SIZES, max_size=4),
        st.binary(max_size=64),
    ),
    st.integers(1, 5).map(lambda n: header(0x803, [n, 1, 1]) + bytes(n)),
)


@given(images=IDX_FILES, labels=st.one_of(IDX_FILES, st.integers(1, 5).map(lambda n: header(0x801, [n]) + bytes(n))))
@MANY
def test_arbitrary_bytes_are_idx_or_refused(images: bytes, labels: bytes, tmp_path: Path) -> None:
    write_set(tmp_path, images, labels)
    found = parsed(lambda: load_idx_set(tmp_path, "mine"))
    if found is not None:
        assert images == header(0x803, list(found[0].shape)) + found[0].tobytes()
        assert labels == header(0x801, list(found[1].shape)) + found[1].astype(np.uint8).tobytes()


def peak(read: Callable[[], Any]) -> int:
    """Return the peak of the memory that reading allocates, in bytes."""
    tracemalloc.start()
    try:
        parsed(read)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@given(sizes=st.lists(st.integers(2**20, 2**32 - 1), min_size=3, max_size=3))
@FEW
def test_sizes_in_an_idx_header_allocate_no_memory(sizes: list[int], tmp_path: Path) -> None:
    write_set(tmp_path, header(0x803, sizes) + b"few", header(0x801, sizes[:1]) + b"few")
    assert peak(lambda: load_idx_set(tmp_path, "mine")) < 1_000_000


@given(image=arrays(BYTES, array_shapes(min_dims=2, max_dims=2, max_side=9)), notes=st.lists(st.text(max_size=9)))
@FEW
def test_a_written_pgm_is_read_back(image: np.ndarray, notes: list[str]) -> None:
    lines = [f"#{note}".replace("\r", "").replace("\n", "").encode("utf-8", "replace") for note in notes]
    head = b"\n".join([b"P5", *lines, b"%d %d" % image.shape[::-1], b"255"]) + b"\n"
    np.testing.assert_array_equal(read_pgm(head + image.tobytes(), "a.pgm"), image)


PGM_FILES = st.one_of(
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda rest: b"P5" + rest),
    st.builds(
        lambda gap, fields, pixels: gap.join([b"P5", *fields]) + b"\n" + pixels,
        st.sampled_from([b" ", b"\n", b"#\n", b" # a note\r", b""]),
        st.lists(st.one_of(SIZES.map(lambda n: b"%d" % n), st.just(b"255"), st.just(b"-1")), max_size=4),
        st.binary(max_size=16),
    ),
)


@given(content=PGM_FILES)
@MANY
def test_arbitrary_bytes_are_pgm_or_refused(content: bytes) -> None:
    image = parsed(lambda: read_pgm(content, "a.pgm"))
    if image is not None:
        assert content.startswith(b"P5")
        assert image.dtype == np.uint8
        assert image.size > 0
        assert content.endswith(image.tobytes())


@given(sizes=st.lists(st.integers(10**5, 10**9), min_size=2, max_size=2))
@FEW
def test_sizes_in_a_pgm_header_allocate_no_memory(sizes: list[int]) -> None:
    assert peak(lambda: read_pgm(b"P5\n%d %d\n255\nfew" % tuple(sizes), "a.pgm")) < 1_000_000


@given(
    person=st.integers(0, 99), pose=st.integers(0, 99), azimuth=st.integers(-180, 180), elevation=st.integers(-90, 90)
)
@FEW
def test_a_file_name_of_a_face_is_parsed_into_its_parts(person: int, pose: int, azimuth: int, elevation: int) -> None:
    name = f"yaleB{person:02d}_P{pose:02d}A{azimuth:+04d}E{elevation:+03d}.pgm"
    found = parse_lit(f"yaleB{person:02d}/{name}")
    assert found is not None
    assert (found.person, found.pose) == (f"yaleB{person:02d}", pose)
    assert (found.azimuth_deg, found.elevation_deg) == (azimuth, elevation)


FACE = "yaleB01/yaleB01_P00A+035E-20.pgm"
PARTS = st.sampled_from(["yaleB", "01", "_P", "00", "A", "+035", "E", "-20", ".pgm", "/", "_Ambient", ".bad"])
NAMES = st.one_of(
    st.text(max_size=40),
    st.lists(PARTS, max_size=14).map("".join),
    st.builds(
        lambda place, sign: FACE[:place] + sign + FACE[place + 1 :],
        st.integers(0, len(FACE) - 1),
        st.one_of(st.sampled_from("\u0663\n9-+"), st.text(max_size=1)),
    ),
)


@given(name=NAMES)
@MANY
def test_arbitrary_names_are_parsed_left_out_or_refused(name: str) -> None:
    found = parsed(lambda: usable_images([name]))
    if found is None:
        assert name.endswith(".pgm")
    elif found:
        (image,) = found
        stem = name.rpartition("/")[2]
        assert re.fullmatch(r"yaleB[0-9]+_P00A[+-][0-9]{3}E[+-][0-9]{2}\.pgm", stem)
        assert (image.azimuth_deg, image.elevation_deg) == (int(stem[-12:-8]), int(stem[-7:-4]))
    else:
        assert not name.endswith(".pgm") or "_Ambient" in name or "_P00" not in name


def paths(content: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values, at any depth."""
    found = []
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        found += [(*before, key), *paths(value, (*before, key))]
    return found


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dates(), st.binary(max_size=4)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=9), st.integers()), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], object]:
    """Return a function that loads the configuration from a text."""

    def load(content: str | bytes) -> object:
        path = tmp_path / "params.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return parsed(lambda: config.load(path))

    return load


@given(place=st.sampled_from(paths(SECTIONS)), value=VALUES)
@FEW
def test_any_value_in_any_place_is_accepted_or_refused(
    place: tuple[Any, ...], value: Any, read: Callable[[str | bytes], object]
) -> None:
    content = yaml.safe_load(PARAMS)
    section = content
    for key in place[:-1]:
        section = section[key]
    section[place[-1]] = value
    read(yaml.safe_dump(content))


@given(data=st.data())
@FEW
def test_any_edit_of_the_text_is_accepted_or_refused(
    data: st.DataObject, read: Callable[[str | bytes], object]
) -> None:
    text = PARAMS.encode()
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    marks = st.sampled_from(
        [b"&a ", b"*a", b"<<: ", b"!!bool ", b"!!int ", b"!!set ", b"? ", b"[", b"}", b"\n", b"\xff"]
    )
    read(text[:start] + data.draw(st.one_of(marks, st.binary(max_size=8))) + text[start + length :])


@given(
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
)
@FEW
def test_arbitrary_bytes_are_no_configuration(content: bytes, read: Callable[[str | bytes], object]) -> None:
    assert read(content) is None
