"""Requests of the API that open attempts, and of the protocol tus."""

import base64
import hashlib
from typing import Any

from django.test import Client

from courses.models import Assignment
from tests.factories import small_notebook

ATTEMPTS = "/api/v1/opened-attempts/"
NOTEBOOK = small_notebook().encode()
VERSION = {"Tus-Resumable": "1.0.0"}


def file_row(data: bytes = NOTEBOOK, name: str = "work.ipynb") -> dict[str, Any]:
    """Return the declaration of a file with this content."""
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "size": len(data), "sha256": digest}


def open_attempt(client: Client, assignment: Assignment, **fields: Any) -> Any:
    """Open an attempt with a small notebook, or with these fields."""
    body = {
        "assignment": assignment.pk,
        "declaration": True,
        "files": [file_row()],
        **fields,
    }
    return client.post(ATTEMPTS, body, content_type="application/json")


def patch(
    client: Client, url: str, data: bytes = NOTEBOOK, offset: int = 0, **headers: str
) -> Any:
    """Send a piece."""
    sent = {**VERSION, "Upload-Offset": str(offset)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(
        url,
        data,
        content_type=sent.pop("Content-Type", "application/offset+octet-stream"),
        headers=sent,
    )


def checksum(data: bytes, name: str = "sha256") -> str:
    """Return the header Upload-Checksum of a piece."""
    digest = hashlib.new(name, data).digest()
    return f"{name} {base64.b64encode(digest).decode()}"
