"""Garments: ten kinds of clothing as shaded polygons, the built-in stand-in for Fashion-MNIST.

All classes share the grey level of the cloth and the width. Most of the variation is class-exclusive, for example
sleeve and neck of the T-shirt, flare of the trouser, skirt of the dress and heel of the sandal.

Source: not in the paper, which finds few shared factors in Fashion-MNIST; this set has two by construction.
"""

from collections.abc import Callable

import numpy as np

from nvae.data.builtin.canvas import SIZE, Array, depth, ellipse, fill, mirrored, points, spline, stroke, unit
from nvae.data.builtin.drawn import DrawnClass, DrawnSet, Factors, Ranges, draw_set

KIND = "idx"
"""The kind of data set under ``data`` in params.yaml."""

SHARED: Ranges = {
    "grey_level": (0.58, 0.92),  # grey level of the cloth, where 1 is white
    "width": (0.88, 1.06),  # horizontal scale
}
"""Shared factors and their ranges."""

_CENTRE = SIZE / 2
_SEAM = 0.62  # brightness of a seam relative to the cloth


class _Cloth:
    """A batch of images in progress: layers of cloth and seams on a black ground, each on top of the earlier ones."""

    def __init__(self, factors: Factors) -> None:
        self._grey = factors["grey_level"].astype(np.float32)[:, None, None]
        self._width = factors["width"].astype(np.float32)[:, None]
        self.images = np.zeros((len(self._grey), SIZE, SIZE), dtype=np.float32)

    def panel(self, polygon: Array, brightness: object = 1.0) -> None:
        """Add a filled polygon (n or 1, k, 2), whose grey level is multiplied by ``brightness``, a number or (n,)."""
        inside = depth(self._widened(polygon))
        # The cloth gets darker over the last three pixels before its outline, where it curves away from the camera.
        relief = np.float32(0.78) + np.float32(0.22) * unit(inside / 3)
        self._lay(unit(inside + 0.5), relief * _column(brightness))

    def line(self, polyline: Array, width: object = 1.0, brightness: object = _SEAM) -> None:
        """Add a stroke (n or 1, k, 2) of ``width`` pixels, a number or (n,)."""
        self._lay(stroke(self._widened(polyline), width), _column(brightness))

    def pattern(self, mask: Array, brightness: object) -> None:
        """Multiply the existing cloth by ``brightness`` where ``mask`` (n or 1, 28, 28) is 1."""
        self.images *= 1 + mask * (_column(brightness) - 1)

    def hole(self, polygon: Array) -> None:
        """Remove a polygon, down to the black ground."""
        self._lay(fill(self._widened(polygon)), np.float32(0))

    def _widened(self, line: Array) -> Array:
        x = (line[..., 0] - _CENTRE) * self._width + _CENTRE
        return np.stack([x, np.broadcast_to(line[..., 1], x.shape)], axis=-1)

    def _lay(self, coverage: Array, brightness: Array | np.float32) -> None:
        self.images += coverage * (unit(self._grey * brightness) - self.images)


def _column(values: object) -> Array:
    return np.atleast_1d(np.asarray(values, dtype=np.float32))[:, None, None]


def _sewn(sew: Callable[[_Cloth, Factors], None]) -> Callable[[Factors], Array]:
    """Convert a function that adds the parts of a garment to a renderer."""

    def render(factors: Factors) -> Array:
        cloth = _Cloth(factors)
        sew(cloth, factors)
        return cloth.images

    return render


def _right(*pairs: tuple[object, object]) -> Array:
    """Stack points whose x is the distance to the right of the centre line."""
    return points(*pairs) + np.array([_CENTRE, 0], dtype=np.float32)


def _neckline(half_width: float, top: float, drop: object) -> Array:
    """Build a scooped neckline of depth ``drop`` pixels as a closed polygon."""
    depth_px = np.atleast_1d(np.asarray(drop, dtype=np.float64))
    scoop = _right((0, top + depth_px), (0.5 * half_width, top + 0.82 * depth_px), (half_width, top))
    above = np.broadcast_to(_right((half_width, 0), (0, 0)), (len(scoop), 2, 2))
    return mirrored(np.concatenate([scoop, above], axis=1))


