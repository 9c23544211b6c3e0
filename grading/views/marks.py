"""The view of one's own marks."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from grading.pages.marks import marks_page


@login_required
@require_safe
def marks(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the person's own marks in the course, part by part."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    page = marks_page(user=request.user, course=course, now=timezone.now())
    context = {"page": page, "course": course, "tab": "marks"}
    return render(request, "grading/marks.html", context)
