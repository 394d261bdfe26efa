"""The PGM reader: comments and unusual white space are accepted, and damaged files are refused by name."""

import numpy as np
import pytest
from PIL import Image

from nvae.data.pgm import read_pgm
from nvae.errors import UserError

PIXELS = bytes(range(20, 26))


@pytest.mark.parametrize(
    "header",
    [
        b"P5\n3 2\n255\n",
        b"P5 3 2 255 ",
        b"P5\n#@DOME@ xc75a yaleB28_P00 000 01 Ambient\n3 2\n255\n",
        b"P5 # 9 9\r\n # another\n 3\t2 # and one\n255\r",
    ],
)
def test_every_legal_header_gives_the_same_image(header: bytes) -> None:
    image = read_pgm(header + PIXELS, "a.pgm")
    assert image.dtype == np.uint8
    assert image.tolist() == [[20, 21, 22], [23, 24, 25]]


def test_pixels_that_look_like_white_space_or_comments_are_pixels() -> None:
    assert read_pgm(b"P5\n3 2\n255\n" + b"\n # 1\r", "a.pgm").ravel().tolist() == list(b"\n # 1\r")


def test_it_agrees_with_pillow(tmp_path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (19, 17), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.pgm")
    np.testing.assert_array_equal(read_pgm((tmp_path / "a.pgm").read_bytes(), "a.pgm"), image)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"", "starts with b''"),
        (b"P2\n3 2\n255\n1 2 3 4 5 6", "starts with b'P2"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"P5\n3 2", "starts with"),
        (b"P5\n-3 2\n255\n" + PIXELS, "starts with"),
        (b"P5\n3 2\n65535\n" + PIXELS * 2, "maximal grey level 65535"),
        (b"P5\n3 2\n255\n" + PIXELS[:-1], "5 pixels"),
        (b"P5\n3 2\n255\n" + PIXELS + b"\0", "7 pixels"),
        (b"P5\n0 0\n255\n", "0 pixels"),
    ],
)
def test_a_damaged_file_is_refused_by_name(content: bytes, got: str) -> None:
    with pytest.raises(UserError) as caught:
        read_pgm(content, "yaleB01/x.pgm")
    assert str(caught.value).startswith("yaleB01/x.pgm: got")
    assert got in str(caught.value)
