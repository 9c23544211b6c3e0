"""Services that enrol people, and change their roles."""

from django.db import transaction

from accounts.actors import Actor, System
from accounts.models import User
from courses.models import Course, CourseChange, Enrolment
from courses.permissions import STAFF_ROLES, Right, can
from courses.services.access import require_right
from courses.services.changes import record_change
from formats.choices import Role


class RoleRefusedError(Exception):
    """A role was not changed. The text says what to do."""


class LecturersOnlyError(RoleRefusedError):
    """Only lecturers may give or take the role of a lecturer."""

    def __init__(self) -> None:
        super().__init__(
            "Only lecturers make somebody a lecturer, or change the role of a lecturer. "
            "Ask a lecturer of the course."
        )


class LastLecturerError(RoleRefusedError):
    """A course with lecturers would be left without one. The text says what to do."""

    def __init__(self) -> None:
        super().__init__(
            "A course needs at least one lecturer. Make somebody else a lecturer first."
        )


def lock_enrolment(student: User, course_id: int) -> None:
    """Lock the row that all that the student sends to the course share.

    SQLite has no row locks and needs none: a transaction locks the whole file.
    """
    enrolments = Enrolment.objects.active().select_for_update()
    enrolments.filter(course=course_id, user=student).first()


def enrol(*, actor: Actor, course: Course, user: User, role: Role) -> Enrolment:
    """Enrol the person with this role, or make them active with it.

    A change of role is recorded. Raises PermissionDenied if the actor may not manage
    the course's people, and RoleRefusedError.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    with transaction.atomic():
        lock_people(course)
        require_may_give(actor, course, role)
        enrolment, is_new = Enrolment.objects.get_or_create(
            course=course, user=user, defaults={"role": role}
        )
        if is_new:
            record_new_staff(actor=actor, enrolment=enrolment)
        else:
            _set_role(actor, enrolment, role, is_active=True)
    return enrolment


def record_new_staff(*, actor: Actor, enrolment: Enrolment) -> None:
    """Record a new member of staff.

    Students, and people whom the portal itself enrols, are not recorded.
    """
    if enrolment.role not in STAFF_ROLES or isinstance(actor, System):
        return
    record_change(
        actor=actor,
        course=enrolment.course,
        kind=CourseChange.Kind.ROLE,
        summary=f"{enrolment.user} ({enrolment.user.email}) is new: "
        f"{enrolment.get_role_display()}.",
        after=str(enrolment.get_role_display()),
    )


def change_role(
    *,
    actor: Actor,
    enrolment: Enrolment,
    role: Role | None = None,
    is_active: bool | None = None,
) -> Enrolment:
    """Give the person this role, make them active or inactive, and record the change.

    None leaves a value as it is. Raises PermissionDenied if the actor may not manage the
    course's people, LecturersOnlyError, and LastLecturerError if the course would have no
    lecturer who can sign in.
    """
    require_right(actor, Right.MANAGE_PEOPLE, enrolment.course)
    with transaction.atomic():
        lock_people(enrolment.course)
        enrolment.refresh_from_db(fields=["role", "is_active"])
        _set_role(
            actor,
            enrolment,
            Role(enrolment.role) if role is None else role,
            is_active=enrolment.is_active if is_active is None else is_active,
        )
    return enrolment


def require_may_give(actor: Actor, course: Course, *roles: str | None) -> None:
    """Raise LecturersOnlyError if the actor may not give or take one of these roles.

    SECURITY: otherwise a course administrator could make themselves a lecturer.
    """
    if Role.LECTURER not in roles or isinstance(actor, System):
        return
    if not can(actor, Right.EDIT, course):
        raise LecturersOnlyError


def lock_people(course: Course) -> None:
    """Lock the course's people against other changes until the transaction ends."""
    Course.objects.select_for_update().get(pk=course.pk)


def require_lecturer(course: Course, *, had_one: bool) -> None:
    """Raise LastLecturerError if the course had a lecturer and has none now."""
    if had_one and not has_lecturer(course):
        raise LastLecturerError


def has_lecturer(course: Course) -> bool:
    """Return whether the course has a lecturer who can sign in."""
    lecturers = Enrolment.objects.active().filter(course=course, role=Role.LECTURER)
    return lecturers.filter(user__is_active=True).exists()


def role_words(role: str, *, is_active: bool) -> str:
    """Return a person's role in the course, as records show it."""
    return Role(role).label if is_active else f"{Role(role).label}, inactive"


def _set_role(
    actor: Actor, enrolment: Enrolment, role: Role, *, is_active: bool
) -> None:
    before = role_words(enrolment.role, is_active=enrolment.is_active)
    after = role_words(role, is_active=is_active)
    if before == after:
        return
    require_may_give(actor, enrolment.course, enrolment.role, role)
    had_one = has_lecturer(enrolment.course)
    enrolment.role, enrolment.is_active = role, is_active
    enrolment.save(update_fields=["role", "is_active"])
    require_lecturer(enrolment.course, had_one=had_one)
    record_change(
        actor=actor,
        course=enrolment.course,
        kind=CourseChange.Kind.ROLE,
        summary=f"{enrolment.user.name} ({enrolment.user.email}): {after}.",
        before=before,
        after=after,
    )
