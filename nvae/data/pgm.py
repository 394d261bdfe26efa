"""Binary PGM (P5), the format of the Yale B frames: a short text header, then one byte per pixel, row by row."""

import re

import numpy as np
import numpy.typing as npt

from nvae.errors import UserError

# White space and comments, which run to the end of a line, separate the header fields; one white space ends the header.
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"P5" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})\s")
_HINT = "Get the file again, or move it out of the folder."


def read_pgm(content: bytes, name: str) -> npt.NDArray[np.uint8]:
    r"""Decode one image.

    Args:
        content: Bytes of the file.
        name: Name of the file, for error messages.

    Returns:
        The image, (height, width) uint8.

    Raises:
        UserError: If the file is not a binary PGM with 256 grey levels, or is shorter or longer than its header states.

    >>> read_pgm(b"P5 # a note\n3 2 255\n" + bytes([0, 1, 2, 3, 4, 5]), "small.pgm").tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    header = _HEADER.match(content)
    if header is None:
        raise UserError(name, got=f"a file that starts with {content[:8]!r}", expected="a binary PGM (P5)", hint=_HINT)
    width, height, top_level = (int(field) for field in header.groups())
    if top_level != 255:
        raise UserError(name, got=f"maximal grey level {top_level}", expected="255", hint=_HINT)
    pixels = content[header.end() :]
    if len(pixels) != width * height or not pixels:
        raise UserError(
            name, got=f"{len(pixels)} pixels", expected=f"{width} × {height} = {width * height} pixels", hint=_HINT
        )
    return np.frombuffer(pixels, dtype=np.uint8).reshape(height, width)
