"""Loading what a page is about: not visible to the person is 404."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun


def visible_assignment(user: User, slug: str, aslug: str) -> Assignment:
    """Return the assignment with its course and revision, if the person sees it."""
    return get_object_or_404(
        Assignment.objects.visible_to(user).select_related(
            "course", "revision", "week"
        ),
        course__slug=slug,
        slug=aslug,
    )


def visible_run(user: User, pk: UUID) -> GradingRun:
    """Return the run with all that it belongs to, if the person sees it."""
    return get_object_or_404(
        GradingRun.objects.visible_to(user).select_related(
            "submission__assignment__course", "submission__author", "revision"
        ),
        pk=pk,
    )
