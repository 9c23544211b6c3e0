"""Load a page's object, or raise Http404 if the person may not see it."""

from typing import Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Assignment, AssignmentRevision
from courses.permissions import Right, can_view_work_of, rights_in
from grading.models import GradingRun, SelfCheck

# The most digits of a number that fits into a database column.
MOST_DIGITS: Final = 9


def visible_assignment(
    user: User, slug: str, aslug: str, *, entered: bool = False
) -> Assignment:
    """Return the assignment with its course and revision, if the person may see it.

    Assignments whose marks are entered have none of the pages about what is handed in:
    only pages that ask for them with `entered` find them.
    """
    rows = (
        Assignment.objects.visible_to(user)
        .with_hiding_from(user)
        .select_related("course", "revision", "week", "component")
    )
    if not entered:
        rows = rows.filter(marks_out_of__isnull=True)
    return get_object_or_404(rows, course__slug=slug, slug=aslug)


def visible_run(user: User, pk: UUID) -> GradingRun:
    """Return the run with all that it belongs to, if the person may see it."""
    return get_object_or_404(
        GradingRun.objects.visible_to(user).select_related(
            "submission__assignment__course", "submission__author", "revision"
        ),
        pk=pk,
    )


def visible_self_check(user: User, pk: UUID) -> SelfCheck:
    """Return the self-check with all that it belongs to, if it is the person's own."""
    found = get_object_or_404(
        SelfCheck.objects.visible_to(user).select_related(
            "assignment__course", "assignment__revision", "run__revision"
        ),
        pk=pk,
    )
    # The run's pages ask it for its check.
    found.run.self_check = found
    return found


def allowed_assignment(
    user: User, slug: str, aslug: str, *rights: Right, entered: bool = False
) -> Assignment:
    """Return the assignment if the person may see it, and 403 without the rights.

    One of these rights is enough. For `entered`, see `visible_assignment`.
    """
    found = visible_assignment(user, slug, aslug, entered=entered)
    if not rights_in(user, found.course) & set(rights):
        raise PermissionDenied
    return found


def allowed_work(
    user: User, slug: str, aslug: str, *, entered: bool = False
) -> Assignment:
    """Return the assignment if the person may see everybody's work for it, or 403.

    For `entered`, see `visible_assignment`.
    """
    found = visible_assignment(user, slug, aslug, entered=entered)
    if not can_view_work_of(user, found):
        raise PermissionDenied
    return found


def revision_of(assignment: Assignment, number: int) -> AssignmentRevision:
    """Return the assignment's revision of this number, or raise Http404."""
    return get_object_or_404(
        assignment.revisions.select_related("assignment__course"), number=number
    )


def number_in(text: str) -> int | None:
    """Return the whole number that an address or a form gives, or None if it is none."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else None


def chosen_revision(assignment: Assignment, number: str) -> AssignmentRevision:
    """Return the revision with the number, or the published or the latest one.

    `number` is what a form sent, or empty. Raises Http404 if there is no such revision.
    """
    if number:
        found = number_in(number)
        if found is None:
            raise Http404
        return revision_of(assignment, found)
    if assignment.revision is not None:
        return revision_of(assignment, assignment.revision.number)
    latest = assignment.revisions.select_related("assignment__course").first()
    if latest is None:
        raise Http404
    return latest
