"""What each role may do in a course: one table for views, API, admin and querysets."""

from enum import StrEnum
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from courses.hidden_work import work_is_hidden_from
from courses.models import Assignment, Course, Enrolment
from formats.choices import Role


class Right(StrEnum):
    """Something a person may do in a course."""

    VIEW = "view"
    SUBMIT = "submit"
    # The marks of everybody, with codes in place of names if the person does not have
    # VIEW_ALL_WORK too.
    VIEW_MARKS = "view_marks"
    VIEW_ALL_WORK = "view_all_work"
    # All work also while its marking is anonymous or given out, and what markers gave
    # before the release.
    OVERSEE = "oversee"
    GRADE = "grade"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_MARKS = "manage_marks"
    # The content of the course, its settings, and how its coursework is marked.
    EDIT = "edit"


# One of these is needed to decide about single marks: who marks, or manages marks.
DECIDES_MARKS: Final = frozenset({Right.GRADE, Right.MANAGE_MARKS})
_READS_ALL: Final = frozenset({Right.VIEW, Right.VIEW_MARKS, Right.VIEW_ALL_WORK})
_MANAGES: Final = frozenset({Right.OVERSEE, Right.MANAGE_PEOPLE, Right.MANAGE_MARKS})
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.STUDENT: frozenset({Right.VIEW, Right.SUBMIT}),
    Role.ASSISTANT: _READS_ALL | {Right.GRADE},
    Role.LECTURER: _READS_ALL | _MANAGES | {Right.GRADE, Right.EDIT},
    Role.ADMINISTRATOR: _READS_ALL | _MANAGES,
    Role.EXAMINER: _READS_ALL | {Right.OVERSEE},
}
# What is left to external examiners where the course hides names from them.
RIGHTS_WITHOUT_NAMES: Final = RIGHTS[Role.EXAMINER] - {Right.VIEW_ALL_WORK}
# Site staff run the portal: they see and repair every course, and hand in nothing.
SITE_STAFF_RIGHTS = RIGHTS[Role.LECTURER]
STAFF_ROLES = tuple(role for role in Role if Right.VIEW_MARKS in RIGHTS[role])


def role_in(user: User, course: Course) -> Role | None:
    """Return the person's role in the course, or None.

    No query if the course was loaded by `for_viewer` for this person; otherwise one.
    """
    if getattr(course, "viewer_id", None) == user.pk:
        known: str | None = course.viewer_role  # type: ignore[attr-defined]  # annotated
        return Role(known) if known else None
    value = (
        Enrolment.objects.active()
        .filter(user=user, course=course)
        .values_list("role", flat=True)
        .first()
    )
    return Role(value) if value else None


def rights_in(user: User, course: Course) -> frozenset[Right]:
    """Return everything that the person may do in the course."""
    role = role_in(user, course)
    rights = RIGHTS[role] if role else frozenset()
    if role is Role.EXAMINER and course.examiners_see_codes:
        rights = RIGHTS_WITHOUT_NAMES
    return rights | SITE_STAFF_RIGHTS if user.is_superuser else rights


def can(user: User, right: Right, course: Course) -> bool:
    """Return whether the person has this right in the course."""
    return right in rights_in(user, course)


def can_submit(user: User, assignment: Assignment) -> bool:
    """Return whether the person may hand in this assignment."""
    return can(user, Right.SUBMIT, assignment.course)


def can_view_all_work(user: User, course: Course) -> bool:
    """Return whether the person sees everybody's work in the course."""
    return can(user, Right.VIEW_ALL_WORK, course)


def rights_at(user: User, assignment: Assignment) -> frozenset[Right]:
    """Return everything that the person may do with the work of an assignment.

    SECURITY: this is the rule of all pages, lists, files and programs but those of
    marking (grading.services.marker_scope). While the marking is anonymous, or markers
    see only what they are given, whoever does not oversee the course sees no work there.
    Nobody does, whatever their role, while a second marking is still to be given by
    them (courses.hidden_work). `AssignmentQuerySet.with_work_seen_by` and
    `with_marks_seen_by` are the same rule for querysets.
    """
    rights = rights_in(user, assignment.course)
    if Right.VIEW_MARKS not in rights:
        return rights
    is_apart = assignment.is_marked_apart and Right.OVERSEE not in rights
    if is_apart or is_work_hidden(user, assignment):
        return rights - {Right.VIEW_ALL_WORK, Right.VIEW_MARKS, Right.GRADE}
    return rights


def is_work_hidden(user: User, assignment: Assignment) -> bool:
    """Return whether the assignment's work is hidden from the person for now.

    No query if the assignment was loaded by `with_hiding_from` this person; otherwise
    one.
    """
    if getattr(assignment, "hiding_viewer_id", None) == user.pk:
        known: bool = assignment.hides_work  # type: ignore[attr-defined]  # annotated
        return known
    rows = Assignment.objects.filter(work_is_hidden_from(user), pk=assignment.pk)
    return rows.exists()


def work_is_not_hidden(user: User, *, assignment: str) -> Q:
    """Match rows of assignments whose work is not hidden from the person. One query.

    The few hidden assignments are found before. Otherwise PostgreSQL would read whole
    tables of work to leave them out.
    """
    rows = Assignment.objects.filter(work_is_hidden_from(user)).order_by()
    hidden = list(rows.values_list("pk", flat=True))
    return ~Q(**{f"{assignment}__in": hidden}) if hidden else Q()


def can_view_work_of(user: User, assignment: Assignment) -> bool:
    """Return whether the person sees everybody's work for the assignment."""
    return Right.VIEW_ALL_WORK in rights_at(user, assignment)


def own_or_in_staffed_courses(user: User, *, assignment: str, owner: str) -> Q:
    """Match the person's own work, and everybody's work that they see as staff.

    `assignment` and `owner` are lookups from the row. A person's own work is hidden if
    its course is hidden from them.
    """
    if user.is_superuser:
        return work_is_not_hidden(user, assignment=assignment)
    return Q(work_is_seen(user, assignment=assignment)) | own_in_visible_courses(
        user, course=f"{assignment}__course", owner=owner
    )


def work_is_seen(user: User, *, assignment: str) -> Exists:
    """Match rows of assignments of which the person sees everybody's work."""
    seen = Assignment.objects.with_work_seen_by(user)
    return Exists(seen.filter(pk=OuterRef(assignment)).order_by())


def own_in_visible_courses(user: User, *, course: str, owner: str) -> Q:
    """Match the person's own work in courses that they see."""
    visible = Course.objects.visible_to(user).filter(pk=OuterRef(course))
    return Q(**{owner: user}) & Q(Exists(visible))


def in_staffed_courses(user: User, *, course: str) -> Q:
    """Match rows of courses that the person staffs, by the lookup `course`."""
    if user.is_superuser:
        return Q()
    return Q(Exists(Course.objects.staffed_by(user).filter(pk=OuterRef(course))))
