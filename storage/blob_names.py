"""The names of content in the store: `ab/cd/<sha256>`, below `orphans/` if set aside."""

import re
from typing import Final

from storage.store_errors import BlobMissingError

# Where content waits that no row names, before it is removed: storage/orphans.py.
ASIDE: Final = "orphans"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    """Return whether the text is a SHA-256 in hex, as the store writes it."""
    return _SHA256.fullmatch(text) is not None


def blob_name(sha256: str) -> str:
    """Return the name of the content. Raises BlobMissingError if it is not a hash."""
    if not is_sha256(sha256):
        raise BlobMissingError(sha256)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def aside_name(sha256: str) -> str:
    """Return the name of the content while it is set aside."""
    return f"{ASIDE}/{blob_name(sha256)}"
