"""Lambertian shading of a height field under one distant light, with attached and cast shadows.

Light angles are those of Extended Yale B: the azimuth is positive for a light on the subject's right, which is the left
of the image; the elevation is positive above the camera's axis.
"""

import numpy as np

from nvae.data.builtin.head import Field, Surface

_REACH = 0.9  # maximal length of a shadow in face units
_SOFT = 0.03  # height above a ray, in face units, at which a shadow is complete
_BOUNCE = 0.02  # share of light that the room reflects, so that no shadow is completely black
_OUTSIDE = 100.0  # depth of the ground beside the head, which is too low to cast a shadow


def light_direction(azimuth: float, elevation: float) -> tuple[float, float, float]:
    """Compute the unit vector from the face to the light, in face coordinates (right, down, towards the camera).

    Args:
        azimuth: Azimuth in degrees.
        elevation: Elevation in degrees.

    >>> [round(part, 3) for part in light_direction(30, 45)]
    [-0.354, -0.707, 0.612]
    """
    a, e = np.deg2rad(azimuth), np.deg2rad(elevation)
    return float(-np.sin(a) * np.cos(e)), float(-np.sin(e)), float(np.cos(a) * np.cos(e))


def normals(surface: Surface) -> tuple[Field, Field, Field]:
    """Compute unit normals (right, down, towards the camera), each (rows, columns); undefined outside the head."""
    height = np.where(np.isfinite(surface.height), surface.height, 0.0)
    slope_y, slope_x = np.gradient(height, surface.spacing)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    return -slope_x / length, -slope_y / length, 1 / length


def shade(surface: Surface, facing: tuple[Field, Field, Field], light: tuple[float, float, float]) -> Field:
    """Compute the brightness under one light: albedo times the cosine of incidence, almost zero in shadow.

    Args:
        surface: The head; the numbers of rows and of columns must be even.
        facing: Normals of the head, from :func:`normals`.
        light: Unit vector to the light, from :func:`light_direction`.

    Returns:
        Brightness in [0, 1], (rows, columns).
    """
    cosine = facing[0] * light[0] + facing[1] * light[1] + facing[2] * light[2]
    # Half the resolution takes a quarter of the computation and softens the edges of the shadows.
    coarse = np.where(np.isfinite(surface.height[::2, ::2]), surface.height[::2, ::2], -_OUTSIDE)
    lit = _doubled(_lit(coarse, 2 * surface.spacing, light))
    return surface.albedo * (_BOUNCE + (1 - _BOUNCE) * np.clip(cosine, 0, 1) * lit)


def _lit(height: Field, spacing: float, light: tuple[float, float, float]) -> Field:
    """Compute the unobstructed share of the light in [0, 1], (rows, columns).

    The ray from each point to the light is followed over the grid. A point ``_SOFT`` or more above the ray casts a full
    shadow; a point at a smaller height above it casts a partial shadow.
    """
    lit = np.ones_like(height)
    sideways = float(np.hypot(light[0], light[1]))
    if sideways < 0.05:  # the light is near the camera's axis, so that no shadow is visible
        return lit
    clearance = np.full_like(height, np.inf)
    for step in range(1, int(_REACH / spacing) + 1):
        right, down = (round(step * part / sideways) for part in light[:2])
        climbed = float(np.hypot(right, down)) * spacing * light[2] / sideways
        here, there = _overlap(height.shape, down, right)
        np.minimum(clearance[here], height[here] + climbed - height[there], out=clearance[here])
    return np.clip(1 + clearance / _SOFT, 0, 1, out=lit)


def _doubled(coarse: Field) -> Field:
    """Double the numbers of rows and columns; each new sample is a weighted mean of the nearest old samples."""
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)
    fine[1:-1] = (fine[:-2] + 2 * fine[1:-1] + fine[2:]) / 4
    fine[:, 1:-1] = (fine[:, :-2] + 2 * fine[:, 1:-1] + fine[:, 2:]) / 4
    return fine


def _overlap(shape: tuple[int, ...], down: int, right: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the slices of a grid, and of the grid shifted by (down, right) samples, in which both overlap."""
    rows, columns = shape
    here = slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), columns - max(0, right))
    there = slice(max(0, down), rows - max(0, -down)), slice(max(0, right), columns - max(0, -right))
    return here, there
