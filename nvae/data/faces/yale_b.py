"""File names of the Extended Yale B database (person, pose, direction of the light), and the selection of images.

Reference: Georghiades, Belhumeur and Kriegman, "From few to many", PAMI 2001; Lee, Ho and Kriegman, PAMI 2005.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from nvae.errors import UserError

FRONTAL_POSE = 0

_LIT = re.compile(
    r"(?:.*/)?(?P<person>yaleB\d+)_P(?P<pose>\d\d)A(?P<azimuth>[+-]\d{3})E(?P<elevation>[+-]\d\d)\.pgm",
    re.ASCII,
)
_AMBIENT = re.compile(r"(?:.*/)?(?P<person>yaleB\d+)_P(?P<pose>\d\d)_Ambient\.pgm", re.ASCII)


@dataclass(frozen=True)
class LitImage:
    """An image that was taken under one flash.

    Args:
        name: Name of the file in its tree.
        person: Name of the person, such as ``yaleB01``.
        pose: Number of the pose; 0 is frontal.
        azimuth_deg: Azimuth of the light in degrees; positive on the subject's right, which is the left of the image.
        elevation_deg: Elevation of the light in degrees; positive above.
    """

    name: str
    person: str
    pose: int
    azimuth_deg: float
    elevation_deg: float

    @property
    def angle_deg(self) -> float:
        """The angle between the light and the camera's axis in degrees, 0 to 180.

        >>> round(parse_lit("yaleB01_P00A+060E+60.pgm").angle_deg, 2)
        75.52
        """
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        return math.degrees(math.acos(math.cos(azimuth) * math.cos(elevation)))


def parse_lit(name: str) -> LitImage | None:
    """Parse a file name; return None if it is not the name of an image under a flash.

    >>> parse_lit("yaleB01/yaleB01_P00A+035E-20.pgm")
    LitImage(name='yaleB01/yaleB01_P00A+035E-20.pgm', person='yaleB01', pose=0, azimuth_deg=35.0, elevation_deg=-20.0)
    >>> parse_lit("yaleB11/yaleB11_P00A+095E+00.pgm.bad") is None
    True
    """
    found = _LIT.fullmatch(name)
    if found is None or abs(int(found["azimuth"])) > 180 or abs(int(found["elevation"])) > 90:
        return None
    return LitImage(
        name=name,
        person=found["person"],
        pose=int(found["pose"]),
        azimuth_deg=float(found["azimuth"]),
        elevation_deg=float(found["elevation"]),
    )


def usable_images(names: Iterable[str]) -> list[LitImage]:
    """Return the frontal images under a flash, sorted by name.

    Images marked as bad (``.pgm.bad``), ambient images, other files (``.info``, ``.LOG``) and the other poses of the
    uncropped database, which the cropped one does not have, are left out.

    Args:
        names: Names of all files in the tree.

    Raises:
        UserError: If the name of a ``.pgm`` has neither a light direction nor ``Ambient``, if an image is in another
            person's folder, or if two images have the same person, pose and light, since one could be in the training
            set and the other in the test set.
    """
    images: dict[tuple[str, int, float, float], LitImage] = {}
    for name in sorted(names):
        image = parse_lit(name)
        if image is not None:
            _check_place(image)
            view = (image.person, image.pose, image.azimuth_deg, image.elevation_deg)
            if view in images:
                raise UserError(
                    name,
                    got=f"the person, pose and light of {images[view].name}",
                    expected="each once",
                    hint="Move one of them out of the folder.",
                )
            images[view] = image
        elif name.endswith(".pgm") and not _AMBIENT.fullmatch(name):
            raise UserError(
                name,
                got="a name without the direction of the light",
                expected="one like yaleB01_P00A+035E+40.pgm or yaleB01_P00_Ambient.pgm",
                hint="Rename the file, or move it out of the folder.",
            )
    return [image for image in images.values() if image.pose == FRONTAL_POSE]


def _check_place(image: LitImage) -> None:
    folder = PurePosixPath(image.name).parent.name
    if re.fullmatch(r"yaleB\d+", folder) and folder != image.person:
        raise UserError(
            image.name,
            got=f"an image of {image.person}",
            expected=f"one of {folder}, whose folder it is in",
            hint="Move the file to the folder of its person.",
        )


def ambient_images(names: Iterable[str]) -> dict[str, str]:
    """Return a mapping of each person to the name of the frontal frame that was taken without a flash."""
    matches = [found for name in sorted(names) if (found := _AMBIENT.fullmatch(name))]
    return {found["person"]: found.string for found in matches if int(found["pose"]) == FRONTAL_POSE}


def keep_lit(images: Sequence[LitImage], *, max_angle_deg: float, angle: Literal["azimuth", "true"]) -> list[LitImage]:
    """Return the images whose light is less than ``max_angle_deg`` off the camera's axis, in the same order.

    Args:
        images: Images from ``usable_images``.
        max_angle_deg: Upper bound of the angle in degrees, exclusive.
        angle: Angle that is bounded: ``azimuth`` for the absolute azimuth, ``true`` for the angle between the light and
            the camera's axis.

    Source: paper, §V, which does not specify the angle.
    """
    return [
        image for image in images if (abs(image.azimuth_deg) if angle == "azimuth" else image.angle_deg) < max_angle_deg
    ]


def persons_of(images: Iterable[LitImage]) -> list[str]:
    """Return the distinct persons, sorted."""
    return sorted({image.person for image in images})
