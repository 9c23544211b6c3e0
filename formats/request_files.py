"""Which files may come with a request for an extension, and how large each may be.

A kind is known by the end of the name and by the first bytes. Nothing else of the file
is read: it is kept as it came, and only ever downloaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MB: Final = 1024**2
KINDS_IN_WORDS: Final = "PDF, PNG, JPEG, HEIC, DOCX, ODT, TXT or EML"


@dataclass(frozen=True, kw_only=True)
class RequestFileKind:
    """A kind of file: the longest, in bytes, and how it begins.

    `starts` are alternatives, from the byte `offset` on. Without any, it is text: there
    is no zero byte at the beginning.
    """

    max_bytes: int
    starts: tuple[bytes, ...] = ()
    offset: int = 0

    def begins(self, head: bytes) -> bool:
        """Return whether a file with these first bytes may be of this kind."""
        if not self.starts:
            return b"\0" not in head
        return head.startswith(self.starts, self.offset)


_JPEG: Final = RequestFileKind(max_bytes=5 * _MB, starts=(b"\xff\xd8\xff",))
_DOCUMENT: Final = RequestFileKind(max_bytes=2 * _MB, starts=(b"PK\x03\x04",))
_TEXT: Final = RequestFileKind(max_bytes=1 * _MB)
KINDS: Final[Mapping[str, RequestFileKind]] = {
    "pdf": RequestFileKind(max_bytes=5 * _MB, starts=(b"%PDF-",)),
    "png": RequestFileKind(max_bytes=5 * _MB, starts=(b"\x89PNG",)),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    # The length of its first box stands before the name.
    "heic": RequestFileKind(max_bytes=5 * _MB, starts=(b"ftyp",), offset=4),
    "docx": _DOCUMENT,
    "odt": _DOCUMENT,
    "txt": _TEXT,
    "eml": _TEXT,
}
MOST_BYTES: Final = max(kind.max_bytes for kind in KINDS.values())


class RequestFileError(Exception):
    """The file cannot come with a request. The message says why, in words."""


def kind_of(name: str) -> RequestFileKind:
    """Return the kind of a file with this name. Raises RequestFileError."""
    _, dot, ending = name.rpartition(".")
    kind = KINDS.get(ending.lower()) if dot else None
    if kind is None:
        raise RequestFileError(f"Send the file as {KINDS_IN_WORDS}.")
    return kind


def too_large(kind: RequestFileKind) -> str:
    """Return the words for a file that is larger than its kind may be."""
    return f"The file is larger than {kind.max_bytes // _MB} MB."


def check_head(name: str, head: bytes) -> None:
    """Raise RequestFileError if a file of this name does not begin as its kind does."""
    if not head:
        raise RequestFileError("The file is empty.")
    if not kind_of(name).begins(head):
        raise RequestFileError(
            f"The content of the file is not what its name says. Send {KINDS_IN_WORDS}."
        )
