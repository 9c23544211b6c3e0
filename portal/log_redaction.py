"""Keeps secret addresses out of logs, and stops addresses from forging log lines.

SECURITY: everybody who has the address of a person's calendar can read it without
signing in, and more people read a log than a database. A client chooses what is in an
address, including line ends and the codes that terminals obey.
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
    """Leaves secrets out of Django's log entries about failed requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = masked(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(
                masked(arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True
