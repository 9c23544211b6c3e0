"""Who is in a course, and as what."""

from accounts.actors import Actor
from accounts.models import User
from courses.models import Course, Enrolment, Role
from courses.permissions import Right
from courses.services.access import require


def enrol(*, actor: Actor, course: Course, user: User, role: Role) -> Enrolment:
    """The person is in the course with this role, and active.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require(actor, Right.EDIT, course)
    enrolment, _ = Enrolment.objects.update_or_create(
        course=course, user=user, defaults={"role": role, "is_active": True}
    )
    return enrolment
