"""Prepared sets from trees of face images: the cropped or uncropped Extended Yale B and the built-in faces."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nvae.config import FacesData
from nvae.data.archives import ImageTree, open_image_tree
from nvae.data.faces.crop import CROPPED, UNCROPPED, Box, check_inner_box, cut, read_face_boxes, whole_frame
from nvae.data.faces.detection import find_face_in_any
from nvae.data.faces.yale_b import LitImage, ambient_images, keep_lit, persons_of, usable_images
from nvae.data.pgm import read_pgm
from nvae.data.prepared import PreparedSet, Split
from nvae.data.split import hold_out
from nvae.errors import UserError

FACTOR_NAMES = ("azimuth_deg", "elevation_deg")
_BEST_LIT = 5  # number of a person's frames on which the detector is tried before the ambient frame


def prepare(root: Path, dataset: str, params: FacesData) -> PreparedSet:
    """Read a tree of face images, select by the angle of the light, crop, scale, and split each person's images.

    Args:
        root: Raw folder, with ``CroppedYale.zip`` or ``CroppedYale/``.
        dataset: Name of the data set.
        params: The data set's section of the configuration.

    Returns:
        The prepared set; the classes are persons, the factors are azimuth and elevation of the light in degrees.

    Raises:
        UserError: If a file is damaged, a frame has an unknown size, the counts differ from the expected ones, a person
            has too few images to split, or an uncropped person's face is neither found nor given.
    """
    check_inner_box(params.inner_box)
    with open_image_tree(root) as tree:
        usable = usable_images(tree.names())
        kept = keep_lit(usable, max_angle_deg=params.max_angle_deg, angle=params.angle)
        _check_counts(dataset, params, usable, kept)
        persons = persons_of(kept)[: params.persons_limit]
        images = np.empty((0, params.height, params.width), dtype=np.uint8)
        chosen: list[LitImage] = []
        parts = [images]
        boxes = read_face_boxes(Path(params.face_boxes)) if params.face_boxes else {}
        for person in persons:
            theirs = [image for image in kept if image.person == person]
            parts.append(np.stack(list(_cropped(tree, person, theirs, boxes.get(person), params))))
            chosen.extend(theirs)
    labels = np.array([persons.index(image.person) for image in chosen], dtype=np.int64)
    factors = np.array([(image.azimuth_deg, image.elevation_deg) for image in chosen], dtype=np.float64)
    names = np.array([image.name for image in chosen], dtype=np.str_)
    whole = Split(np.concatenate(parts), labels, names, factors)
    train, validation, test = _parts(whole, persons, dataset, params)
    return PreparedSet(
        name=dataset,
        class_names=tuple(persons),
        factor_names=FACTOR_NAMES,
        train=train,
        validation=validation,
        test=test,
    )


def _check_counts(dataset: str, params: FacesData, usable: list[LitImage], kept: list[LitImage]) -> None:
    found = {"usable": len(usable), "kept": len(kept), "persons": len(persons_of(usable))}
    wanted = params.expected.model_dump() if params.expected else {}
    for key, count in wanted.items():
        if found[key] != count:
            raise UserError(
                f"data.{dataset}.expected.{key}",
                got=f"{found[key]} in the raw files",
                expected=str(count),
                hint="Fetch the files again; if files or angle were changed on purpose, correct it in params.yaml.",
            )
    if not kept:
        raise UserError(
            f"data.{dataset}.max_angle_deg",
            got=f"{params.max_angle_deg}, which keeps none of {len(usable)} images",
            expected="an angle that keeps at least one",
            hint="Increase it, or check the raw files.",
        )


def _cropped(
    tree: ImageTree, person: str, images: list[LitImage], given: Box | None, params: FacesData
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the images of one person, cropped and scaled: (height, width) uint8 each."""
    face = given
    for image in images:
        frame = _read(tree, image.name)
        if frame.shape == CROPPED:
            box = whole_frame(CROPPED)
        else:
            # All frames of a person share one box, since the camera took them within two seconds.
            face = face or _found_box(tree, person)
            box = face
        yield cut(frame, box.inner(params.inner_box), height=params.height, width=params.width)


def _read(tree: ImageTree, name: str) -> npt.NDArray[np.uint8]:
    frame = read_pgm(tree.read(name), name)
    if frame.shape not in (CROPPED, UNCROPPED):
        raise UserError(
            name,
            got=f"{frame.shape[1]}×{frame.shape[0]} pixels",
            expected="168×192 (cropped) or 640×480 (uncropped)",
            hint="Scale it to one of these sizes, or move it out of the folder.",
        )
    return frame


def _found_box(tree: ImageTree, person: str) -> Box:
    """Return the crop of the first of a person's uncropped frames with a detection: best lit first, ambient last."""
    names = tree.names()
    theirs = [image for image in usable_images(names) if image.person == person]
    frontal = [image.name for image in sorted(theirs, key=lambda image: (image.angle_deg, image.name))]
    ambient = ambient_images(names)
    tried = [*frontal[:_BEST_LIT], *([ambient[person]] if person in ambient else [])]
    frames = (frame for name in tried if (frame := _read(tree, name)).shape == UNCROPPED)
    found = find_face_in_any(frames)
    if found is None:
        raise UserError(
            f"the face of {person}",
            got=f"none found in {', '.join(tried)}",
            expected="one frontal face in an uncropped frame",
            hint=f"Write a CSV with the columns person,left,top,width,height and a row for {person} "
            "(pixels of the 640×480 frame), and set `face_boxes` of this data set in params.yaml to its path.",
        )
    return found.crop


def _parts(whole: Split, persons: list[str], dataset: str, params: FacesData) -> tuple[Split, Split, Split]:
    """Split into train, validation and test by the same fractions of each person's images, rounded to whole images."""
    counts = np.bincount(whole.labels, minlength=len(persons))
    n_test = np.rint(params.test_fraction * counts).astype(np.int64)
    n_validation = np.rint(params.validation_fraction * counts).astype(np.int64)
    for person, *sizes in zip(persons, counts - n_test - n_validation, n_validation, n_test, strict=True):
        if min(sizes) < 1:
            raise UserError(
                f"data.{dataset}, {person}",
                got=f"{sizes[0]} train, {sizes[1]} validation and {sizes[2]} test images",
                expected="at least one in each",
                hint="Change test_fraction or validation_fraction, or leave this person out of the raw files.",
            )
    rest, test = hold_out(whole.labels, n_test, seed=params.split_seed, stream="test")
    remaining = whole.take(rest)
    train, validation = hold_out(remaining.labels, n_validation, seed=params.split_seed, stream="validation")
    return remaining.take(train), remaining.take(validation), whole.take(test)
