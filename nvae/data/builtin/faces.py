"""Faces of drawn persons under 64 lights, written as the Cropped Extended Yale Face Database B is.

The built-in stand-in for that database has its names, its light directions, its frame sizes and its
oddities (bad frames, ambient frames, lists), so that the code that reads one reads the other. The only
factors are the light's azimuth and elevation, shared by all persons, and both stand in the file names.

Source: not in the paper: it uses the real database; layout and light angles are that database's.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvae.data.builtin.head import Field, Person, Surface, draw_person, sample_surface
from nvae.data.builtin.shading import light_direction, normals, shade
from nvae.errors import UserError
from nvae.rng import numpy_generator

KIND = "faces"
"""The kind of data set that it is drawn as."""

LIGHTS = (
    *((-130, 20), (-120, 0), (-110, -20), (-110, 15), (-110, 40), (-110, 65), (-95, 0), (-85, -20), (-85, 20)),
    *((-70, -35), (-70, 0), (-70, 45), (-60, -20), (-60, 20), (-50, -40), (-50, 0), (-35, -20), (-35, 15), (-35, 40)),
    *((-35, 65), (-25, 0), (-20, -40), (-20, -10), (-20, 10), (-15, 20), (-10, -20), (-10, 0), (-5, -10), (-5, 10)),
    *((0, -35), (0, -20), (0, 0), (0, 20), (0, 45), (0, 90), (5, -10), (5, 10), (10, -20), (10, 0), (15, 20)),
    *((20, -40), (20, -10), (20, 10), (25, 0), (35, -20), (35, 15), (35, 40), (35, 65), (50, -40), (50, 0), (60, -20)),
    *((60, 20), (70, -35), (70, 0), (70, 45), (85, -20), (85, 20), (95, 0), (110, -20), (110, 15), (110, 40)),
    *((110, 65), (120, 0), (130, 20)),
)
"""The database's 64 light directions: (azimuth, elevation) in degrees."""

BAD = {1: ((95, 0),), 2: ((-50, -40),)}
"""Person → lights whose frame is spoilt and named ``.pgm.bad``."""

NUMBERS = tuple(number for number in range(1, 40) if number != 14)
"""The database's persons; it has no number 14."""

HEIGHT, WIDTH = 192, 168
"""Size of a cropped frame, pixels."""

FRAME_HEIGHT, FRAME_WIDTH = 480, 640
"""Size of an uncropped ambient frame, pixels."""

_UNIT = (
    105  # pixels to a face unit in a cropped frame: the eyes are 0.57 of the frame's width apart, as in the database
)
_EYES_ROW = 45  # the row of a cropped frame that the eyes are on
_MARGIN = 24  # samples on each side that only cast shadows
_AMBIENT = 0.25  # brightness of the room's light relative to the flash
_EXPOSURE = 1.25  # a frontal light brings the mean skin to a middle grey


def draw(folder: Path, *, persons: int, seed: int) -> None:
    """Write the faces into ``folder/CroppedYale/yaleBxx/``.

    Each person has 64 light directions (one or two frames among all are ``.pgm.bad``), one ambient frame,
    a list of the frames (``.info``) and a log. The ambient frames of the even-numbered persons are
    uncropped and dark.

    Args:
        folder: where ``CroppedYale`` is made; it may exist.
        persons: how many, 1 to 38; numbers skip 14.
        seed: base seed; the same seed gives the same bytes, and a person does not depend on how many there are.

    Raises:
        UserError: ``persons`` is out of range.
    """
    if not 1 <= persons <= len(NUMBERS):
        raise UserError(
            "persons", got=persons, expected=f"1 to {len(NUMBERS)}", hint="Edit `drawn` of the data set in params.yaml."
        )
    for number in NUMBERS[:persons]:
        _write_person(folder / "CroppedYale", number, seed)


def render_person(person: Person, lights: tuple[tuple[int, int], ...] = LIGHTS) -> NDArray[np.uint8]:
    """A person's cropped frames.

    Args:
        person: whose face.
        lights: (azimuth, elevation) pairs in degrees.

    Returns:
        (len(lights), 192, 168) uint8.
    """
    surface = _cropped_surface(person)
    facing = normals(surface)
    frames = np.empty((len(lights), HEIGHT, WIDTH), dtype=np.uint8)
    inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    for frame, (azimuth, elevation) in zip(frames, lights, strict=True):
        frame[:] = _grey(shade(surface, facing, light_direction(azimuth, elevation))[inner])
    return frames


