"""The middleware that sends staff without a second factor to the pages to set it up."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User
from accounts.second_factor import (
    has_proved_second_factor,
    has_second_factor,
    must_have_second_factor,
)
from portal.api_errors import api_error, is_api

# Views that are open to everybody, or that end the session.
ALWAYS: Final = frozenset(
    {
        *("account_logout", "admin:logout", "account_login"),
        *("api:docs", "api:schema", "health"),
    }
)
# Views that set up a factor. None of them shows or deletes an existing factor.
SETTING_UP: Final = frozenset(
    {
        *("mfa_index", "mfa_activate_totp"),
        *("account_reauthenticate", "mfa_reauthenticate"),
    }
)
PROVING: Final = frozenset({"mfa_reauthenticate"})
WORDS: Final = (
    "Staff need a second step to sign in. Set it up in the browser, under Account, "
    "Two-step sign-in. Then send the request again."
)


class SecondFactorMiddleware:
    """Asks staff for a second factor before any view, page and API alike.

    For API tokens, accounts.authentication asks. Pages read from
    `request.second_factor` what is asked: "set up", "prove", or nothing. It is "off"
    for staff where the setting turns the second factor off.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Return a response in place of a view that the person may not reach yet."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        asked = "" if name in ALWAYS else _asked_of(request)
        request.second_factor = asked  # type: ignore[attr-defined]  # for templates
        if asked in {"", "off"}:
            return None
        if name in (SETTING_UP if asked == "set up" else PROVING):
            return None
        return _answer(request, asked)


def _asked_of(request: HttpRequest) -> str:
    user = request.user
    if not isinstance(user, User):
        return ""
    if not settings.STAFF_SECOND_FACTOR:
        return "off" if user.is_staff else ""
    if not must_have_second_factor(user):
        return ""
    if not has_second_factor(user):
        return "set up"
    return "" if has_proved_second_factor(request) else "prove"


def _answer(request: HttpRequest, asked: str) -> HttpResponseBase:
    if is_api(request.path_info):
        return api_error(403, "second_factor_missing", WORDS)
    if asked == "set up":
        address = reverse("mfa_index")
    else:
        back = urlencode({"next": request.get_full_path()})
        address = f"{reverse('mfa_reauthenticate')}?{back}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    if request.method in {"GET", "HEAD"}:
        return redirect(address)
    answer: HttpResponse = render(
        request, "403_second_factor.html", {"address": address}, status=403
    )
    return answer
