"""Load a page's object, or raise Http404 if the person may not see it."""

from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Assignment, AssignmentRevision
from courses.permissions import Right, can
from grading.models import GradingRun

# The most digits of a number that fits into a database column.
MOST_DIGITS: Final = 9


def visible_assignment(user: User, slug: str, aslug: str) -> Assignment:
    """Return the assignment with its course and revision, if the person may see it."""
    return get_object_or_404(
        Assignment.objects.visible_to(user).select_related(
            "course", "revision", "week", "component"
        ),
        course__slug=slug,
        slug=aslug,
    )


def visible_run(user: User, pk: UUID) -> GradingRun:
    """Return the run with all that it belongs to, if the person may see it."""
    return get_object_or_404(
        GradingRun.objects.visible_to(user).select_related(
            "submission__assignment__course", "submission__author", "revision"
        ),
        pk=pk,
    )


def allowed_assignment(user: User, slug: str, aslug: str, right: Right) -> Assignment:
    """Return the assignment if the person may see it, and 403 without the right."""
    found = visible_assignment(user, slug, aslug)
    if not can(user, right, found.course):
        raise PermissionDenied
    return found


def revision_of(assignment: Assignment, number: int) -> AssignmentRevision:
    """Return the assignment's revision of this number, or raise Http404."""
    return get_object_or_404(
        assignment.revisions.select_related("assignment__course"), number=number
    )


def chosen_revision(assignment: Assignment, number: str) -> AssignmentRevision:
    """Return the revision with the number, or the published or the latest one.

    `number` is what a form sent, or empty. Raises Http404 if there is no such revision.
    """
    if number:
        if not number.isascii() or not number.isdecimal() or len(number) > MOST_DIGITS:
            raise Http404
        return revision_of(assignment, int(number))
    if assignment.revision is not None:
        return revision_of(assignment, assignment.revision.number)
    latest = assignment.revisions.select_related("assignment__course").first()
    if latest is None:
        raise Http404
    return latest
