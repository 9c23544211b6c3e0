"""Load the course of a page for its staff, or a row of the course."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Announcement, Course, Session
from courses.permissions import Right, can


def allowed_course(
    user: User, slug: str, right: Right, *, only_reads: bool = False
) -> Course:
    """Return the course. Raises Http404 if the person does not see it.

    Raises PermissionDenied (403) if they see it but do not have the right. A page that
    `only_reads` asks for the person's role once; others ask again, since what they do
    may change it.
    """
    rows = Course.objects.visible_to(user)
    if only_reads:
        rows = rows.for_viewer(user)
    found = get_object_or_404(rows, slug=slug)
    if not can(user, right, found):
        raise PermissionDenied
    return found


def allowed_announcement(user: User, slug: str, pk: int) -> Announcement:
    """Return the announcement with its course, for a person who may edit the course.

    Raises Http404 or PermissionDenied as `allowed_course` does.
    """
    course = allowed_course(user, slug, Right.EDIT)
    rows = course.announcements.visible_to(user)
    return get_object_or_404(rows.select_related("course", "author"), pk=pk)


def allowed_session(user: User, slug: str, pk: int) -> Session:
    """Return the session with its course, for a person who may edit the course.

    Raises Http404 or PermissionDenied as `allowed_course` does.
    """
    course = allowed_course(user, slug, Right.EDIT)
    rows = course.sessions.visible_to(user)
    return get_object_or_404(rows.select_related("course", "week", "room"), pk=pk)
