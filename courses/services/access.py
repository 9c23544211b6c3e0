"""The permission check at the start of each service of a course."""

from django.core.exceptions import PermissionDenied

from accounts.actors import Actor, System
from courses.models import Course
from courses.permissions import Right, can


def require_right(actor: Actor, right: Right, course: Course) -> None:
    """Raise PermissionDenied unless the actor has the right in the course."""
    if not isinstance(actor, System) and not can(actor, right, course):
        raise PermissionDenied
