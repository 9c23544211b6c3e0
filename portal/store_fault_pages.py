"""The middleware that answers a fault of the store with a page in words."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from portal.api_errors import is_api
from storage.store_faults import StoreFault, log_store_fault, store_fault_of
from submissions.arrival import upload_fault

# The view that reports an upload that could not be written beside its own form.
OWN_WORDS: Final = "grading:submit"


class StoreFaultMiddleware:
    """Answers every page whose view raises an error of the store.

    It also answers in place of a view whose upload could not be written to the disk.
    The API has a handler of its own: accounts.api.errors.ApiExceptionHandler.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Return the page for an upload that failed, which the CSRF check has read."""
        fault = upload_fault(request)
        match = request.resolver_match
        if fault is None or (match and match.view_name == OWN_WORDS):
            return None
        return fault_page(fault)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponseBase | None:
        """Return the page for a fault of the store, or None for another error."""
        fault = store_fault_of(error)
        if fault is None or is_api(request.path_info):
            return None
        log_store_fault(error, fault)
        return fault_page(fault)


def fault_page(fault: StoreFault) -> HttpResponse:
    """Return the page that says in words what is wrong. It needs no database."""
    html = render_to_string("store_fault.html", {"fault": fault})
    answer = HttpResponse(html, status=fault.status)
    if fault.wait_seconds is not None:
        answer["Retry-After"] = str(fault.wait_seconds)
    # Its own line in the log names the file; Django's would add nothing.
    answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return answer
