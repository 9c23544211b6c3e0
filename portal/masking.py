"""Addresses that are secrets do not stand in logs.

SECURITY: whoever has the address of somebody's calendar reads it without signing in,
and a log is read by more people than a database.
"""

import logging
import re
from typing import Final

_SECRET: Final = re.compile(r"(/calendar/)[^/\s?]+")


def masked(text: str) -> str:
    """Return the text with the secrets in it left out."""
    return _SECRET.sub(r"\1…", text)


class MaskSecrets(logging.Filter):
    """Leaves secrets out of what Django says of requests that went wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = masked(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(
                masked(arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True