def _long_sleeves(cloth: _Cloth, shoulder: float, top: float, wrist_x: float, wrist_y: float) -> None:
    """Add two long sleeves beside the body, a little darker than the body."""
    for side in (1, -1):
        sleeve = _right(
            (side * (shoulder - 2.2), top),
            (side * shoulder, top + 1.4),
            (side * (wrist_x + 1.2), wrist_y),
            (side * (wrist_x - 1.9), wrist_y + 0.5),
            (side * (shoulder - 3.2), top + 9),
        )
        cloth.panel(sleeve, 0.88)


def _tshirt(cloth: _Cloth, factors: Factors) -> None:
    length = factors["tshirt_sleeve"]
    body = _right((0, 3.2), (3.4, 3.0), (7.2, 4.6), (6.6, 10), (6.4, 18), (6.9, 25.6), (0, 26))
    for side in (1, -1):
        sleeve = _right(
            (side * 5.2, 3.6),
            (side * 7.4, 4.8),
            (side * (8.2 + 0.42 * length), 5.6 + length),
            (side * (5.2 + 0.36 * length), 7.2 + 0.98 * length),
            (side * 5.4, 8.2),
        )
        cloth.panel(sleeve, 0.9)
    cloth.panel(mirrored(body))
    cloth.hole(_neckline(3.5, 3.0, factors["tshirt_neck"]))


def _trouser(cloth: _Cloth, factors: Factors) -> None:
    hem, spread = factors["trouser_flare"], factors["trouser_stance"]
    for side in (1, -1):
        inner, outer = spread - 0.4 * hem, spread + 0.6 * hem
        leg = _right(
            (side * -0.2, 2),
            (side * 4.4, 2),
            (side * 5.0, 8),
            (side * (4.0 + 0.4 * (outer - 4)), 16),
            (side * outer, 26.2),
            (side * np.maximum(inner, 0.1), 26.2),
            (side * 0.25, 10.5),
        )
        cloth.panel(leg)
    cloth.line(_right((-4.2, 3.6), (4.2, 3.6)))
    cloth.line(_right((0, 4), (0, 9.5)), 0.8)


def _pullover(cloth: _Cloth, factors: Factors) -> None:
    _long_sleeves(cloth, 8.0, 3.6, 9.4, 22.5)
    cloth.panel(mirrored(_right((0, 3.4), (3.0, 3.2), (6.6, 4.2), (6.2, 12), (6.3, 24.8), (0, 25))))
    collar = factors["pullover_collar"]
    cloth.panel(mirrored(_right((0, 3.8 - collar), (2.4, 3.8 - collar), (3.1, 4.2), (0, 5.4))), 0.8)
    rows = np.arange(SIZE, dtype=np.float32)[None, :, None] + np.float32(0.5)
    half = _column(factors["pullover_band"]) / 2
    cloth.pattern(np.clip(half + 0.5 - np.abs(rows - 13.5), 0, np.minimum(2 * half, 1)), 0.3)
    cloth.line(_right((-6.0, 23.2), (6.0, 23.2)), 0.8)


def _dress(cloth: _Cloth, factors: Factors) -> None:
    waist, flare = factors["dress_waist"], factors["dress_flare"]
    bodice = _right((0, 4.2), (1.9, 1.2), (3.4, 1.2), (4.3, 6.6), (3.3, waist), (0, waist))
    bend = 26.4 - 0.55 * (26.4 - waist)
    skirt = _right((0, waist - 0.4), (3.3, waist - 0.4), (3.3 + 0.42 * (flare - 3.3), bend), (flare, 26.0), (0, 26.6))
    cloth.panel(mirrored(skirt))
    cloth.panel(mirrored(bodice), 0.5)
    cloth.line(_right((-3.0, waist), (3.0, waist)), 1.2, 0.5)
    for share in (-0.45, 0.45):
        cloth.line(_right((share * 2.6, waist + 2), (share * flare, 25.4)), 0.6, 0.75)


