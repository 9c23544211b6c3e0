"""Check web and email addresses.

The rules are those of Django's validators, with one more: see `is_web_address`.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_LOCAL: Final = "localhost"
_LONGEST_URL: Final = 2048
_LONGEST_HOST: Final = 253
_LONGEST_EMAIL: Final = 320
_LONGEST_LABEL: Final = 63
# SECURITY: links become href attributes; a file must not bring in `javascript:`.
_URL: Final = re.compile(
    r"https?://"
    r"(?:[^\s:@/?#]+(?::[^\s:@/?#]*)?@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[^\s:@/?#\[\]]+)"
    r"(?::[0-9]{1,5})?"
    r"(?:[/?#]\S*)?",
    re.IGNORECASE,
)
# Compiled at the first use, as the range takes 15 ms, and 30 ms with IGNORECASE.
_ALPHA: Final = "A-Za-z\u00a1-\uffff"
_LABEL: Final = rf"[{_ALPHA}0-9](?:[{_ALPHA}0-9-]*[{_ALPHA}0-9])?"
_TOP_LEVEL: Final = rf"[{_ALPHA}][{_ALPHA}-]*[{_ALPHA}]|[Xx][Nn]--[A-Za-z0-9]{{1,59}}"
_ATOM: Final = r"[-!#$%&'*+/=?^_`{}|~0-9A-Z]+"
_QUOTED: Final = (
    r'"(?:[\001-\010\013\014\016-\037!#-\[\]-\177]|\\[\001-\011\013\014\016-\177])*"'
)
_MAILBOX: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*|{_QUOTED}", re.IGNORECASE)


def is_web_address(text: str) -> bool:
    """Return whether the text is a complete web address, with http or https.

    Unlike Django's validator, it accepts no “?” or “#” before an “@”: in
    `https://a?b@example.org` people read one host and browsers another.
    """
    if len(text) > _LONGEST_URL:
        return False
    found = _URL.fullmatch(text)
    if found is None:
        return False
    try:
        # `urlsplit` refuses hosts with letters that normalise to “/” or “:”.
        host = urlsplit(text).hostname
    except ValueError:
        return False
    if host is None or len(host) > _LONGEST_HOST:
        return False
    written = found["host"]
    if written.startswith("["):
        return _is_ip_address(written[1:-1], 6)
    is_named = written.casefold() == _LOCAL or _is_domain(written.removesuffix("."))
    return is_named or _is_ip_address(written, 4)


def is_email_address(text: str) -> bool:
    """Return whether the text is an email address, without a name or brackets."""
    mailbox, at, host = text.rpartition("@")
    if not at or len(text) > _LONGEST_EMAIL or not _MAILBOX.fullmatch(mailbox):
        return False
    if host.startswith("[") and host.endswith("]"):
        return any(_is_ip_address(host[1:-1], version) for version in (4, 6))
    return host == _LOCAL or _is_domain(host)


def _is_domain(name: str) -> bool:
    *labels, last = name.split(".")
    return (
        bool(labels)
        and all(len(label) <= _LONGEST_LABEL for label in (*labels, last))
        and all(re.fullmatch(_LABEL, label) for label in labels)
        and re.fullmatch(_TOP_LEVEL, last) is not None
    )


def _is_ip_address(text: str, version: int) -> bool:
    try:
        return "%" not in text and ipaddress.ip_address(text).version == version
    except ValueError:
        return False
