"""Faces of drawn persons under 64 lights, in the file layout of the Cropped Extended Yale Face Database B.

This built-in stand-in for the database has the same names, light directions, frame sizes and special files (bad frames,
ambient frames, lists), so that the same code reads both. The only factors are azimuth and elevation of the light, which
are shared by all persons and part of the file names.

Source: not in the paper, which uses the real database; layout and light angles are those of the database.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nvae.data.builtin.head import Field, Person, Surface, draw_person, sample_surface
from nvae.data.builtin.shading import light_direction, normals, shade
from nvae.errors import UserError
from nvae.rng import numpy_generator

KIND = "faces"
"""The kind of data set under ``data`` in params.yaml."""

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
"""Number of a person → lights whose frame is spoilt and has the suffix ``.pgm.bad``."""

NUMBERS = tuple(number for number in range(1, 40) if number != 14)
"""The numbers of the database's persons; there is no number 14."""

HEIGHT, WIDTH = 192, 168
"""Size of a cropped frame in pixels."""

FRAME_HEIGHT, FRAME_WIDTH = 480, 640
"""Size of an uncropped ambient frame in pixels."""

# Pixels per face unit in a cropped frame: the eyes are 0.57 of the frame's width apart, as in the database.
_UNIT = 105
_EYES_ROW = 45  # row of the eyes in a cropped frame
_MARGIN = 24  # number of samples on each side that are rendered only for their shadows
_AMBIENT = 0.25  # brightness of the room's light relative to the flash
_EXPOSURE = 1.25  # gain at which mean skin under a frontal light is a middle grey


def draw(folder: Path, *, persons: int, seed: int) -> None:
    """Write the faces into ``folder/CroppedYale/yaleBxx/``.

    Each person has frames under 64 light directions (one or two of all frames are ``.pgm.bad``), one ambient frame, a
    list of the frames (``.info``) and a log. The ambient frames of the even-numbered persons are uncropped and dark.

    Args:
        folder: Parent folder of ``CroppedYale``; both may exist.
        persons: Number of persons, 1 to 38; the number 14 is skipped.
        seed: Base seed; the same seed gives the same bytes, and a person does not depend on the number of persons.

    Raises:
        UserError: If ``persons`` is out of range.
    """
    if not 1 <= persons <= len(NUMBERS):
        raise UserError(
            "persons", got=persons, expected=f"1 to {len(NUMBERS)}", hint="Edit `drawn` of the data set in params.yaml."
        )
    for number in NUMBERS[:persons]:
        _write_person(folder / "CroppedYale", number, seed)


def render_person(person: Person, lights: tuple[tuple[int, int], ...] = LIGHTS) -> NDArray[np.uint8]:
    """Render a person's cropped frames.

    Args:
        person: Parameters of the face.
        lights: Pairs (azimuth, elevation) in degrees.

    Returns:
        One frame per light, (len(lights), 192, 168) uint8.
    """
    surface = _cropped_surface(person)
    facing = normals(surface)
    frames = np.empty((len(lights), HEIGHT, WIDTH), dtype=np.uint8)
    inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
    for frame, (azimuth, elevation) in zip(frames, lights, strict=True):
        frame[:] = _grey(shade(surface, facing, light_direction(azimuth, elevation))[inner])
    return frames


def render_ambient(person: Person, *, cropped: bool, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Render a person's frame without flash, under dim light from the ceiling.

    Args:
        person: Parameters of the face.
        cropped: Whether to render the face alone, 192 × 168; otherwise 480 × 640 with head, neck and room.
        generator: Random generator of the head's place and size in an uncropped frame.

    Returns:
        The frame, (192, 168) or (480, 640) uint8; its mean grey level is 10 to 45.
    """
    if cropped:
        inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
        return _grey(_AMBIENT * _room_light(_cropped_surface(person))[inner])
    unit = float(generator.uniform(88, 104))  # pixels per face unit
    eyes_x, eyes_y = float(generator.uniform(260, 380)), float(generator.uniform(190, 220))
    x = (np.arange(FRAME_WIDTH, dtype=np.float64) - eyes_x) / unit
    y = (np.arange(FRAME_HEIGHT, dtype=np.float64) - eyes_y) / unit
    frame = _room(x, y)
    bust = _bust(person, x, y)
    frame = np.where(bust > 0, bust, frame)
    surface = sample_surface(person, x, y)
    return _grey(_AMBIENT * np.where(np.isfinite(surface.height), _room_light(surface), frame))


def _cropped_surface(person: Person) -> Surface:
    """Sample the part of a head that a cropped frame shows, with a margin that casts shadows into it."""
    x = (np.arange(-_MARGIN, WIDTH + _MARGIN) - (WIDTH - 1) / 2) / _UNIT
    y = (np.arange(-_MARGIN, HEIGHT + _MARGIN) - _EYES_ROW) / _UNIT
    return sample_surface(person, x, y)


def _room_light(surface: Surface) -> Field:
    """Shade the head under soft light from above, left, right and the front."""
    facing = normals(surface)
    lamps = ((0, 35), (-40, 20), (40, 20), (0, 0))
    shades = [shade(surface, facing, light_direction(*lamp)) for lamp in lamps]
    return sum(shades[1:], start=shades[0]) / len(shades)


def _room(x: Field, y: Field) -> Field:
    """Render a dim wall, a little brighter on the left because of a window."""
    wall: Field = 0.16 + 0.1 * np.exp(-0.5 * ((x[None, :] + 3) / 1.5) ** 2) - 0.02 * y[:, None]
    return wall


def _bust(person: Person, x: Field, y: Field) -> Field:
    """Render ears, neck and shoulders beside and below the head; 0 elsewhere."""
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
    """Convert brightness (1 for white skin under a frontal light) to grey levels."""
    return np.rint(255 * np.clip(_EXPOSURE * brightness, 0, 1)).astype(np.uint8)


def _write_person(root: Path, number: int, seed: int) -> None:
    """Write one person's folder: 64 lit frames, the ambient frame, the list and the log."""
    name = f"yaleB{number:02d}"
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    person = draw_person(number, seed=seed)
    stem = f"{name}_P00"
    written = [f"{stem}_Ambient.pgm"]
    generator = numpy_generator(seed, "faces", number, "ambient")
    ambient = render_ambient(person, cropped=number % 2 == 1, generator=generator)
    # Some headers in the database have a comment, which a reader must skip.
    _write_pgm(folder / written[0], ambient, comment=f"drawn {stem} Ambient")
    for light, frame in zip(LIGHTS, render_person(person), strict=True):
        spoilt = light in BAD.get(number, ())
        file = f"{stem}A{light[0]:+04d}E{light[1]:+03d}.pgm"
        _write_pgm(folder / (file + ".bad" if spoilt else file), frame // 64 if spoilt else frame)
        written.append(file)
    (folder / f"{stem}.info").write_text("".join(f"{file}\n" for file in written), encoding="utf-8")
    (folder / "WS_FTP.LOG").write_text("".join(f"drawn {file}\r\n" for file in written), encoding="utf-8", newline="")


def _write_pgm(path: Path, image: NDArray[np.uint8], *, comment: str = "") -> None:
    """Write a binary PGM (P5) with 255 as white."""
    note = f"#{comment}\n" if comment else ""
    header = f"P5\n{note}{image.shape[1]} {image.shape[0]}\n255\n"
    path.write_bytes(header.encode("ascii") + image.tobytes())
