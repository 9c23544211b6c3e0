"""The answer of the API to a change of marks that are frozen."""

from http import HTTPStatus

from rest_framework.exceptions import APIException

from accounts.api.errors import ApiExceptionHandler
from courses.frozen_marks import FROZEN_CODE, MarksFrozenError


class MarksFrozen(APIException):
    """The marks of the course are frozen. Nothing was stored."""

    status_code: int = HTTPStatus.CONFLICT
    default_code = FROZEN_CODE


class CoursesApiExceptionHandler(ApiExceptionHandler):
    """Answer in words to a change of frozen marks, and to what is below that."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Return the exception from which the API makes its response."""
        if isinstance(exc, MarksFrozenError):
            return MarksFrozen(str(exc))
        return super().convert_known_exceptions(exc)
