"""Files that a course file names, by their content."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, kw_only=True)
class File:
    """The content of a file. `name` is where it was found."""

    sha256: str
    suffix: str
    name: str = field(compare=False)
    open: Opener = field(compare=False, repr=False)


def sha256(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of all the pieces, in hex."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
