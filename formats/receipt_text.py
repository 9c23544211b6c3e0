"""Signed receipts as text: written, read back, and verified with a public key.

A receipt is lines of `Name: value`, then a block with an Ed25519 signature. The
signature covers the bytes of the lines above the block, in UTF-8, each with a newline
at its end. docs/operating.md says how to verify one without the portal.
"""

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FIRST_LINE: Final = "Softmark receipt, version 1"
BEGIN: Final = "-----BEGIN SOFTMARK SIGNATURE-----"
END: Final = "-----END SOFTMARK SIGNATURE-----"
# A receipt of 32 files with long names has less than half of it. The web server takes
# no longer body from people who have not signed in: portal.arriving_requests.
LONGEST_RECEIPT: Final = 48 * 1024
_KEY: Final = "Key: "
_KEY_DIGITS: Final = 16
_WIDTH: Final = 64
_SIGNATURE_BYTES: Final = 64

Line = tuple[str, str]


class UnreadableReceiptError(Exception):
    """The text is no receipt. The message says what is missing, in words."""


@dataclass(frozen=True, kw_only=True)
class SignedReceipt:
    """A receipt as it was read: what was signed, by which key, and the signature."""

    text: str
    key_name: str
    signature: bytes

    @property
    def lines(self) -> tuple[Line, ...]:
        """The names and values below the first line, in their order."""
        rows = (row.partition(": ") for row in self.text.splitlines()[1:])
        return tuple((name, value) for name, _, value in rows)


def receipt_text(lines: Iterable[Line]) -> str:
    """Return the canonical text of these lines: what is signed.

    Values are brought to one line of printable characters, so that no title or file
    name can imitate another line, and so that copying changes nothing.
    """
    rows = (f"{name}: {one_line(value)}".rstrip() for name, value in lines)
    return "\n".join([FIRST_LINE, *rows, ""])


def one_line(value: str) -> str:
    """Return the value in normal form C, without control characters and wide spaces."""
    kept = (
        " " if unicodedata.category(sign)[0] in "CZ" else sign
        for sign in unicodedata.normalize("NFC", value)
    )
    return " ".join("".join(kept).split())


def signed(text: str, key: Ed25519PrivateKey) -> str:
    """Return the receipt: the text, and its signature by the key."""
    encoded = base64.b64encode(key.sign(text.encode())).decode()
    rows = [encoded[at : at + _WIDTH] for at in range(0, len(encoded), _WIDTH)]
    name = key_name(key.public_key().public_bytes_raw())
    return text + "\n".join([BEGIN, f"{_KEY}{name}", *rows, END, ""])


def key_name(public_key: bytes) -> str:
    """Return the short name of a public key, which receipts give."""
    return hashlib.sha256(public_key).hexdigest()[:_KEY_DIGITS]


def read_receipt(text: str) -> SignedReceipt:
    """Return the one receipt in a text, such as a whole mail.

    What stands before and after it is not part of it. Line ends and white space at the
    end of lines may differ: they change in mails and forms. Raises
    UnreadableReceiptError.
    """
    rows = [row.rstrip() for row in text.removeprefix("\ufeff").splitlines()]
    first, begin, end = (_only(rows, mark) for mark in (FIRST_LINE, BEGIN, END))
    block = rows[begin + 1 : end]
    if not first < begin < end or not block or not block[0].startswith(_KEY):
        raise UnreadableReceiptError(
            "The parts of the receipt are not in their order. Copy it again, from its "
            "first to its last line."
        )
    return SignedReceipt(
        text="\n".join([*rows[first:begin], ""]),
        key_name=block[0].removeprefix(_KEY),
        signature=_signature(block[1:]),
    )


def _only(rows: Sequence[str], mark: str) -> int:
    """Return the place of the only line that is the mark."""
    found = [place for place, row in enumerate(rows) if row == mark]
    if not found:
        raise UnreadableReceiptError(
            f"The text has no line “{mark}”. Copy the whole receipt, from its first to "
            "its last line."
        )
    if len(found) > 1:
        raise UnreadableReceiptError(
            "There are several receipts. Verify one at a time."
        )
    return found[0]


def _signature(rows: Sequence[str]) -> bytes:
    try:
        found = base64.b64decode("".join(rows), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != _SIGNATURE_BYTES:
        raise UnreadableReceiptError(
            "The signature is not complete. Copy the receipt again, to its last line."
        )
    return found


def is_genuine(receipt: SignedReceipt, public_key: bytes) -> bool:
    """Return whether the owner of this key has signed exactly this text."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            receipt.signature, receipt.text.encode(errors="replace")
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def public_pem(public_key: bytes) -> str:
    """Return the key as openssl reads it."""
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
