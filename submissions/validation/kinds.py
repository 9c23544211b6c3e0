"""What a file is, by its first bytes and never by its name."""

import re
from enum import Enum
from typing import IO, Final

HEAD: Final = 1024


class Kind(Enum):
    """A kind of file; the value names it in a sentence."""

    NOTEBOOK = "a notebook"
    JSON = "JSON text"
    SAFETENSORS = "a safetensors file"
    TORCH_ZIP = "a PyTorch file"
    TORCHSCRIPT = "a TorchScript program"
    TORCH_LEGACY = "a PyTorch file of the old kind, from before version 1.6"
    PICKLE = "a Python pickle"
    ZIP = "a zip archive"
    NUMPY = "a NumPy array"
    NUMPY_ZIP = "a NumPy archive (.npz)"
    KERAS = "a Keras model"
    OFFICE = "an office document"
    HDF5 = "an HDF5 file"
    LFS_POINTER = "a Git LFS pointer"
    HTML = "a web page (HTML)"
    XML = "XML text"
    PDF = "a PDF document"
    GZIP = "a gzip archive"
    TAR = "a tar archive"
    SEVEN_ZIP = "a 7z archive"
    RAR = "a rar archive"
    IMAGE = "an image"
    TEXT = "plain text"
    UNKNOWN = "of an unknown kind"


MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"version https://git-lfs.github.com/spec/", Kind.LFS_POINTER),
    (b"%PDF-", Kind.PDF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
    (b"\x93NUMPY", Kind.NUMPY),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF8", Kind.IMAGE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OFFICE),
)
# What torch.save wrote before version 1.6: a pickled magic number comes first.
LEGACY: Final = re.compile(rb"\x80.\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL)
PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
HTML: Final = re.compile(
    rb"<(!doctype\s+html|html|head|body|script|title|meta)\b", re.IGNORECASE
)
NOTEBOOK: Final = re.compile(rb'"(cells|nbformat|worksheets|cell_type)"')
XML: Final = re.compile(rb"<(\?xml|svg)\b", re.IGNORECASE)
TAR_AT: Final = 257


def kind_of(content: IO[bytes]) -> Kind:
    """Return the kind by the first bytes. The file is left at their end."""
    return kind_of_head(content.read(HEAD))


def kind_of_head(head: bytes) -> Kind:
    """Return the kind of a file that begins so. A zip archive is not looked into."""
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if LEGACY.match(head):
        return Kind.TORCH_LEGACY
    if PICKLE.match(head):
        return Kind.PICKLE
    if head[TAR_AT : TAR_AT + 5] == b"ustar":
        return Kind.TAR
    if head[8:9] == b"{" and head[4:8] == b"\0\0\0\0":
        return Kind.SAFETENSORS
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if HTML.match(text):
        return Kind.HTML
    if XML.match(text):
        return Kind.XML
    if text.startswith(b"{"):
        return Kind.NOTEBOOK if NOTEBOOK.search(text) else Kind.JSON
    if b"\0" not in head and text and _is_text(head):
        return Kind.TEXT
    return Kind.UNKNOWN


def _is_text(head: bytes) -> bool:
    """Whether the bytes read as UTF-8, but for a letter cut off at the end."""
    try:
        head[:-4].decode()
    except UnicodeDecodeError:
        return False
    return True
