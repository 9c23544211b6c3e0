"""The view of how each marker marks."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right
from grading.pages.marking_statistics import marking_statistics_page
from grading.views.access import allowed_assignment, number_in

_SAMPLE: Final = 5
_LARGEST_SAMPLE: Final = 50


@login_required
@require_safe
def marking_statistics(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show what each marker gives, and a random sample of each marker's markings."""
    found = allowed_assignment(request.user, slug, aslug, Right.OVERSEE)
    page = marking_statistics_page(
        assignment=found,
        viewer=request.user,
        size=min(_number(request.GET.get("sample", ""), _SAMPLE), _LARGEST_SAMPLE),
        draw=_number(request.GET.get("draw", ""), 0),
    )
    context = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    return render(request, "grading/marking_statistics.html", context)


def _number(text: str, usual: int) -> int:
    """Return the number that the address names, or the usual one."""
    number = number_in(text)
    return usual if number is None else number
