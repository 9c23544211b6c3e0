"""The middleware that answers a change of frozen marks with a page in words."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string

from courses.frozen_marks import MarksFrozenError
from portal.api_errors import is_api


class FrozenMarksMiddleware:
    """Answers every page whose view would change marks that are frozen.

    The transaction that raised the error has stored nothing. The API has a handler of
    its own: courses.api.frozen_errors.CoursesApiExceptionHandler.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponseBase | None:
        """Return the page that says so, or JSON for a script of a page.

        None for another error.
        """
        if not isinstance(error, MarksFrozenError) or is_api(request.path_info):
            return None
        if request.accepts("application/json") and not request.accepts("text/html"):
            return JsonResponse({"error": str(error)}, status=HTTPStatus.CONFLICT)
        html = render_to_string("marks_frozen.html", {"words": str(error)})
        return HttpResponse(html, status=HTTPStatus.CONFLICT)
