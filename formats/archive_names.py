"""Names for files and folders that every system can unpack, Windows too."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST_NAME: Final = 100
# What Windows refuses in names, and what separates folders.
_REFUSED: Final = re.compile(r'[<>:"/\\|?*]')
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


def portable_name(text: str) -> str:
    """Return the text as a name that is the same on every system.

    What a system refuses, what is invisible and what only changes the direction of
    text becomes `_`. The end of a long name is kept, since it says what a file is.
    """
    kept = (
        "_" if unicodedata.category(sign)[0] == "C" else sign
        for sign in unicodedata.normalize("NFC", text)
    )
    name = _REFUSED.sub("_", "".join(kept)).strip().rstrip(". ")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        room = LONGEST_NAME - len(dot + ending)
        name = stem[:room] + dot + ending if stem and room > 0 else name[:LONGEST_NAME]
        name = name.rstrip(". ")
    if not name or _DEVICE.match(name):
        name = f"_{name}"
    return name


def unique_names(texts: Iterable[str]) -> list[str]:
    """Return a portable name for each text. No two differ only in their case."""
    taken: set[str] = set()
    names = []
    for text in texts:
        name = first = portable_name(text)
        number = 1
        while _key(name) in taken:
            number += 1
            stem, dot, ending = first.rpartition(".")
            name = f"{stem}-{number}{dot}{ending}" if stem else f"{first}-{number}"
        taken.add(_key(name))
        names.append(name)
    return names


def _key(name: str) -> str:
    """Return what systems compare that ignore case."""
    return unicodedata.normalize("NFC", name.casefold())
