"""Find out the kind of a file from its first bytes, never from its name."""

import re
from enum import Enum
from typing import IO, Final

from formats.findings import (
    FileName,
    Name,
)
from formats.problems import Problem
from formats.submission_words import problem, shown

HEAD: Final = 4096


class Kind(Enum):
    """A kind of file. The value completes the sentence “X” is …"""

    NOTEBOOK = "a notebook"
    JSON = "JSON text"
    PYTHON = "a Python script"
    SAFETENSORS = "a safetensors file"
    TORCH_ZIP = "a PyTorch file, as torch.save writes it"
    TORCHSCRIPT = "a TorchScript program"
    TORCH_EXPORT = "a program saved by torch.export"
    TORCH_LEGACY = "a PyTorch file of the old kind, from before version 1.6"
    PICKLE = "a Python pickle"
    ZIP = "a zip archive"
    NUMPY = "a NumPy array"
    NUMPY_ZIP = "a NumPy archive (.npz)"
    KERAS = "a Keras model"
    GGUF = "a GGUF model"
    OFFICE = "an office document"
    RTF = "a text document (RTF)"
    HDF5 = "an HDF5 file"
    PARQUET = "a Parquet table"
    SQLITE = "an SQLite database"
    LFS_POINTER = "a Git LFS pointer"
    HTML = "a web page (HTML)"
    XML = "XML text"
    PDF = "a PDF document"
    POSTSCRIPT = "a PostScript document"
    GZIP = "a gzip archive"
    BZIP2 = "a bzip2 archive"
    XZ = "an xz archive"
    ZSTD = "a zstd archive"
    TAR = "a tar archive"
    SEVEN_ZIP = "a 7z archive"
    RAR = "a rar archive"
    IMAGE = "an image"
    MEDIA = "a sound or a film"
    PROGRAM = "a compiled program"
    MAC_NOTE = "a file of macOS with notes about a file, not the file itself"
    TEXT = "plain text"
    UNKNOWN = "of an unknown kind"


ARCHIVES: Final = frozenset(
    {
        *(Kind.ZIP, Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.ZSTD),
        *(Kind.TAR, Kind.SEVEN_ZIP, Kind.RAR),
    }
)
MAC_NOTE: Final = "Hand in the file of the same name without “._” before it."
MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"version https://git-lfs.github.com/spec/", Kind.LFS_POINTER),
    (b"%PDF-", Kind.PDF),
    (b"%!PS", Kind.POSTSCRIPT),
    (b"{\\rtf", Kind.RTF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZIP2),
    (b"\xfd7zXZ\0", Kind.XZ),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (b"PAR1", Kind.PARQUET),
    (b"SQLite format 3\0", Kind.SQLITE),
    (b"GGUF", Kind.GGUF),
    (b"\x93NUMPY", Kind.NUMPY),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"II*\0", Kind.IMAGE),
    (b"MM\0*", Kind.IMAGE),
    (b"ID3", Kind.MEDIA),
    (b"OggS", Kind.MEDIA),
    (b"\x1aE\xdf\xa3", Kind.MEDIA),
    (b"\x7fELF", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (b"\0\x05\x16\x07", Kind.MAC_NOTE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OFFICE),
)
# Files that are known by bytes at the place given, such as RIFF and ISO media files.
FORMS: Final = (
    (b"RIFF", 8, b"WEBP", Kind.IMAGE),
    (b"RIFF", 8, b"", Kind.MEDIA),
    (b"", 4, b"ftypheic", Kind.IMAGE),
    (b"", 4, b"ftypavif", Kind.IMAGE),
    (b"", 4, b"ftyp", Kind.MEDIA),
    (b"BM", 6, b"\0\0\0\0", Kind.IMAGE),
    (b"MZ", 0, b"MZ\x90\0", Kind.PROGRAM),
    (b"", 257, b"ustar", Kind.TAR),
)
# The start of a file by torch.save before version 1.6: a pickled magic number.
LEGACY: Final = re.compile(rb"\x80.\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL)
PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
HTML: Final = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|title|meta)\b", re.IGNORECASE
)
NOTEBOOK: Final = re.compile(rb'"(cells|nbformat|worksheets|cell_type)"')
XML: Final = re.compile(rb"<(\?xml|svg|plist)\b", re.IGNORECASE)
# A statement at the beginning of a line that other text does not have.
PYTHON: Final = re.compile(
    rb"^(#!.*python|# %%|# In\[|import \w+|from [\w.]+ import |"
    rb"(async )?def \w+\(|class \w+[(:]|if __name__ == )",
    re.MULTILINE,
)


def kind_of(content: IO[bytes]) -> Kind:
    """Return the kind by the first bytes. Leaves the file position after them."""
    return kind_of_head(content.read(HEAD))


def kind_of_head(head: bytes) -> Kind:
    """Return the kind of a file that begins so, without looking into a zip archive."""
    # First of all: the length of its header, in bytes 0 to 7, may look like another
    # kind's first bytes. 640 bytes look like a pickle.
    if head[8:9] == b"{" and head[4:8] == b"\0\0\0\0":
        return Kind.SAFETENSORS
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if LEGACY.match(head):
        return Kind.TORCH_LEGACY
    if PICKLE.match(head):
        return Kind.PICKLE
    for start, place, form, kind in FORMS:
        if head.startswith(start) and head.startswith(form, place):
            return kind
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if HTML.match(text):
        return Kind.HTML
    if XML.match(text):
        return Kind.XML
    if text.startswith(b"{"):
        return Kind.NOTEBOOK if NOTEBOOK.search(text) else Kind.JSON
    if b"\0" in head or not text or not _is_text(head):
        return Kind.UNKNOWN
    return Kind.PYTHON if PYTHON.search(text) else Kind.TEXT


def _is_text(head: bytes) -> bool:
    """Return whether the bytes are UTF-8, ignoring a letter cut off at the end."""
    try:
        head[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True


# The beginning of a JSON text, or of one with git's conflict marks.
_JSON_START: Final = re.compile(rb'[\s\xef\xbb\xbf]*(?:[\[{"\d-]|<<<<<<<)')


def is_no_json(kind: Kind, head: bytes) -> bool:
    """Return whether a file of this kind is certainly not a notebook's JSON."""
    if kind is Kind.TEXT:
        return not _JSON_START.match(head) and not NOTEBOOK.search(head)
    return kind is Kind.PYTHON


def wrong_kind(kind: Kind, name: Name, *, wanted: str, fix: str) -> Problem:
    """Return the problem of a file that is of another kind than required."""
    slot = ""
    if isinstance(name, FileName) and name.chosen not in {"", name.required}:
        slot = f" as “{shown(name.required, 120)}”"
    return problem(
        "wrong_kind", file=name, wanted=wanted, found=kind.value, fix=fix, slot=slot
    )
