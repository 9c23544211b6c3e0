"""Loading the course of a page for its staff."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Course
from courses.permissions import Right, can


def allowed_course(user: User, slug: str, right: Right) -> Course:
    """Return the course. Raises Http404 if the person does not see it.

    Raises PermissionDenied (403) if they see it but do not have the right.
    """
    found = get_object_or_404(Course.objects.visible_to(user), slug=slug)
    if not can(user, right, found):
        raise PermissionDenied
    return found
