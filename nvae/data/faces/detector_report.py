"""Evaluation of the face detector on a tree's uncropped ambient frames, against the same persons' cropped images.

Only ``nvae prepare --check-detector`` uses this module; it has no influence on a prepared set.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import gaussian_filter
from skimage.feature import match_template

from nvae.data.archives import ImageTree
from nvae.data.faces.crop import CROPPED, UNCROPPED, Box, cut, whole_frame
from nvae.data.faces.detection import find_face
from nvae.data.faces.yale_b import ambient_images, usable_images
from nvae.data.pgm import read_pgm

Grey = npt.NDArray[np.uint8]
Contrast = npt.NDArray[np.float64]

_HEIGHT, _WIDTH = 48, 42  # size at which images are compared, in pixels
_SLACK = 6  # maximal distance of a match from the box, in pixels at that size
_SCALES = (0.87, 1.0, 1.15)  # scales of a match relative to the box
_ROOM_ELEVATION = 40  # degrees; images lit from a lower angle differ too much from an ambient frame
_RIM = 3  # pixels cut off at a template's edge, where the filters reach beyond the image
_DARK = 64  # grey level taken as white in an ambient frame, where only the surroundings of the face are brighter


def detector_report(tree: ImageTree) -> pd.DataFrame:
    """Run the detector on each uncropped ambient frame and compare its result with the person's cropped images.

    A box counts as right if the person's cropped images match better there than in all other boxes of the same frame
    that are shifted by multiples of the box's width and height.

    Args:
        tree: Tree with ambient 640×480 frames, from ``open_image_tree``.

    Returns:
        One row per frame: person, found, right, votes, left, top, width, height (of the crop, in pixels), score and
        elsewhere (best correlation, −1 to 1, at the box and away from it); NaN where no face was found.
    """
    names = tree.names()
    lit: dict[str, list[Grey]] = {}
    frames = {person: read_pgm(tree.read(name), name) for person, name in ambient_images(names).items()}
    frames = {person: frame for person, frame in frames.items() if frame.shape == UNCROPPED}
    for image in usable_images(names):
        # The light of the room comes from above, too.
        if image.person in frames and image.elevation_deg >= _ROOM_ELEVATION and image.angle_deg <= 90:
            face = read_pgm(tree.read(image.name), image.name)
            if face.shape == CROPPED:
                lit.setdefault(image.person, []).append(face)
    return pd.DataFrame([_row(person, frame, lit.get(person, [])) for person, frame in frames.items()])


def templates(faces: list[Grey]) -> list[Contrast]:
    """Compute the templates of ``match_score``: each face at each scale, as local contrast.

    Args:
        faces: Images of one person under several lights, (192, 168) uint8 each.

    Returns:
        Images of about 48×42 pixels without their rim.
    """
    found = []
    for face in faces:
        for scale in _SCALES:
            small = cut(face, whole_frame(CROPPED), height=round(_HEIGHT * scale), width=round(_WIDTH * scale))
            found.append(_local_contrast(small / 255, floor=0.05)[_RIM:-_RIM, _RIM:-_RIM])
    return found


def match_score(frame: Grey, box: Box, wanted: list[Contrast]) -> float:
    """Compute the best normalised cross-correlation of any template with the frame in the vicinity of ``box``.

    Args:
        frame: Grey levels of a dark frame, (height, width) uint8.
        box: Crop to evaluate.
        wanted: Local contrasts from ``templates``.

    Returns:
        The correlation, −1 to 1.
    """
    patch = _local_contrast(_surroundings(frame, box) / _DARK, floor=0.01)
    return max(float(match_template(patch, template).max()) for template in wanted)  # type: ignore[no-untyped-call]


def _row(person: str, frame: Grey, faces: list[Grey]) -> dict[str, object]:
    found = find_face(frame)
    if found is None or not faces:
        return {"person": person, "found": found is not None, "right": False, "votes": found.votes if found else 0}
    box, wanted = found.crop, templates(faces)
    score = match_score(frame, box, wanted)
    elsewhere = max(match_score(frame, other, wanted) for other in _others(box, frame.shape))
    return {
        "person": person,
        "found": True,
        "right": score > elsewhere,
        "votes": found.votes,
        "left": box.left,
        "top": box.top,
        "width": box.width,
        "height": box.height,
        "score": score,
        "elsewhere": elsewhere,
    }


def _others(box: Box, shape: tuple[int, ...]) -> list[Box]:
    """Return the boxes in a frame of ``shape`` that are shifted from ``box`` by multiples of its width and height."""
    steps = range(-4, 5)
    moved = [
        Box(box.left + across * box.width, box.top + down * box.height, box.width, box.height)
        for across in steps
        for down in steps
        if (across, down) != (0, 0)
    ]
    return [other for other in moved if other.lies_in((shape[0], shape[1]))]


def _surroundings(frame: Grey, box: Box) -> npt.NDArray[np.float64]:
    """Return the box with ``_SLACK`` pixels around it, scaled so that the box is ``_WIDTH`` pixels wide."""
    pad = frame.shape[0] // 2
    wide = np.pad(np.minimum(frame, _DARK), pad, mode="edge")
    across, down = _SLACK * box.width / _WIDTH, _SLACK * box.height / _HEIGHT
    outer = Box(box.left + pad - across, box.top + pad - down, box.width + 2 * across, box.height + 2 * down)
    # A dark face has few grey levels; stretching them before scaling preserves fractions of a level in their means.
    stretched = (wide * (255 // _DARK)).astype(np.uint8)
    return cut(stretched, outer, height=_HEIGHT + 2 * _SLACK, width=_WIDTH + 2 * _SLACK) / (255 // _DARK)


def _local_contrast(image: npt.NDArray[np.float64], *, floor: float) -> Contrast:
    """Standardise the log brightness by its local mean and standard deviation, to remove the effect of the light."""
    log = _smooth(np.log(image + floor), 1)
    detail = log - _smooth(log, 5)
    # The constant prevents the amplification of noise in flat areas.
    return detail / np.sqrt(_smooth(detail**2, 5) + 0.02**2)


def _smooth(image: npt.NDArray[np.float64], sigma: float) -> Contrast:
    smoothed: Contrast = gaussian_filter(image, sigma=sigma, mode="nearest")
    return smoothed
