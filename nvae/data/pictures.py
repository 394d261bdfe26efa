"""A folder of pictures, in a subfolder for each class, as images that a trained model takes."""

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
    """Read every picture, make it grey, and scale it to the model's size.

    Args:
        folder: has a subfolder for some or all of the classes, called as the class is; hidden files are passed over.
        class_names: of the model.
        image_shape: (height, width) in pixels.

    Returns:
        The images by class and file name. ``names`` are paths in ``folder``.

    Raises:
        UserError: no such folder, a subfolder that is no class, no picture, or a file that is none or is too large.
    """
    hint = f"The classes are: {', '.join(class_names)}."
    expected = _LAYOUT.format(folder=folder.as_posix(), example=class_names[0])
    if not folder.is_dir():
        raise UserError(str(folder), got="no such folder", expected=expected, hint=hint)
    found = [path for path in sorted(folder.glob("*/*")) if path.is_file() and not path.name.startswith(".")]
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
            # Pillow only warns of pictures of absurd size up to twice its limit.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                grey = picture.convert("L").resize((width, height), Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _no_picture(path, str(error)) from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises of damaged files
        raise _no_picture(path, f"{type(error).__name__}: {error}") from None
    return np.asarray(grey, dtype=np.uint8)


def _no_picture(path: Path, why: str) -> UserError:
    return UserError(
        str(path),
        got=f"a file that can't be read ({why})",
        expected="a picture (PNG, JPEG, PGM, …)",
        hint="Take it out.",
    )
