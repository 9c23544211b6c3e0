"""Pages that update themselves by asking for a part of themselves."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from accounts.http import SignedInRequest
from courses.models import Assignment


def live_page(
    request: SignedInRequest, assignment: Assignment, page: object, *, name: str
) -> HttpResponse:
    """Return the page of an assignment, or its fragment if htmx asks.

    The templates are `grading/NAME.html` and `grading/_NAME.html`. No cache may store
    either.
    """
    context = {
        "page": page,
        "assignment": assignment,
        "course": assignment.course,
        "tab": "marks",
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = f"_{name}" if is_fragment else name
    answer = render(request, f"grading/{template}.html", context)
    answer["Cache-Control"] = "private, no-store"
    patch_vary_headers(answer, ["HX-Request"])
    return answer
