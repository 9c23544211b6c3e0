"""The key that signs receipts: a file, made once, and the public keys of all times."""

import base64
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from formats.receipt_text import key_name
from storage.durable_files import PART, make_folder, sync_folder
from submissions.exceptions import KeyUnavailableError
from submissions.models import ReceiptKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The result of a rotation: the name of the new key, and which keys have gone."""

    name: str
    distrusted: tuple[str, ...]


def signing_key() -> Ed25519PrivateKey:
    """Return the private key, made if there is none, with its public half recorded.

    The public half is in the database before a receipt is signed, so that every receipt
    can be verified: on other machines, and after a rotation. Raises
    KeyUnavailableError.
    """
    path = Path(settings.RECEIPT_KEY_FILE)
    try:
        if not path.exists():
            _make(path)
        key = _read(path)
    except OSError as error:
        log.error("receipt_key_unavailable", error=type(error).__name__)  # noqa: TRY400  (no traceback)
        raise KeyUnavailableError from error
    _record(key)
    return key


def rotate_key(*, is_distrusted: bool) -> Rotation:
    """Replace the key of this machine by a new one.

    With `is_distrusted`, receipts of all earlier keys prove nothing from now on.
    Otherwise they stay valid. Raises KeyUnavailableError.
    """
    path = Path(settings.RECEIPT_KEY_FILE)
    try:
        if path.exists():
            _record(_read(path))
        _make(path, replaces=True)
        key = _read(path)
    except OSError as error:
        raise KeyUnavailableError from error
    with transaction.atomic():
        name = _record(key)
        others = ReceiptKey.objects.exclude(name=name).filter(distrusted_at=None)
        gone = tuple(others.values_list("name", flat=True)) if is_distrusted else ()
        ReceiptKey.objects.filter(name__in=gone).update(distrusted_at=timezone.now())
    log.info("receipt_key_rotated", key=name, distrusted=list(gone))
    return Rotation(name=name, distrusted=gone)


def public_key_of(row: ReceiptKey) -> bytes:
    """Return the 32 bytes of the key."""
    return base64.b64decode(row.public_key)


def _read(path: Path) -> Ed25519PrivateKey:
    """Return the key in the file. Raises KeyUnavailableError if it holds another thing."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        log.error("receipt_key_unreadable")  # noqa: TRY400  SECURITY: it may quote the key
        raise KeyUnavailableError from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnavailableError
    return key


def _make(path: Path, *, replaces: bool = False) -> None:
    """Make a key that only the owner can read, whole or not at all.

    If several processes make one at the same time, the first one stays.
    """
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    make_folder(path.parent)
    # Such a file has the mode 0600.
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=PART) as part:
        part.write(pem)
        part.flush()
        os.fsync(part.fileno())
        if replaces:
            path.unlink(missing_ok=True)
        with suppress(FileExistsError):
            os.link(part.name, path)
    sync_folder(path.parent)


def _record(key: Ed25519PrivateKey) -> str:
    """Record the public half, and return the name of the key."""
    public_key = key.public_key().public_bytes_raw()
    name = key_name(public_key)
    ReceiptKey.objects.get_or_create(
        name=name, defaults={"public_key": base64.b64encode(public_key).decode()}
    )
    return name
