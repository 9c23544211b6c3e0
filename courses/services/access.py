"""The check with which each service of a course begins."""

from django.core.exceptions import PermissionDenied

from accounts.actors import Actor, System
from courses.models import Course
from courses.permissions import Right, can


def require(actor: Actor, right: Right, course: Course) -> None:
    """Return if the actor has the right in the course, else raise PermissionDenied."""
    if not isinstance(actor, System) and not can(actor, right, course):
        raise PermissionDenied