def render_ambient(person: Person, *, cropped: bool, generator: np.random.Generator) -> NDArray[np.uint8]:
    """A person's frame without flash: dim light from the ceiling.

    Args:
        person: whose face.
        cropped: the face alone, 192 × 168; otherwise 480 × 640 with head, neck and room.
        generator: draws where the head is in an uncropped frame.

    Returns:
        (192, 168) or (480, 640) uint8; mean grey 10 to 45.
    """
    if cropped:
        inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
        return _grey(_AMBIENT * _room_light(_cropped_surface(person))[inner])
    unit = float(generator.uniform(88, 104))  # pixels to a face unit
    eyes_x, eyes_y = float(generator.uniform(260, 380)), float(generator.uniform(190, 220))
    x = (np.arange(FRAME_WIDTH, dtype=np.float64) - eyes_x) / unit
    y = (np.arange(FRAME_HEIGHT, dtype=np.float64) - eyes_y) / unit
    frame = _room(x, y)
    bust = _bust(person, x, y)
    frame = np.where(bust > 0, bust, frame)
    surface = sample_surface(person, x, y)
    return _grey(_AMBIENT * np.where(np.isfinite(surface.height), _room_light(surface), frame))


def _cropped_surface(person: Person) -> Surface:
    """The part of a head that a cropped frame shows, and a margin that casts shadows into it."""
    x = (np.arange(-_MARGIN, WIDTH + _MARGIN) - (WIDTH - 1) / 2) / _UNIT
    y = (np.arange(-_MARGIN, HEIGHT + _MARGIN) - _EYES_ROW) / _UNIT
    return sample_surface(person, x, y)


def _room_light(surface: Surface) -> Field:
    """The head under soft light from above, left, right and the front."""
    facing = normals(surface)
    lamps = ((0, 35), (-40, 20), (40, 20), (0, 0))
    shades = [shade(surface, facing, light_direction(*lamp)) for lamp in lamps]
    return sum(shades[1:], start=shades[0]) / len(shades)


def _room(x: Field, y: Field) -> Field:
    """A dim wall, a little brighter to the left where the window is."""
    wall: Field = 0.16 + 0.1 * np.exp(-0.5 * ((x[None, :] + 3) / 1.5) ** 2) - 0.02 * y[:, None]
    return wall


def _bust(person: Person, x: Field, y: Field) -> Field:
    """Ears, neck and shoulders below and beside the head; 0 elsewhere."""
    side, down = np.abs(x)[None, :], y[:, None]
    bust = np.zeros((len(y), len(x)))
    slope = 2.0 + 0.45 * np.clip(side - 0.5, 0, None) ** 1.2
    bust[down > slope] = 0.08
    neck = (side < 0.56 + 0.1 * np.clip(down - 1.7, 0, None)) & (down > 0.8) & (down < 2.2 - 0.2 * side**2)
    column = 0.45 * person.skin * np.sqrt(np.clip(1 - (side / 0.9) ** 2, 0, 1))
    bust = np.where(neck, column, bust)
    ear = ((side - person.face_width) / 0.13) ** 2 + ((down - 0.15) / 0.3) ** 2 < 1
    return np.where(ear, 0.35 * person.skin, bust)


def _grey(brightness: Field) -> NDArray[np.uint8]:
    """Brightness, 1 for white skin lit frontally, to grey values."""
    return np.rint(255 * np.clip(_EXPOSURE * brightness, 0, 1)).astype(np.uint8)


def _write_person(root: Path, number: int, seed: int) -> None:
    """One person's folder: 64 lit frames, the ambient frame, the list and the log."""
    name = f"yaleB{number:02d}"
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    person = draw_person(number, seed=seed)
    stem = f"{name}_P00"
    written = [f"{stem}_Ambient.pgm"]
    generator = numpy_generator(seed, "faces", number, "ambient")
    ambient = render_ambient(person, cropped=number % 2 == 1, generator=generator)
    # Some of the database's headers carry a comment; a reader must skip it.
    _write_pgm(folder / written[0], ambient, comment=f"drawn {stem} Ambient")
    for light, frame in zip(LIGHTS, render_person(person), strict=True):
        spoilt = light in BAD.get(number, ())
        file = f"{stem}A{light[0]:+04d}E{light[1]:+03d}.pgm"
        _write_pgm(folder / (file + ".bad" if spoilt else file), frame // 64 if spoilt else frame)
        written.append(file)
    (folder / f"{stem}.info").write_text("".join(f"{file}\n" for file in written))
    (folder / "WS_FTP.LOG").write_text("".join(f"drawn {file}\r\n" for file in written), newline="")


def _write_pgm(path: Path, image: NDArray[np.uint8], *, comment: str = "") -> None:
    """Write binary PGM (P5) with 255 as white."""
    note = f"#{comment}\n" if comment else ""
    header = f"P5\n{note}{image.shape[1]} {image.shape[0]}\n255\n"
    path.write_bytes(header.encode("ascii") + image.tobytes())
