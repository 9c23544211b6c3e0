"""The view of one's own marks, and of the total that they make."""

from decimal import Decimal
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from gradebook.pages.marks import marks_page
from grading.forms.typed_points import LONGEST_POINTS, typed_points

# The fields of the form in which a student assumes points: this and the id.
ASSUMED: Final = "assumed-"
_MOST_DIGITS: Final = 12


@login_required
@require_safe
def marks(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the person's own marks in the course, part by part, and their total."""
    assumed, unread = _assumed(request.GET)
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    page = marks_page(
        user=request.user,
        course=course,
        now=timezone.now(),
        assumed=assumed,
    )
    context = {"page": page, "course": course, "tab": "marks", "unread": unread}
    return render(request, "gradebook/marks.html", context)


def _assumed(given: QueryDict) -> tuple[dict[int, Decimal], list[str]]:
    """Return the assumed points by the assignment's id, and texts that are no points."""
    found, unread = {}, []
    for name, text in given.items():
        key = name.removeprefix(ASSUMED)
        is_key = name.startswith(ASSUMED) and key.isascii() and key.isdigit()
        if not is_key or len(key) > _MOST_DIGITS or not str(text).strip():
            continue
        points = typed_points(str(text))
        if points is None:
            unread.append(str(text)[:LONGEST_POINTS])
        else:
            found[int(key)] = points
    return found, unread
