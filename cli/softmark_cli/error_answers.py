"""The portal's errors in words: what went wrong, and what to do about it."""

import email.utils
import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx

from softmark_cli.command_errors import ExitCode, Finding, PortalError

LOGIN_AGAIN: Final = (
    "Make a new token under Account, API tokens, then run softmark login again."
)
_HINTS: Final = {
    "scope_missing": "Make a token that may both read and submit, then run softmark "
    "login again.",
    "second_factor_missing": "Set it up in a browser, under Account, Two-step sign-in.",
    "https_required": "Run softmark login with an address that begins with https.",
    "attempt_open": "Add --replace to drop that attempt and open this one.",
    "upload_expired": "Run the same command again: it opens the attempt anew.",
    "wrong_sha256": "Perhaps the file was changed while it was being sent. Run the same "
    "command again.",
}
# An answer to HEAD has no body.
_CODES: Final = {410: "upload_expired"}
_PHRASES: Final = {
    404: "There is no such thing, or you may not see it.",
    410: "This attempt has expired.",
}
_NOT_FOUND: Final = frozenset({"unknown_course", "unknown_assignment"})
_EXIT_CODES: Final = {
    401: ExitCode.NOT_ALLOWED,
    403: ExitCode.NOT_ALLOWED,
    404: ExitCode.NOT_FOUND,
}


def error_of(response: httpx.Response) -> PortalError:
    """Return the error that the portal's answer tells of."""
    status = response.status_code
    if response.is_redirect:
        return _moved(response)
    findings = _findings(response)
    code = findings[0].code if findings else _CODES.get(status, f"http_{status}")
    message = _message(status, findings)
    hint = _HINTS.get(code, "")
    if status == HTTPStatus.UNAUTHORIZED:
        message, hint = "The portal does not accept your token.", LOGIN_AGAIN
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR and not findings:
        message = f"The portal failed ({status})."
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        message = "The portal takes no more requests of you for now."
    return PortalError(
        message,
        hint,
        exit_code=_exit_code(status, code),
        code=code,
        status=status,
        retry_after=_retry_after(response),
        findings=findings,
    )


def _message(status: int, findings: Sequence[Finding]) -> str:
    if not findings:
        return _PHRASES.get(status) or _phrase(status)
    if len(findings) == 1:
        return findings[0].message
    return f"The portal found {len(findings)} problems."


def _exit_code(status: int, code: str) -> ExitCode:
    if code in _NOT_FOUND:
        return ExitCode.NOT_FOUND
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ExitCode.PORTAL_FAILED
    return _EXIT_CODES.get(status, ExitCode.REFUSED)


def _moved(response: httpx.Response) -> PortalError:
    """Return the error of a redirect.

    SECURITY: it is not followed. The token would go where the answer says.
    """
    where = response.headers.get("Location", "another address")
    return PortalError(
        f"The portal sends this request on to {where}.",
        "If this is the right portal, run softmark login with that address.",
        exit_code=ExitCode.NO_CONNECTION,
        code="redirected",
        status=response.status_code,
    )


def _findings(response: httpx.Response) -> tuple[Finding, ...]:
    """Return what the answer says is wrong, in the API's one shape; else nothing."""
    try:
        errors = json.loads(response.content)["errors"]
        return tuple(_finding(each) for each in errors)
    except (ValueError, KeyError, TypeError):
        return ()


def _finding(error: Any) -> Finding:
    place = error["attr"]
    return Finding(
        code=str(error["code"]),
        message=str(error["detail"]),
        file="" if place in {None, "non_field_errors"} else str(place),
    )


def _phrase(status: int) -> str:
    try:
        return f"The portal answered: {HTTPStatus(status).phrase} ({status})."
    except ValueError:
        return f"The portal answered with the status {status}."


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of Retry-After, which may also be a date."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(at.timestamp() - time.time(), 0.0)
