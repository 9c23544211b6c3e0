"""Limits on how much one request can write to the log, whatever was sent with it."""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

# The most characters of one value of an entry; a traceback may be longer.
MAX_VALUE: Final = 2000
MAX_TRACEBACK: Final = 12_000
# More values than any of our own entries has.
MAX_VALUES: Final = 40
_SERVER_ERROR: Final = 500


def cut(text: str, longest: int) -> str:
    """Return the text, without its middle if it is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}… {len(text) - 2 * half} more characters …{text[-half:]}"


def shorten_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Cut each value of an entry. A structlog processor, just before the renderer."""
    return {
        cut(key, MAX_VALUE): _short(value, MAX_TRACEBACK if key == "exception" else 0)
        for key, value in list(event.items())[:MAX_VALUES]
    }


def _short(value: Any, longest: int) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    short = cut(text, longest or MAX_VALUE)
    return value if short == text else short


class ClientErrorsWithoutTraceback(logging.Filter):
    """Leaves the traceback out of entries about a client's error.

    Django logs forty lines for each request without permission, and more for each wrong
    Host name: anybody could fill the disk.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its traceback if a client is at fault."""
        status = getattr(record, "status_code", _SERVER_ERROR)
        if status < _SERVER_ERROR or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


class ShortArguments(logging.Filter):
    """Cuts gunicorn's own log entries, which structlog does not process."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass with its arguments cut."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                cut(arg, MAX_VALUE) if isinstance(arg, str) else arg
                for arg in record.args
            )
        return True
