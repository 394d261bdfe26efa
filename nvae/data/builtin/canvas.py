"""Drawing of anti-aliased strokes and polygons, for a whole batch of images at once.

Every shape is a distance field: the coverage of a pixel is a function of the distance of its centre to the outline, so
that an image changes smoothly with the points of a shape. Points are (x, y) in pixels, x to the right and y downwards;
the centre of the top left pixel is (0.5, 0.5).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SIZE = 28
_TINY = np.float32(1e-9)  # avoids a division by zero for a segment of length zero


def points(*pairs: tuple[object, object]) -> Array:
    """Stack coordinate pairs into a batch of polylines.

    Args:
        pairs: Pairs (x, y) in pixels; each coordinate is a number or an array (n,).

    Returns:
        Polylines, (n, len(pairs), 2) float32; n is 1 if all coordinates are numbers.

    >>> points((0, 1), (np.array([2.0, 3.0]), 4)).shape
    (2, 2, 2)
    """
    flat = [np.atleast_1d(np.asarray(value, dtype=np.float32)) for pair in pairs for value in pair]
    return np.stack(np.broadcast_arrays(*flat), axis=-1).reshape(-1, len(pairs), 2)


def mix(first: Array, second: Array, share: NDArray[np.float64]) -> Array:
    """Blend two polylines point by point: ``first`` where ``share`` is 0, ``second`` where it is 1.

    Args:
        first: First polyline, (n or 1, k, 2).
        second: Second polyline, (n or 1, k, 2).
        share: Weight of ``second``, (n,).

    Returns:
        Blended polylines, (n, k, 2) float32.
    """
    weight = np.asarray(share, dtype=np.float32)[:, None, None]
    return first * (1 - weight) + second * weight


def spline(knots: Array, steps: int = 6) -> Array:
    """Compute a smooth open curve through all knots (Catmull-Rom), as a polyline.

    Args:
        knots: Knots in pixels, (n, k, 2), k ≥ 2.
        steps: Number of segments between two knots.

    Returns:
        Polylines, (n, (k − 1)·steps + 1, 2) float32.
    """
    before, after = 2 * knots[:, :1] - knots[:, 1:2], 2 * knots[:, -1:] - knots[:, -2:-1]
    padded = np.concatenate([before, knots, after], axis=1)
    p0, p1, p2, p3 = (padded[:, i : i + knots.shape[1] - 1, None] for i in range(4))
    t = (np.arange(steps, dtype=np.float32) / np.float32(steps))[:, None]
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * (p1 - p2) + p3 - p0) * t**3)
    return np.concatenate([curve.reshape(len(knots), -1, 2), knots[:, -1:]], axis=1)


def ellipse(x: object, y: object, radius_x: object, radius_y: object, steps: int = 24) -> Array:
    """Compute a closed ellipse as a polyline whose last point is its first.

    Args:
        x: Horizontal coordinate of the centre in pixels, a number or (n,).
        y: Vertical coordinate of the centre in pixels, a number or (n,).
        radius_x: Horizontal half axis in pixels, a number or (n,).
        radius_y: Vertical half axis in pixels, a number or (n,).
        steps: Number of segments.

    Returns:
        Polylines, (n, steps + 1, 2) float32.
    """
    angle = np.linspace(0, 2 * np.pi, steps + 1)
    cx, cy, rx, ry = (np.atleast_1d(np.asarray(v, dtype=np.float64))[:, None] for v in (x, y, radius_x, radius_y))
    sides = np.broadcast_arrays(cx + rx * np.cos(angle), cy + ry * np.sin(angle))
    return np.stack(sides, axis=-1).astype(np.float32)


def mirrored(half: Array, axis: float = SIZE / 2) -> Array:
    """Close a half outline to the right of a vertical axis by its mirror image.

    Args:
        half: Half outline, (n, k, 2), from its upper end on the axis to its lower end.
        axis: Horizontal coordinate of the axis in pixels.

    Returns:
        Polygons, (n, 2k, 2).
    """
    other = half[:, ::-1].copy()
    other[..., 0] = 2 * axis - other[..., 0]
    return np.concatenate([half, other], axis=1)


def stroke(line: Array, width: object) -> Array:
    """Compute the coverage of a stroke with round ends.

    Args:
        line: Polylines in pixels, (n, k, 2).
        width: Full width in pixels, a number or (n,).

    Returns:
        Coverage in [0, 1], (n, 28, 28) float32.
    """
    half = np.atleast_1d(np.asarray(width, dtype=np.float32))[:, None, None] / 2
    return unit(half + np.float32(0.5) - np.sqrt(_squared_distance(line)))


def depth(polygon: Array) -> Array:
    """Compute the signed distance to the outline of a filled polygon (even-odd rule), positive inside.

    Args:
        polygon: Polygons in pixels, (n, k, 2); the last point need not repeat the first.

    Returns:
        Distances in pixels, (n, 28, 28) float32.
    """
    closed = np.concatenate([polygon, polygon[:, :1]], axis=1)
    distance = np.sqrt(_squared_distance(closed))
    return np.where(_inside(closed), distance, -distance)


def fill(polygon: Array) -> Array:
    """Compute the coverage of a filled polygon (even-odd rule).

    Args:
        polygon: Polygons in pixels, (n, k, 2).

    Returns:
        Coverage in [0, 1], (n, 28, 28) float32.
    """
    return unit(depth(polygon) + np.float32(0.5))


def unit(values: NDArray[np.floating[Any]]) -> Array:
    """Clip values to [0, 1] and convert them to float32."""
    clipped: Array = np.clip(values, 0, 1).astype(np.float32, copy=False)
    return clipped


def _grid() -> tuple[Array, Array]:
    centre = np.arange(SIZE, dtype=np.float32) + np.float32(0.5)
    return centre[None, None, :], centre[None, :, None]


def _squared_distance(line: Array) -> Array:
    """Compute the squared distance of each pixel's centre to the nearest segment: (n, 28, 28)."""
    x, y = _grid()
    nearest = np.full((len(line), SIZE, SIZE), np.inf, dtype=np.float32)
    # One segment at a time: an array (n, segments, 28, 28) exceeds the cache and, for a large batch, the memory.
    for start, end in zip(np.moveaxis(line[:, :-1], 1, 0), np.moveaxis(line[:, 1:], 1, 0), strict=True):
        ax, ay = start[:, 0, None, None], start[:, 1, None, None]
        dx, dy = end[:, 0, None, None] - ax, end[:, 1, None, None] - ay
        along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + _TINY)
        np.clip(along, 0, 1, out=along)
        gap_x, gap_y = x - ax - along * dx, y - ay - along * dy
        np.minimum(nearest, gap_x * gap_x + gap_y * gap_y, out=nearest)
    return nearest


def _inside(closed: Array) -> NDArray[np.bool_]:
    """Determine which pixel centres lie inside, by counting the edges that a ray to the right crosses: (n, 28, 28)."""
    x, y = _grid()
    odd = np.zeros((len(closed), SIZE, SIZE), dtype=np.bool_)
    for start, end in zip(np.moveaxis(closed[:, :-1], 1, 0), np.moveaxis(closed[:, 1:], 1, 0), strict=True):
        ax, ay = start[:, 0, None, None], start[:, 1, None, None]
        bx, by = end[:, 0, None, None], end[:, 1, None, None]
        spans = (ay > y) != (by > y)
        height = np.where(by == ay, _TINY, by - ay)
        odd ^= spans & (x < ax + (y - ay) / height * (bx - ax))
    return odd
