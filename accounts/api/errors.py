"""Errors from below the API's views, in the API's one error shape."""

from http import HTTPStatus

from django.core.exceptions import SuspiciousOperation
from django.http import UnreadablePostError
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response

from storage.store_faults import (
    RETRY_SECONDS,
    StoreFault,
    log_store_fault,
    store_fault_of,
)


class StoreFailed(APIException):
    """The store of files fails. It is our fault, and a later try may succeed."""

    status_code: int = HTTPStatus.SERVICE_UNAVAILABLE
    # Sent as Retry-After.
    wait: int | None = RETRY_SECONDS


class ApiExceptionHandler(ExceptionHandler):
    """Answer in words to a broken or too long body, and to a fault of the store."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Return the exception from which the API makes its response."""
        if isinstance(exc, SuspiciousOperation):
            return ParseError(
                "The form has too many parts, or a part that is too long."
            )
        if isinstance(exc, UnreadablePostError):
            return ParseError(
                "The request ended before all its data had arrived. Send it again."
            )
        if (fault := store_fault_of(exc)) is not None:
            return _store_failed(fault)
        return super().convert_known_exceptions(exc)

    def report_exception(self, exc: APIException, response: Response) -> None:
        """Log an error as Django does; a fault of the store takes one line."""
        if not isinstance(exc, StoreFailed):
            super().report_exception(exc, response)
            return
        if (fault := store_fault_of(self.exc)) is not None:
            log_store_fault(self.exc, fault)
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001


def _store_failed(fault: StoreFault) -> StoreFailed:
    failed = StoreFailed(f"{fault.message} {fault.hint}", code=fault.code)
    failed.status_code = fault.status
    failed.wait = fault.wait_seconds
    return failed
