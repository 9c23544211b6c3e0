"""The pixels of what a test shows as a picture: an array, a tensor or a figure it drew.

SECURITY: an array has come already, and an object of the notebook's is refused, so
nothing is asked of the snapshot.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from runner.inside.grader.close_values import array_of
from runner.inside.grader.handle_parts import is_handle
from runner.inside.grader.plain_values import ARRAYS, plain_of
from runner.protocol.check_pictures import MOST_BYTES, MOST_PIXELS, Samples

# A figure that takes too many bytes is drawn again, this much smaller.
_SCALES: Final = (1.0, 0.75, 0.5, 0.35)
_GREY: Final = 2  # rows and columns
_COLOURED: Final = 3  # and channels
_CHANNELS: Final = (3, 4)
_OPAQUE: Final = 255
_WHITE: Final = 255
# How far from 0 to 1 a rounding error may bring a float.
_DUST: Final = 1e-3
TOO_LARGE: Final = (
    f"the pictures of a check may take {MOST_BYTES // 1024} KB together: show a smaller "
    "part of it, or fewer pictures"
)


class NoPictureError(Exception):
    """Raised for a value that is not shown as a picture. Its words say why."""


def candidates(value: object) -> Iterator[Samples]:
    """Yield the value's pixels, the best first, to show the first that has room.

    Raises NoPictureError.
    """
    if is_handle(value):
        raise NoPictureError(
            "the student's code gave an object of its own, and no array. Let the test "
            "read the array from it, or call a method"
        )
    figure: Any = getattr(sys.modules.get("matplotlib.figure"), "Figure", ())
    if isinstance(value, figure):
        yield from (_drawn(value, scale) for scale in _SCALES)
        return
    plain = plain_of(value) if isinstance(value, ARRAYS) else None
    if not isinstance(plain, ARRAYS):
        raise NoPictureError(
            f"it is a {type(value).__name__}: `show` takes an array, a tensor or a "
            "figure of matplotlib"
        )
    try:
        array = array_of(plain)
    except (NotImplementedError, RuntimeError, TypeError, ValueError):
        raise NoPictureError("it cannot be read as an array") from None
    yield samples_of(array)


def samples_of(array: Any) -> Samples:
    """Return the samples of an array of numpy's. Raises NoPictureError."""
    if array.ndim == _COLOURED and array.shape[2] == 1:
        array = array[..., 0]
    is_grey = array.ndim == _GREY
    if not is_grey and not (array.ndim == _COLOURED and array.shape[2] in _CHANNELS):
        raise NoPictureError(
            f"its shape is {array.shape}: a picture has the shape (height, width), or "
            "(height, width, channels) with 3 or 4 channels, which come last"
        )
    height, width = array.shape[:2]
    if not 0 < height * width <= MOST_PIXELS:
        raise NoPictureError(
            f"it has {width} by {height} pixels: a picture has 1 to {MOST_PIXELS:,}, "
            "which is 640 by 480. Show a part of it, or every tenth pixel: x[::10, ::10]"
        )
    data = _bytes_of(array).tobytes()
    channels = 1 if is_grey else array.shape[2]
    return Samples(width=width, height=height, channels=channels, data=data)


def _bytes_of(array: Any) -> Any:
    """Return the array's values as bytes. Raises NoPictureError."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array * np.uint8(_WHITE)
    if array.dtype.kind != "f":
        raise NoPictureError(
            f"its dtype is {array.dtype}: `show` takes bytes (uint8), truth values, or "
            "floats from 0 to 1"
        )
    if not np.isfinite(array).all():
        raise NoPictureError("not all of its values are finite numbers")
    least, most = float(array.min()), float(array.max())
    if least < -_DUST or most > 1 + _DUST:
        raise NoPictureError(
            f"its values are from {least:.6g} to {most:.6g}: floats of a picture are from "
            "0 to 1. Scale them first: (x - x.min()) / (x.max() - x.min())"
        )
    return np.rint(np.clip(array.astype(np.float64), 0, 1) * _WHITE).astype(np.uint8)


def _drawn(figure: Any, scale: float) -> Samples:
    """Draw a figure of matplotlib, `scale` times as large. Raises NoPictureError.

    What it shows may be the student's, so drawing may raise anything.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow

    resolution, canvas = figure.get_dpi(), figure.canvas
    try:
        width, height = figure.get_size_inches()
        most = (MOST_PIXELS / (width * height)) ** 0.5
        figure.set_dpi(scale * min(resolution, most))
        drawing: Any = FigureCanvasAgg(figure)
        drawing.draw()
        pixels = np.array(drawing.buffer_rgba())
    except Exception as error:
        words = f"matplotlib raised {type(error).__name__} when it drew the figure"
        raise NoPictureError(words) from error
    finally:
        figure.set_dpi(resolution)
        figure.set_canvas(canvas)
    is_opaque = bool((pixels[..., 3] == _OPAQUE).all())
    return samples_of(pixels[..., :3] if is_opaque else pixels)