def _coat(cloth: _Cloth, factors: Factors) -> None:
    hem, lapel = factors["coat_length"], factors["coat_lapel"]
    _long_sleeves(cloth, 8.2, 2.8, 9.2, 19.5)
    cloth.panel(mirrored(_right((0, 2.2), (3.2, 2.0), (7.0, 3.6), (6.4, 12), (7.2, hem), (0, hem))))
    cloth.hole(mirrored(_right((0, 2 + lapel), (2.6, 1.8), (0, 1.8))))
    for side in (1, -1):
        cloth.panel(_right((side * 2.3, 1.6), (side * 4.6, 4.4), (side * 0.2, 3 + lapel)), 0.4)
        cloth.line(_right((side * 2.6, 15.6), (side * 5.0, 15.0)), 0.9)
    cloth.line(_right((0, 2.6 + lapel), (0, hem - 0.3)), 1.0, 0.45)


def _sandal(cloth: _Cloth, factors: Factors) -> None:
    heel, strap = factors["sandal_heel"], factors["sandal_strap"]
    back = 23.4 - heel
    middle = 23.4 - 0.45 * heel
    sole = spline(points((2.0, 23.6), (8.0, 23.4), (14.5, middle), (20.5, back + 0.2), (25.4, back)), steps=4)
    cloth.line(sole, 1.9, 0.95)
    cloth.panel(points((22.6, back), (25.8, back), (25.2, 24.6), (23.4 - 0.1 * heel, 24.6)), 0.85)
    cloth.line(spline(points((4.6, 22.8), (7.2, 19.6 - 0.1 * heel), (11.0, 22.6 - 0.15 * heel)), steps=4), 1.6)
    top = back - 2 - strap
    cloth.line(points((25.2, back), (24.6, top)), 1.1, 0.9)
    cloth.line(points((24.6, top), (19.4, top + 1.2), (13.6, middle - 0.8)), 1.1, 0.9)


def _shirt(cloth: _Cloth, factors: Factors) -> None:
    opening, check = factors["shirt_opening"], factors["shirt_check"]
    _long_sleeves(cloth, 7.8, 3.4, 8.8, 21.5)
    cloth.panel(mirrored(_right((0, 3.0), (2.8, 2.8), (6.4, 4.2), (5.8, 12), (6.2, 22.6), (3.2, 25.6), (0, 25.2))))
    x = np.arange(SIZE, dtype=np.float32)[None, None, :]
    y = np.arange(SIZE, dtype=np.float32)[None, :, None]
    cloth.pattern(0.5 * (x % 4 < 2) + 0.5 * (y % 4 < 2), 1 - check)
    cloth.hole(mirrored(_right((0, 2.8 + opening), (3.6, 2.6), (0, 2.6))))
    for side in (1, -1):
        cloth.panel(_right((side * 0.4, 3.6), (side * 2.8, 2.2), (side * 4.6, 4.0), (side * 2.2, 6.4)), 1.15)
    cloth.line(_right((0, 3.2 + opening), (0, 25)), 0.9)


def _sneaker(cloth: _Cloth, factors: Factors) -> None:
    sole, stripes = factors["sneaker_sole"], factors["sneaker_stripes"]
    ground, base = 22.4, 22.4 - sole
    upper = spline(
        points((1.8, base + 0.4), (2.2, base - 2.0), (6.5, base - 3.4), (12.0, base - 6.4), (15.0, base - 7.6)), steps=3
    )
    heel = points((18.0, base - 5.4), (22.0, base - 5.6), (25.6, base - 6.8), (25.9, base + 0.4))
    cloth.panel(np.concatenate([upper, np.broadcast_to(heel, (len(upper), *heel.shape[1:]))], axis=1))
    for start in (14.2, 17.0, 19.8):
        cloth.line(points((start, base - 4.6), (start - 2.4, base - 0.8)), 1.7, 1 - stripes)
    cloth.line(points((7.6, base - 3.4), (13.6, base - 6.4)), 0.9)
    cloth.panel(points((1.4, base), (26.4, base), (26.2, ground), (2.2, ground)), 1.25)


