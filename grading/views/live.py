"""Pages that update themselves by asking for a part of themselves."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.http import SignedInRequest


def live_page(
    request: SignedInRequest, context: Mapping[str, object], *, page: str, fragment: str
) -> HttpResponse:
    """Return the page, or its fragment if htmx asks; no cache may store either."""
    is_fragment = request.headers.get("HX-Request") == "true"
    answer = render(request, fragment if is_fragment else page, dict(context))
    answer["Cache-Control"] = "private, no-store"
    patch_vary_headers(answer, ["HX-Request"])
    return answer
