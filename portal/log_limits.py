"""What one request leaves in the log has a length, whatever was sent with it."""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

# Of one value of an entry, in characters; a traceback may be longer.
MAX_VALUE: Final = 2000
MAX_TRACEBACK: Final = 12_000
# More values than any of our own entries has.
MAX_VALUES: Final = 40
_SERVER_ERROR: Final = 500


def cut(text: str, longest: int) -> str:
    """Return the text, the middle left out if it is longer."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}… {len(text) - 2 * half} more characters …{text[-half:]}"


def shorten_values(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Cut each value of an entry: a processor of structlog, just before the renderer."""
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
    """Leaves the traceback out of what a client did wrong.

    Django logs forty lines for each request without permission, and more for each name
    of the portal that is none: anybody could fill the disk.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its traceback where a client is at fault."""
        status = getattr(record, "status_code", _SERVER_ERROR)
        if status < _SERVER_ERROR or record.name.startswith("django.security"):
            record.exc_info = record.exc_text = None
        return True


class ShortArguments(logging.Filter):
    """Cuts what gunicorn says of a request: its own log goes by no processor."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, its arguments cut."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                cut(arg, MAX_VALUE) if isinstance(arg, str) else arg
                for arg in record.args
            )
        return True
