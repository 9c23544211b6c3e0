"""The id of a request, by which its log lines and those of its run are found."""

import re
import uuid
from typing import Final

import structlog

# A proxy may send an id. SECURITY: it goes to the log and into the database, so it is
# short and has plain characters only.
_GIVEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_NAME: Final = "request"


def request_id_of(given: str) -> str:
    """Return the id that came with the request if it is well-formed, or a new one."""
    return given if _GIVEN.fullmatch(given) else uuid.uuid4().hex


def current_request_id() -> str:
    """Return the id of the request that this thread answers, or "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get(_NAME, ""))
