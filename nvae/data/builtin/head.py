"""A head as a surface: height and albedo over the image plane, computed from one person's parameters.

In face coordinates, x points to the right and y downwards in the image, the origin is the point between the eyes, and
one face unit is half the width of the face (about 7 cm). The height is measured towards the camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nvae.rng import numpy_generator

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Person:
    """Parameters of one person's face. Lengths are in face units, albedos in [0, 1].

    Args:
        face_width: Half width of the face at the cheekbones.
        jaw_width: Half width of the face at the jaw.
        face_length: Distance from the eyes to the chin.
        eye_distance: Distance from the midline to a pupil.
        eye_width: Half width of an eye.
        eye_height: Half height of an eye.
        nose_length: Distance from the eyes to the tip of the nose.
        nose_height: Height of the tip of the nose above the face.
        nose_width: Half width of the nose at the wings.
        brow_height: Distance from the eyes up to the brows.
        brow_thickness: Full thickness of a brow.
        brow_arch: Drop of a brow's outer end below its middle.
        mouth_width: Half width of the mouth.
        lip_fullness: Height of both lips together.
        hairline: Distance from the eyes up to the hair.
        cheek: Prominence of the cheekbones.
        chin: Prominence of the chin.
        skin: Albedo of the skin.
        hair: Albedo of the hair.
        lips: Albedo of the lips relative to the skin.
        beard: Darkness of the beard, 0 for none.
        texture_seed: Seed of the fine pattern of the skin.
    """

    face_width: float
    jaw_width: float
    face_length: float
    eye_distance: float
    eye_width: float
    eye_height: float
    nose_length: float
    nose_height: float
    nose_width: float
    brow_height: float
    brow_thickness: float
    brow_arch: float
    mouth_width: float
    lip_fullness: float
    hairline: float
    cheek: float
    chin: float
    skin: float
    hair: float
    lips: float
    beard: float
    texture_seed: int


_RANGES = {
    "face_width": (0.92, 1.08),
    "jaw_width": (0.7, 0.92),
    "face_length": (1.5, 1.78),
    "eye_distance": (0.4, 0.48),
    "eye_width": (0.15, 0.19),
    "eye_height": (0.055, 0.085),
    "nose_length": (0.48, 0.66),
    "nose_height": (0.26, 0.4),
    "nose_width": (0.15, 0.25),
    "brow_height": (0.17, 0.27),
    "brow_thickness": (0.05, 0.12),
    "brow_arch": (0.0, 0.1),
    "mouth_width": (0.26, 0.4),
    "lip_fullness": (0.14, 0.28),
    "hairline": (0.55, 0.95),
    "cheek": (0.0, 0.12),
    "chin": (0.02, 0.14),
    "skin": (0.42, 0.85),
    "hair": (0.06, 0.3),
    "lips": (0.55, 0.85),
}


def draw_person(number: int, *, seed: int) -> Person:
    """Draw one person's parameters.

    Args:
        number: Number of the person; each person has a separate random stream.
        seed: Base seed.
    """
    generator = numpy_generator(seed, "faces", number)
    values = {name: float(generator.uniform(low, high)) for name, (low, high) in _RANGES.items()}
    # The range is symmetric about zero and clipped, so that half of the persons are clean-shaven.
    beard = max(0.0, float(generator.uniform(-0.35, 0.35)))
    return Person(**values, beard=beard, texture_seed=int(generator.integers(2**31)))


@dataclass(frozen=True)
class Surface:
    """A sampled head.

    Args:
        height: Height in face units, (rows, columns), −inf outside the head.
        albedo: Albedo in [0, 1], (rows, columns), 0 outside the head.
        spacing: Distance between neighbouring samples in face units.
    """

    height: Field
    albedo: Field
    spacing: float


def sample_surface(person: Person, x: Field, y: Field) -> Surface:
    """Sample a person's head on a grid.

    Args:
        person: Parameters of the head.
        x: Evenly spaced face coordinates, (columns,), ascending.
        y: Evenly spaced face coordinates, (rows,), ascending, with the same spacing.

    Returns:
        Height and albedo at each grid point.
    """
    across, down = x[None, :], y[:, None]
    height = _skull(person, across, down)
    inside = np.isfinite(height)
    height = height + _features(person, across, down)
    albedo = np.where(inside, _albedo(person, across, down), 0.0)
    return Surface(height=height, albedo=albedo, spacing=float(x[1] - x[0]))


def _bump(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """Compute a Gaussian bump of height 1."""
    bump: Field = np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))
    return bump


def _pair(x: Field, y: Field, cx: float, cy: float, sx: float, sy: float) -> Field:
    """Compute the same bump on both sides of the midline."""
    return _bump(np.abs(x), y, cx, cy, sx, sy)


def _step(value: Field) -> Field:
    """Compute a smooth step from 0 below −1 to 1 above +1."""
    t = np.clip((value + 1) / 2, 0, 1)
    return t * t * (3 - 2 * t)


def _skull(person: Person, x: Field, y: Field) -> Field:
    """Compute the height of the head without features, an egg that is narrower at the jaw; −inf outside."""
    top, chin = -1.55, person.face_length
    middle, half = (top + chin) / 2, (chin - top) / 2
    along = (y - middle) / half
    # The outline narrows over the lower half, from the cheekbones to the jaw.
    jaw = person.face_width + (person.jaw_width - person.face_width) * _step((y - 0.75) / 0.7)
    radius = (np.abs(x) / jaw) ** 2.3 + np.abs(along) ** 3.2
    return np.where(radius < 1, 1.05 * np.clip(1 - radius, 0, None) ** 0.5, -np.inf)


def _features(person: Person, x: Field, y: Field) -> Field:
    """Compute the heights of brow, sockets, eyes, nose, cheeks, mouth and chin above the skull."""
    eyes = person.eye_distance
    relief = 0.07 * _pair(x, y, 0.32, -person.brow_height, 0.3, 0.09)
    relief -= 0.15 * _pair(x, y, eyes, 0.0, 0.2, 0.13)
    relief -= 0.05 * _pair(x, y, 0.2, 0.06, 0.08, 0.14)
    relief += 0.07 * _pair(x, y, eyes, 0.01, 0.12, 0.09)
    relief += person.cheek * _pair(x, y, 0.56, 0.42, 0.2, 0.18)
    relief -= 0.06 * _pair(x, y, 0.5, 0.95, 0.16, 0.25)
    relief += _nose(person, x, y)
    return relief + _mouth(person, x, y)


def _nose(person: Person, x: Field, y: Field) -> Field:
    """Compute a ridge that rises and widens from the bridge to the tip and falls steeply to the lip, and the wings."""
    tip = person.nose_length
    rise = np.clip((y + 0.12) / (tip + 0.12), 0, 1) ** 1.3
    fall = 1 - _step((y - tip - 0.08) / 0.075)
    spread = 0.075 + (0.42 * person.nose_width) * np.clip(y / tip, 0, 1) ** 2
    ridge = (
        (0.06 + (person.nose_height - 0.06) * rise) * fall * np.exp(-0.5 * (x / spread) ** 2) * _step((y + 0.2) / 0.12)
    )
    wings = 0.11 * _pair(x, y, 0.8 * person.nose_width, tip + 0.03, 0.055, 0.06)
    return ridge + wings


def _mouth(person: Person, x: Field, y: Field) -> Field:
    """Compute the area around the mouth: two lips with a groove between them, the hollow below, and the chin."""
    line, full = _mouth_line(person), person.lip_fullness
    relief = 0.08 * _bump(x, y, 0, line, 0.36, 0.24)
    relief += 0.045 * _bump(x, y, 0, line - 0.3 * full, 0.7 * person.mouth_width, 0.2 * full)
    relief += 0.06 * _bump(x, y, 0, line + 0.38 * full, 0.55 * person.mouth_width, 0.25 * full)
    relief -= 0.04 * _bump(x, y, 0, line, 0.45 * person.mouth_width, 0.025)
    relief -= 0.05 * _bump(x, y, 0, line + 0.27, 0.22, 0.07)
    relief -= 0.02 * _bump(x, y, 0, line - 0.2, 0.035, 0.08)
    return relief + person.chin * _bump(x, y, 0, person.face_length - 0.2, 0.24, 0.14)


def _mouth_line(person: Person) -> float:
    """Return the y coordinate at which the lips meet, between nose and chin, nearer to the nose."""
    return person.nose_length + 0.1 + 0.36 * (person.face_length - person.nose_length - 0.1)


def _albedo(person: Person, x: Field, y: Field) -> Field:
    """Compute the albedo: skin with its pattern, and on top of it beard, lips, nostrils, brows, eyes and hair."""
    side, line = np.abs(x), _mouth_line(person)
    albedo = person.skin * _skin_texture(person, x, y)
    beard = _step((y - line + 0.35 * (1 - side)) / 0.25) * _step((1.1 - side) / 0.2)
    albedo = albedo * (1 - person.beard * beard)
    bow = 0.3 * (x / person.mouth_width) ** 2
    lips = np.clip(1 - (x / person.mouth_width) ** 2, 0, 1) * 0.5 * person.lip_fullness
    on_lips = _step((lips - np.abs(y - line - 0.05 * bow)) / 0.015 - 1)
    albedo = albedo * (1 - (1 - person.lips) * on_lips)
    gap = np.clip(1 - (x / person.mouth_width) ** 2, 0, 1)
    albedo = albedo * (1 - 0.7 * gap * np.exp(-0.5 * ((y - line) / 0.014) ** 2))
    albedo = albedo * (1 - 0.8 * _pair(x, y, 0.45 * person.nose_width, person.nose_length + 0.1, 0.045, 0.025))
    albedo = _with_eyes(person, albedo, side, y)
    over = person.hairline * (1 - 0.25 * (x / person.face_width) ** 2) - 0.9 * np.clip(side - 0.78, 0, None)
    strands: Field = 1 + 0.4 * np.sin(38 * x + 5 * np.sin(4 * y)) * np.cos(9 * y)
    albedo += (person.hair * strands - albedo) * _step((-y - over) / 0.05)
    return albedo


def _with_eyes(person: Person, albedo: Field, side: Field, y: Field) -> Field:
    """Paint brows, lids, whites and irises; ``side`` is |x|."""
    out = (side - person.eye_distance) / person.eye_width
    brow_y = -person.brow_height + person.brow_arch * np.clip(out, 0, None) ** 2 * 0.5
    taper = np.clip(1 - (np.abs(out + 0.05) / 1.5) ** 4, 0, 1)
    brow = _step((0.5 * person.brow_thickness * taper - np.abs(y - brow_y)) / 0.03) * (taper > 0)
    albedo = albedo + (0.7 * person.hair + 0.06 - albedo) * 0.85 * brow
    opening = person.eye_height * np.clip(1 - out**2, 0, 1)
    white = _step((opening - np.abs(y)) / 0.012 - 1)  # − 1: no white where the eye is closed
    albedo = albedo + (0.8 - albedo) * white
    radius = np.sqrt((side - person.eye_distance) ** 2 + (y + 0.01) ** 2)
    albedo = albedo + (0.12 - albedo) * white * _step((0.078 - radius) / 0.012)
    lid = np.exp(-0.5 * ((y + opening) / 0.018) ** 2) * _step((1.1 - np.abs(out)) / 0.15)
    return albedo * (1 - 0.75 * lid)


def _skin_texture(person: Person, x: Field, y: Field) -> Field:
    """Compute the skin's pattern around 1 as a sum of random waves, so that every grid samples the same skin."""
    generator = np.random.default_rng(person.texture_seed)
    texture = np.ones(np.broadcast_shapes(x.shape, y.shape))
    for _ in range(24):
        wave_x, wave_y = generator.normal(0, 9, size=2)
        texture = texture + 0.012 * np.cos(wave_x * x + wave_y * y + generator.uniform(0, 2 * np.pi))
    return texture
