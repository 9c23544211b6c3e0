"""The view of one's own marks, and of the total that they make."""

from decimal import Decimal, InvalidOperation
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from gradebook.pages.marks import marks_page

# The fields of the form in which a student assumes points: this and the id.
ASSUMED: Final = "assumed-"
_MOST_DIGITS: Final = 12


@login_required
@require_safe
def marks(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the person's own marks in the course, part by part, and their total."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    page = marks_page(
        user=request.user,
        course=course,
        now=timezone.now(),
        assumed=_assumed(request.GET),
    )
    context = {"page": page, "course": course, "tab": "marks"}
    return render(request, "gradebook/marks.html", context)


def _assumed(given: QueryDict) -> dict[int, Decimal]:
    """Return the assumed points by the assignment's id. What is no number is left out."""
    found = {}
    for name, text in given.items():
        key = name.removeprefix(ASSUMED)
        is_key = name.startswith(ASSUMED) and key.isascii() and key.isdigit()
        points = _number(str(text))
        if is_key and len(key) <= _MOST_DIGITS and points is not None:
            found[int(key)] = points
    return found


def _number(text: str) -> Decimal | None:
    text = text.strip().replace(",", ".")
    if not text or len(text) > _MOST_DIGITS:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