def _bag(cloth: _Cloth, factors: Factors) -> None:
    handle, flap = factors["bag_handle"], factors["bag_flap"]
    top = 13.0
    cloth.line(ellipse(_CENTRE, top, 5.2, handle), 1.3, 0.8)
    cloth.panel(mirrored(_right((0, top), (9.2, top), (10.2, 24.6), (9.6, 25.4), (0, 25.4))))
    fold = top - 0.2  # the flap covers the bag's upper edge
    lid = _right((0, fold), (9.4, fold), (9.7, top + 0.6 * flap), (5.0, top + flap), (0, top + flap))
    cloth.panel(mirrored(lid), 0.45)
    cloth.line(_right((-0.5, top + flap - 0.4), (0.5, top + flap - 0.4)), 1.4, 1.3)


def _boot(cloth: _Cloth, factors: Factors) -> None:
    top, cuff = 13.5 - factors["boot_shaft"], factors["boot_cuff"]
    toe = spline(points((2.6, 23.2), (3.0, 19.4), (7.0, 17.4), (12.2, 16.0), (14.0, 13.5)), steps=3)
    shaft = points((13.8, top), (24.4, top), (24.0, 16), (25.0, 23.2))
    cloth.panel(np.concatenate([np.broadcast_to(toe, (len(shaft), *toe.shape[1:])), shaft], axis=1))
    cloth.panel(points((2.0, 23.0), (25.6, 23.0), (25.6, 25.8), (19.4, 25.8), (18.6, 24.4), (2.2, 24.4)), 0.6)
    cloth.line(points((13.6, 17.4), (16.4, 20.0), (16.6, 22.6)), 0.9)
    cloth.panel(points((13.2, top - 0.4), (25.0, top - 0.4), (24.9, top + cuff), (13.2, top + cuff)), 0.45)


CLASSES = (
    DrawnClass("t-shirt", {"tshirt_sleeve": (0.0, 10.0), "tshirt_neck": (1.0, 10.0)}, _sewn(_tshirt)),
    DrawnClass("trouser", {"trouser_flare": (1.6, 6.4), "trouser_stance": (2.4, 6.4)}, _sewn(_trouser)),
    DrawnClass("pullover", {"pullover_collar": (0.0, 3.6), "pullover_band": (0.0, 11.0)}, _sewn(_pullover)),
    DrawnClass("dress", {"dress_flare": (3.0, 9.6), "dress_waist": (8.0, 16.0)}, _sewn(_dress)),
    DrawnClass("coat", {"coat_length": (18.0, 27.0), "coat_lapel": (1.0, 13.0)}, _sewn(_coat)),
    DrawnClass("sandal", {"sandal_heel": (0.5, 9.5), "sandal_strap": (0.0, 7.5)}, _sewn(_sandal)),
    DrawnClass("shirt", {"shirt_opening": (0.5, 12.0), "shirt_check": (0.0, 1.0)}, _sewn(_shirt)),
    DrawnClass("sneaker", {"sneaker_sole": (0.8, 5.0), "sneaker_stripes": (0.0, 1.0)}, _sewn(_sneaker)),
    DrawnClass("bag", {"bag_handle": (1.5, 11.0), "bag_flap": (1.0, 9.5)}, _sewn(_bag)),
    DrawnClass("ankle boot", {"boot_shaft": (0.0, 11.0), "boot_cuff": (0.5, 6.0)}, _sewn(_boot)),
)
"""The garments in the order of their labels. Lengths are in pixels; check and stripes are contrasts from 0 to 1."""


def draw(n_train: int, n_test: int, *, seed: int) -> DrawnSet:
    """Draw the garments.

    Args:
        n_train: Number of training images.
        n_test: Number of test images.
        seed: Base seed; the same seed gives the same images.

    Returns:
        28 × 28 images, grey on black, in ten balanced classes, with their factors.
    """
    return draw_set("garments", SHARED, CLASSES, n_train=n_train, n_test=n_test, seed=seed)
