"""The permission check at the start of each service of a course."""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied

from accounts.actors import Actor, System
from courses.models import Assignment, Course
from courses.permissions import Right, can, rights_at, rights_in


def require_right(actor: Actor, right: Right, course: Course) -> None:
    """Raise PermissionDenied unless the actor has the right in the course."""
    if not isinstance(actor, System) and not can(actor, right, course):
        raise PermissionDenied


def require_some_right(actor: Actor, rights: Collection[Right], course: Course) -> None:
    """Raise PermissionDenied unless the actor has one of the rights in the course."""
    if not isinstance(actor, System) and not rights_in(actor, course) & set(rights):
        raise PermissionDenied


def require_right_at(
    actor: Actor, rights: Collection[Right], assignment: Assignment
) -> None:
    """Raise PermissionDenied unless the actor has one of the rights for its work."""
    if not isinstance(actor, System) and not rights_at(actor, assignment) & set(rights):
        raise PermissionDenied
