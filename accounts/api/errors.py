"""Errors that Django finds in a request, in the API's one error shape."""

from django.core.exceptions import SuspiciousOperation
from django.http import UnreadablePostError
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import ParseError


class ApiExceptionHandler(ExceptionHandler):
    """Answer 400, not 500, to a body that breaks off or exceeds Django's limits."""

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
        return super().convert_known_exceptions(exc)
