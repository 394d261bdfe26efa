"""The Extended Yale B database's file names: person, pose, direction of the light; and which images are kept.

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
    """One image under one flash.

    Args:
        name: the file's name in its tree.
        person: such as ``yaleB01``.
        pose: number of the head's pose; 0 is frontal.
        azimuth_deg: of the light, degrees; positive is on the subject's right, the left of the image.
        elevation_deg: of the light, degrees; positive is above.
    """

    name: str
    person: str
    pose: int
    azimuth_deg: float
    elevation_deg: float

    @property
    def angle_deg(self) -> float:
        """Angle between the light and the camera's axis, degrees, 0 to 180.

        >>> round(parse_lit("yaleB01_P00A+060E+60.pgm").angle_deg, 2)
        75.52
        """
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        return math.degrees(math.acos(math.cos(azimuth) * math.cos(elevation)))


def parse_lit(name: str) -> LitImage | None:
    """Read a file name; None if it isn't that of an image under a flash.

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
    """The frontal images under a flash, sorted by name.

    Left out: images marked bad (``.pgm.bad``), ambient ones, whatever isn't an image (``.info``, ``.LOG``), and
    the other poses of the uncropped database, which the cropped one doesn't have.

    Args:
        names: every file's name in the tree.

    Raises:
        UserError: a ``.pgm`` whose name says neither a light's direction nor ``Ambient``; an image in another person's
            folder; or two images of one person in one pose and one light, which train and test could share.
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
                    hint="Take one of them out.",
                )
            images[view] = image
        elif name.endswith(".pgm") and not _AMBIENT.fullmatch(name):
            raise UserError(
                name,
                got="a name that tells no light",
                expected="one like yaleB01_P00A+035E+40.pgm or yaleB01_P00_Ambient.pgm",
                hint="Rename the file, or take it out.",
            )
    return [image for image in images.values() if image.pose == FRONTAL_POSE]


def _check_place(image: LitImage) -> None:
    folder = PurePosixPath(image.name).parent.name
    if re.fullmatch(r"yaleB\d+", folder) and folder != image.person:
        raise UserError(
            image.name,
            got=f"an image of {image.person}",
            expected=f"one of {folder}, whose folder it is in",
            hint="Move the file, or take it out.",
        )


def ambient_images(names: Iterable[str]) -> dict[str, str]:
    """Person → name of the frontal frame taken without a flash."""
    matches = [found for name in sorted(names) if (found := _AMBIENT.fullmatch(name))]
    return {found["person"]: found.string for found in matches if int(found["pose"]) == FRONTAL_POSE}


def keep_lit(images: Sequence[LitImage], *, max_angle_deg: float, angle: Literal["azimuth", "true"]) -> list[LitImage]:
    """The images whose light comes from less than ``max_angle_deg`` off the camera's axis, in the same order.

    Args:
        images: from ``usable_images``.
        max_angle_deg: degrees, exclusive.
        angle: what is bounded: ``azimuth`` its magnitude, ``true`` the angle between light and axis.

    Source: paper, §V, which doesn't say which angle it means.
    """
    return [
        image for image in images if (abs(image.azimuth_deg) if angle == "azimuth" else image.angle_deg) < max_angle_deg
    ]


def persons_of(images: Iterable[LitImage]) -> list[str]:
    """The persons, each once, sorted."""
    return sorted({image.person for image in images})
