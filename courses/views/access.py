"""Loading a course for a page of its staff: not visible to the person is 404."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from accounts.models import User
from courses.models import Course
from courses.permissions import Right, can


def allowed_course(user: User, slug: str, right: Right) -> Course:
    """Return the course if the person sees it; without the right it is 403."""
    found = get_object_or_404(Course.objects.visible_to(user), slug=slug)
    if not can(user, right, found):
        raise PermissionDenied
    return found
