"""Lambertian shading of a height field under one distant light, with attached and cast shadows.

Light angles are Extended Yale B's: azimuth is positive when the light stands to the subject's right,
which is the image's left; elevation is positive above the camera's axis.
"""

import numpy as np

from nvae.data.builtin.head import Field, Surface

_REACH = 0.9  # face units that a shadow is long at most
_SOFT = 0.03  # face units
_BOUNCE = 0.02  # light that comes back from the room; no shadow is quite black
_OUTSIDE = 100.0  # depth of the ground beside the head, too low to cast a shadow


def light_direction(azimuth: float, elevation: float) -> tuple[float, float, float]:
    """Unit vector from the face to the light, in face coordinates (right, down, towards the camera).

    Args:
        azimuth: degrees.
        elevation: degrees.

    >>> [round(part, 3) for part in light_direction(30, 45)]
    [-0.354, -0.707, 0.612]
    """
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    return float(-np.sin(a) * np.cos(e)), float(-np.sin(e)), float(np.cos(a) * np.cos(e))


def normals(surface: Surface) -> tuple[Field, Field, Field]:
    """Unit normals (right, down, towards the camera), each (rows, columns); undefined outside the head."""
    height = np.where(np.isfinite(surface.height), surface.height, 0.0)
    slope_y, slope_x = np.gradient(height, surface.spacing)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    return -slope_x / length, -slope_y / length, 1 / length


def shade(surface: Surface, facing: tuple[Field, Field, Field], light: tuple[float, float, float]) -> Field:
    """Brightness under one light: albedo times the cosine of incidence, almost zero in shadow.

    Args:
        surface: the head; numbers of rows and columns are even.
        facing: its normals, from :func:`normals`.
        light: unit vector to the light, from :func:`light_direction`.

    Returns:
        (rows, columns) in [0, 1].
    """
    cosine = facing[0] * light[0] + facing[1] * light[1] + facing[2] * light[2]
    # Half the resolution is a quarter of the work, and makes the shadows' edges soft.
    coarse = np.where(np.isfinite(surface.height[::2, ::2]), surface.height[::2, ::2], -_OUTSIDE)
    lit = _doubled(_lit(coarse, 2 * surface.spacing, light))
    return surface.albedo * (_BOUNCE + (1 - _BOUNCE) * np.clip(cosine, 0, 1) * lit)


def _lit(height: Field, spacing: float, light: tuple[float, float, float]) -> Field:
    """Share of the light that nothing on its way holds back, (rows, columns) in [0, 1].

    The ray from each point to the light is followed over the grid. What stands ``_SOFT`` above the ray
    casts a full shadow; what stands less than that casts a part of one.
    """
    lit = np.ones_like(height)
    sideways = float(np.hypot(light[0], light[1]))
    if sideways < 0.05:  # the light stands behind the camera: nothing casts a visible shadow
        return lit
    clearance = np.full_like(height, np.inf)
    for step in range(1, int(_REACH / spacing) + 1):
        right, down = (round(step * part / sideways) for part in light[:2])
        climbed = float(np.hypot(right, down)) * spacing * light[2] / sideways
        here, there = _overlap(height.shape, down, right)
        np.minimum(clearance[here], height[here] + climbed - height[there], out=clearance[here])
    return np.clip(1 + clearance / _SOFT, 0, 1, out=lit)


def _doubled(coarse: Field) -> Field:
    """Twice as many rows and columns, each new sample the mean of its nearest old ones."""
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)
    fine[1:-1] = (fine[:-2] + 2 * fine[1:-1] + fine[2:]) / 4
    fine[:, 1:-1] = (fine[:, :-2] + 2 * fine[:, 1:-1] + fine[:, 2:]) / 4
    return fine


def _overlap(shape: tuple[int, ...], down: int, right: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Slices of a grid and of the same grid moved by (down, right) samples, where both exist."""
    rows, columns = shape
    here = slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), columns - max(0, right))
    there = slice(max(0, down), rows - max(0, -down)), slice(max(0, right), columns - max(0, -right))
    return here, there
