"""The dtypes of numpy whose items are sent as their bytes."""

import re
from typing import Final

_NUMBERS: Final = frozenset(
    (
        *("|b1", "|i1", "|u1"),
        *(
            f"{order}{kind}"
            for order in "<>"
            for kind in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8")
        ),
        *("<c8", "<c16", ">c8", ">c16"),
    )
)
_TEXT: Final = re.compile(r"(\|S|[<>]U)[1-9][0-9]{0,5}")
_TIME: Final = re.compile(
    r"[<>][mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?"
)


def is_plain(name: object) -> bool:
    """Return whether this is numpy's name of a dtype whose arrays are sent as bytes."""
    return isinstance(name, str) and (
        is_flat(name) or _TEXT.fullmatch(name) is not None
    )


def is_flat(name: str) -> bool:
    """Return whether this names a dtype of numbers or times."""
    return name in _NUMBERS or _TIME.fullmatch(name) is not None
