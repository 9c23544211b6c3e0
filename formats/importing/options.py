"""Parse the options of a foreign import, from the page or the command line."""

import ast
import keyword
import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath
from typing import Final

from formats.assignment import RequiredFile
from formats.assignment.manifest import NAME
from formats.choices import FileKind
from runner.protocol.jobs import Scalar

_KINDS: Final = {
    ".safetensors": FileKind.SAFETENSORS,
    ".pt": FileKind.STATE_DICT,
    ".pth": FileKind.STATE_DICT,
}
_MEBIBYTE: Final = 1024**2
_USUAL_MB: Final = 50
_LARGEST_MB: Final = 1024**2
_WORDS: Final[Mapping[str, Scalar]] = {"true": True, "false": False, "null": None}


class OptionError(ValueError):
    """A text is malformed. `str` says why, and shows the right form."""


def read_points(text: str) -> tuple[str, Decimal]:
    """Return the question's key and the points in “conv2d=5”. Raises OptionError."""
    key, _, number = (part.strip() for part in text.partition("="))
    try:
        points = Decimal(number)
    except InvalidOperation as error:
        raise OptionError(f"“{text}” is not KEY=POINTS, such as conv2d=5.") from error
    if not points.is_finite() or points < 0:
        raise OptionError(f"“{text}”: points must be a number from 0 up.")
    return key, points


def read_required(text: str) -> RequiredFile:
    """Return the required file in “net.pth” or “net.pth=20”. Raises OptionError."""
    name, _, size = (part.strip() for part in text.partition("="))
    is_size = size.isascii() and size.isdecimal() and 0 < int(size) <= _LARGEST_MB
    if size and not is_size:
        raise OptionError(f"“{text}” is not NAME or NAME=MB, such as net.pth=20.")
    if not NAME.fullmatch(name):
        raise OptionError(
            f"“{name}” is not allowed as a file name: use letters, digits, dots, "
            "dashes, spaces and brackets only."
        )
    return RequiredFile(
        name=name,
        kind=_KINDS.get(PurePosixPath(name).suffix.lower(), FileKind.OTHER),
        max_bytes=int(size or _USUAL_MB) * _MEBIBYTE,
    )


def read_parameter(text: str) -> tuple[str, Scalar]:
    """Return the name and the value in “NAME=VALUE”. Raises OptionError.

    The value is read as in Python (False, 0.1, "text") or as in assignment.yaml (false,
    null). Anything else is text.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        raise OptionError(
            f"“{text}” is not a parameter. Write NAME=VALUE, such as TRAIN=False, with "
            "the name of a variable of the notebook."
        )
    return name, _scalar(value)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if value is None or isinstance(value, int | float | str) else text
