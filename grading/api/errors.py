"""Refusals of a hand-in, in the API's one error shape."""

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
        where = problem.file or api_settings.NON_FIELD_ERRORS_KEY
        by_file[where].append(ErrorDetail(_words(problem), code=problem.code))
    return ValidationError(dict(by_file))


def _words(problem: Problem) -> str:
    return f"{problem.message} {problem.hint}".strip()
