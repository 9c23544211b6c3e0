"""What holds for every answer of the portal."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase


def keep_no_copies(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let nothing keep a page, unless its view says how long it may be kept.

    SECURITY: on a shared machine, going back after signing out would show marks.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer
