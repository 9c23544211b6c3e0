"""Opened attempts for tests, and the pieces that arrive of them."""

import datetime as dt
import hashlib
from typing import Any

from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from formats.declaration import Declaration
from submissions.attempt_opening import open_attempt
from submissions.intake import DeclaredFile
from submissions.models import OpenedAttempt, Upload
from submissions.upload_pieces import Piece, add_piece
from tests.factories import small_notebook

NOTEBOOK = small_notebook().encode()


def declared(
    data: bytes = NOTEBOOK, name: str = "work.ipynb", **more: Any
) -> DeclaredFile:
    """Return the declaration of a file with this content."""
    fields = {
        "name": name,
        "original_name": name,
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return DeclaredFile(**{**fields, **more})


def opened(
    actor: User,
    assignment: Assignment,
    *files: DeclaredFile,
    at: dt.datetime | None = None,
    **more: Any,
) -> OpenedAttempt:
    """Open an attempt with these files, or with a small notebook."""
    return open_attempt(
        actor=actor,
        assignment=assignment,
        files=files or [declared()],
        opened_at=at or timezone.now(),
        **{"declared": Declaration(statement="My own.")} | more,
    )


def send(
    upload: Upload,
    data: bytes = NOTEBOOK,
    offset: int = 0,
    at: dt.datetime | None = None,
    **more: Any,
) -> int:
    """Send a piece of the upload as its author."""
    piece = Piece(
        offset=offset, content=[data], arrived_at=lambda: at or timezone.now(), **more
    )
    return add_piece(actor=upload.attempt.author, upload=upload, piece=piece)
