"""How well the face detector does on a tree's uncropped ambient frames, judged by the same persons' cropped images.

Only ``nvae prepare --check-detector`` needs it; nothing here enters a prepared set.
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

_HEIGHT, _WIDTH = 48, 42  # at which images are compared, pixels
_SLACK = 6  # how far a match may lie from the box, pixels of that size
_SCALES = (0.87, 1.0, 1.15)  # how much larger or smaller a match may be
_ROOM_ELEVATION = 40  # degrees; images lit from lower differ too much from an ambient frame to be compared
_RIM = 3  # pixels left out at a template's edge: the filters see beyond it otherwise
_DARK = 64  # grey level that counts as white in an ambient frame, which is brighter only outside the face


def detector_report(tree: ImageTree) -> pd.DataFrame:
    """Run the detector on each uncropped ambient frame and compare what it finds with the person's cropped images.

    A box counts as right if the person's cropped images match better there than in every box of the same size
    that is whole steps away in the same frame.

    Args:
        tree: from ``open_image_tree``, with ambient 640×480 frames.

    Returns:
        One row a frame: person, found, right, votes, left, top, width, height (of the crop, pixels), score and
        elsewhere (best correlation, −1 to 1, at the box and away from it); NaN where no face was found.
    """
    names = tree.names()
    lit: dict[str, list[Grey]] = {}
    frames = {person: read_pgm(tree.read(name), name) for person, name in ambient_images(names).items()}
    frames = {person: frame for person, frame in frames.items() if frame.shape == UNCROPPED}
    for image in usable_images(names):
        # The room's light, too, comes from above.
        if image.person in frames and image.elevation_deg >= _ROOM_ELEVATION and image.angle_deg <= 90:
            face = read_pgm(tree.read(image.name), image.name)
            if face.shape == CROPPED:
                lit.setdefault(image.person, []).append(face)
    return pd.DataFrame([_row(person, frame, lit.get(person, [])) for person, frame in frames.items()])


def templates(faces: list[Grey]) -> list[Contrast]:
    """What ``match_score`` looks for: each face at each scale, as local contrast.

    Args:
        faces: (192, 168) uint8 each, one person under several lights.

    Returns:
        Images of about 48×42 pixels less their rim.
    """
    found = []
    for face in faces:
        for scale in _SCALES:
            small = cut(face, whole_frame(CROPPED), height=round(_HEIGHT * scale), width=round(_WIDTH * scale))
            found.append(_local_contrast(small / 255, floor=0.05)[_RIM:-_RIM, _RIM:-_RIM])
    return found


def match_score(frame: Grey, box: Box, wanted: list[Contrast]) -> float:
    """The best normalised cross-correlation of some template with the frame at ``box``, give or take a little.

    Args:
        frame: (height, width) uint8, dark.
        box: the crop to judge.
        wanted: from ``templates``.

    Returns:
        −1 to 1.
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
    """The boxes of the same size at whole steps from ``box`` that lie in a frame of ``shape``."""
    steps = range(-4, 5)
    moved = [
        Box(box.left + across * box.width, box.top + down * box.height, box.width, box.height)
        for across in steps
        for down in steps
        if (across, down) != (0, 0)
    ]
    return [other for other in moved if other.lies_in((shape[0], shape[1]))]


def _surroundings(frame: Grey, box: Box) -> npt.NDArray[np.float64]:
    """The box and ``_SLACK`` pixels around it, scaled so that the box is ``_WIDTH`` pixels wide."""
    pad = frame.shape[0] // 2
    wide = np.pad(np.minimum(frame, _DARK), pad, mode="edge")
    across, down = _SLACK * box.width / _WIDTH, _SLACK * box.height / _HEIGHT
    outer = Box(box.left + pad - across, box.top + pad - down, box.width + 2 * across, box.height + 2 * down)
    # The grey levels of a dark face are few; stretched before scaling, their means keep the parts between.
    stretched = (wide * (255 // _DARK)).astype(np.uint8)
    return cut(stretched, outer, height=_HEIGHT + 2 * _SLACK, width=_WIDTH + 2 * _SLACK) / (255 // _DARK)


def _local_contrast(image: npt.NDArray[np.float64], *, floor: float) -> Contrast:
    """Log brightness less its local mean, in local standard deviations: features stay, the light goes."""
    log = _smooth(np.log(image + floor), 1)
    detail = log - _smooth(log, 5)
    # The constant keeps flat parts, where there is only noise, from being blown up.
    return detail / np.sqrt(_smooth(detail**2, 5) + 0.02**2)


def _smooth(image: npt.NDArray[np.float64], sigma: float) -> Contrast:
    smoothed: Contrast = gaussian_filter(image, sigma=sigma, mode="nearest")
    return smoothed
