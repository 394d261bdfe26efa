"""A folder of pictures, with one subfolder per class, read as input images of a trained model."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from nvae.data.prepared import Split
from nvae.errors import UserError

_LAYOUT = "a folder of pictures for each class, such as {folder}/{example}/one.png"


def read_pictures(folder: Path, class_names: Sequence[str], image_shape: tuple[int, int]) -> Split:
    """Read every picture, convert it to grey, and scale it to the model's image size.

    Args:
        folder: Folder with one subfolder, named after the class, for some or all of the classes; hidden files are
            skipped.
        class_names: Class names of the model.
        image_shape: Height and width of the model's images in pixels.

    Returns:
        The images, sorted by class and file name; ``names`` are paths relative to ``folder``.

    Raises:
        UserError: If the folder is missing or has no pictures, if a subfolder is not named after a class, or if a file
            is not a picture or is too large.
    """
    hint = f"The classes are: {', '.join(class_names)}."
    expected = _LAYOUT.format(folder=folder.as_posix(), example=class_names[0])
    if not folder.is_dir():
        raise UserError(str(folder), got="no such folder", expected=expected, hint=hint)
    # Path.glob would leave out a folder that cannot be read.
    entries = sorted(path for below in folder.iterdir() if below.is_dir() for path in below.iterdir())
    found = [path for path in entries if path.is_file() and not path.name.startswith(".")]
    if not found:
        raise UserError(str(folder), got="no picture in a subfolder", expected=expected, hint=hint)
    if unknown := sorted({path.parent.name for path in found} - set(class_names)):
        raise UserError(str(folder / unknown[0]), got="no class of the model", expected=expected, hint=hint)
    labels = np.array([class_names.index(path.parent.name) for path in found], dtype=np.int64)
    order = np.argsort(labels, kind="stable")
    return Split(
        np.stack([_read(found[row], image_shape) for row in order]),
        labels[order],
        np.array([found[row].relative_to(folder).as_posix() for row in order]),
    )


def _read(path: Path, image_shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    height, width = image_shape
    try:
        with warnings.catch_warnings():
            # Up to twice its size limit, Pillow only warns about an absurdly large picture.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                grey = picture.convert("L").resize((width, height), Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _unreadable(path, str(error)) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises for damaged files
        raise _unreadable(path, f"{type(error).__name__}: {error}") from None
    return np.asarray(grey, dtype=np.uint8)


def _unreadable(path: Path, why: str) -> UserError:
    return UserError(
        str(path),
        got=f"a file that can't be read ({why})",
        expected="a picture (PNG, JPEG, PGM, …)",
        hint="Convert it, or move it out of the folder.",
    )
