"""Errors under /api/ from outside the API's views, in the API's one error shape.

Django answers with an HTML page if no address matches, if a middleware refuses, and if
it fails. A program cannot read pages, so each becomes the JSON of docs/api.md.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.common import CommonMiddleware
from django.urls import is_valid_path

ROOT: Final = "/api"
_JSON: Final = "application/json"
# The headers that the new response keeps from the old one.
_KEPT: Final = ("Allow", "Cache-Control", "Retry-After", "Vary", "WWW-Authenticate")
_CODES: Final = {
    400: (
        "bad_request",
        "The request cannot be read: its host, headers or body are wrong.",
    ),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "There is no such address."),
    405: ("method_not_allowed", "This address does not accept this method."),
    406: ("not_acceptable", "The answer is JSON. Send Accept: application/json."),
    413: ("request_too_large", "The request is larger than the portal accepts."),
    500: ("error", "The portal failed. It is not your fault. Try again later."),
}


def is_api(path: str) -> bool:
    """Return whether the path belongs to the API."""
    return path == ROOT or path.startswith(f"{ROOT}/")


class AppendSlashToPages(CommonMiddleware):
    """Adds a missing slash to addresses of pages, never to those of the API.

    A client follows a redirect with GET. A hand-in sent without the slash would end
    with 200 and a list, and nothing would be stored.
    """

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        """Return whether to redirect to the same address with a slash."""
        is_page = not is_api(request.path_info)
        return is_page and super().should_redirect_with_slash(request)


def answer_api_in_json(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Turn each error page under /api/ into JSON.

    A request for the API without TLS is refused, not redirected: its token has been
    sent unencrypted, and its owner should know that.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not is_api(request.path_info):
            return get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            words = (
                "Use https. Revoke this token and make a new one, because it was "
                "sent unencrypted."
            )
            return api_error(HTTPStatus.FORBIDDEN, "https_required", words)
        response = get_response(request)
        is_refusal = response.status_code >= HTTPStatus.MULTIPLE_CHOICES
        is_json = response.headers.get("Content-Type", "").startswith(_JSON)
        if not is_refusal or is_json or response.status_code == HTTPStatus.NOT_MODIFIED:
            return response
        return _in_json(request, response)

    return answer


def api_error(
    status: int, code: str, detail: str, attr: str | None = None
) -> JsonResponse:
    """Return a response in the API's one error shape."""
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    error = {"code": code, "detail": detail, "attr": attr}
    kind = "server_error" if is_ours else "client_error"
    answer = JsonResponse({"type": kind, "errors": [error]}, status=status)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _in_json(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    status = response.status_code
    if status not in _CODES:
        # This is a status that is not listed, or a redirect: no API address redirects.
        is_redirect = status < HTTPStatus.BAD_REQUEST
        status = HTTPStatus.NOT_FOUND if is_redirect else status
    code, detail = _CODES.get(status, ("error", HTTPStatus(status).phrase))
    if status == HTTPStatus.NOT_FOUND and _lacks_slash(request.path_info):
        detail = f"Addresses end with a slash. Use {request.path_info}/"
    answer = api_error(status, code, detail)
    for name in _KEPT:
        if name in response.headers:
            answer.headers[name] = response.headers[name]
    return answer


def _lacks_slash(path: str) -> bool:
    return not path.endswith("/") and bool(is_valid_path(f"{path}/"))
