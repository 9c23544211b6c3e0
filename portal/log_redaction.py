"""Addresses that are secrets do not stand in logs, and no address writes a log line.

SECURITY: whoever has the address of somebody's calendar reads it without signing in,
and a log is read by more people than a database. Who asks for an address chooses what
is in it, line ends and the codes that terminals obey among it.
"""

import logging
import re
from typing import Final

_SECRET: Final = re.compile(r"(/calendar/)[^/\s?]+")


def masked(text: str) -> str:
    """Return the text with the secrets in it left out."""
    return _SECRET.sub(r"\1…", text)


def escaped(text: str) -> str:
    r"""Return the text on one line: `\n`, `\x1b` for what is not printable, `\\`."""
    return "".join(
        character
        if character.isprintable() and character != "\\"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


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
