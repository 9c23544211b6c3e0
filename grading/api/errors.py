"""Refusals of hand-ins, requests and markings, in the API's one error shape."""

from collections import defaultdict
from typing import Final

from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from accounts.api.errors import StoreFailed
from formats.problems import Problem
from submissions.exceptions import SubmissionRefusedError


class TooLarge(APIException):
    """The body is larger than any hand-in may be."""

    status_code = 413
    default_code = "request_too_large"
    default_detail = "The files together are larger than the portal accepts."


class AttemptOpen(APIException):
    """The person has opened an attempt at the assignment with other files."""

    status_code = 409
    default_code = "attempt_open"


class ChoiceRefused(APIException):
    """The assignment leaves the person no choice of the attempt that counts."""

    status_code = 409
    default_code = "choice_refused"


class RequestClosed(APIException):
    """The request has an answer, or was withdrawn."""

    status_code = 409
    default_code = "request_closed"


class MarkingChanged(APIException):
    """The marking has changed, or another attempt counts, since it was read."""

    status_code = 409
    default_code = "marking_changed"


class MarksChanged(APIException):
    """Entered marks have changed since they were read."""

    status_code = 409
    default_code = "marks_changed"


class AttemptIncomplete(APIException):
    """Files of the attempt have not arrived completely."""

    status_code = 409
    default_code = "attempt_incomplete"


class AttemptHandedIn(APIException):
    """The attempt was handed in, so it cannot be dropped or checked."""

    status_code = 409
    default_code = "handed_in"
    default_detail = "This attempt was handed in, so it cannot be dropped."


class AttemptExpired(APIException):
    """The attempt was not handed in for too long."""

    status_code = 410
    default_code = "upload_expired"
    default_detail = "This attempt has expired. Open it again."


class KeyReused(APIException):
    """The idempotency key was sent before, with other files."""

    status_code = 409
    default_code = "idempotency_key_reused"


# Problems of the store, which no file of the student's can mend.
STORE_CODES: Final = frozenset(("store_full", "store_unreachable"))


def refusal(error: SubmissionRefusedError) -> APIException:
    """Return the exception whose response lists every problem by its file."""
    by_file: dict[str, list[ErrorDetail]] = defaultdict(list)
    for problem in error.problems:
        if problem.code in STORE_CODES:
            return StoreFailed(_words(problem), code=problem.code)
        if problem.code == AttemptOpen.default_code:
            return AttemptOpen(_words(problem))
        where = problem.file or api_settings.NON_FIELD_ERRORS_KEY
        by_file[where].append(ErrorDetail(_words(problem), code=problem.code))
    return ValidationError(dict(by_file))


def _words(problem: Problem) -> str:
    return f"{problem.message} {problem.hint}".strip()
