"""Changing a person's role in a course is recorded, and one lecturer always stays."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Course, CourseChange, Enrolment
from courses.services.enrolments import (
    LastLecturerError,
    LecturersOnlyError,
    change_role,
    enrol,
)
from courses.services.roster import import_roster
from formats.choices import Role
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> Enrolment:
    return EnrolmentFactory.create(course=course, lecturer=True)


@pytest.fixture
def student(course: Course) -> Enrolment:
    return EnrolmentFactory.create(course=course)


def test_change_of_role_is_recorded_and_not_public(
    lecturer: Enrolment, student: Enrolment
) -> None:
    change_role(actor=lecturer.user, enrolment=student, role=Role.ASSISTANT)
    change = CourseChange.objects.get()
    assert (change.kind, change.before, change.after) == (
        "role",
        "Student",
        "Teaching assistant",
    )
    assert student.user.email in change.summary
    assert change.made_by == lecturer.user
    assert not change.is_public


def test_fields_that_are_not_given_stay_unchanged(
    lecturer: Enrolment, student: Enrolment
) -> None:
    change_role(actor=lecturer.user, enrolment=student, is_active=False)
    student.refresh_from_db()
    assert (student.role, student.is_active) == (Role.STUDENT, False)
    assert CourseChange.objects.get().after == "Student, inactive"


def test_unchanged_role_is_not_recorded(
    lecturer: Enrolment, student: Enrolment
) -> None:
    change_role(actor=lecturer.user, enrolment=student, role=Role.STUDENT)
    assert not CourseChange.objects.exists()


@pytest.mark.parametrize("change", [{"role": Role.STUDENT}, {"is_active": False}])
def test_last_lecturer_cannot_be_removed(
    lecturer: Enrolment, change: dict[str, object]
) -> None:
    with pytest.raises(LastLecturerError, match="somebody else"):
        change_role(actor=lecturer.user, enrolment=lecturer, **change)  # type: ignore[arg-type]
    lecturer.refresh_from_db()
    assert (lecturer.role, lecturer.is_active) == (Role.LECTURER, True)
    assert not CourseChange.objects.exists()


def test_one_of_two_lecturers_can_be_removed(
    course: Course, lecturer: Enrolment
) -> None:
    EnrolmentFactory.create(course=course, lecturer=True)
    change_role(actor=lecturer.user, enrolment=lecturer, is_active=False)
    assert not Enrolment.objects.get(pk=lecturer.pk).is_active


def test_lecturer_whose_account_is_closed_does_not_count(
    course: Course, lecturer: Enrolment
) -> None:
    closed = UserFactory.create(is_active=False)
    EnrolmentFactory.create(course=course, user=closed, lecturer=True)
    with pytest.raises(LastLecturerError):
        change_role(actor=SYSTEM, enrolment=lecturer, role=Role.ASSISTANT)


@pytest.mark.parametrize("role", [Role.STUDENT, Role.ASSISTANT])
def test_only_editors_change_roles(
    course: Course, student: Enrolment, role: Role
) -> None:
    actor = EnrolmentFactory.create(course=course, role=role).user
    with pytest.raises(PermissionDenied):
        change_role(actor=actor, enrolment=student, role=Role.LECTURER)


def test_lecturer_of_another_course_changes_nothing(student: Enrolment) -> None:
    other: User = EnrolmentFactory.create(lecturer=True).user
    with pytest.raises(PermissionDenied):
        change_role(actor=other, enrolment=student, role=Role.LECTURER)


def test_enrolling_somebody_again_records_the_new_role(
    course: Course, student: Enrolment
) -> None:
    enrol(actor=SYSTEM, course=course, user=student.user, role=Role.STUDENT)
    assert not CourseChange.objects.exists()
    enrol(actor=SYSTEM, course=course, user=student.user, role=Role.ASSISTANT)
    assert CourseChange.objects.get().after == "Teaching assistant"


@pytest.fixture
def administrator(course: Course) -> Enrolment:
    return EnrolmentFactory.create(course=course, administrator=True)


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.EXAMINER, Role.ADMINISTRATOR])
def test_administrator_gives_every_role_but_the_lecturers(
    administrator: Enrolment, student: Enrolment, role: Role
) -> None:
    change_role(actor=administrator.user, enrolment=student, role=role)
    assert Enrolment.objects.get(pk=student.pk).role == role


def test_administrator_makes_nobody_a_lecturer_not_even_themselves(
    course: Course, administrator: Enrolment, student: Enrolment
) -> None:
    actor = administrator.user
    for enrolment in (administrator, student):
        with pytest.raises(LecturersOnlyError, match="Ask a lecturer"):
            change_role(actor=actor, enrolment=enrolment, role=Role.LECTURER)
    with pytest.raises(LecturersOnlyError):
        enrol(actor=actor, course=course, user=UserFactory.create(), role=Role.LECTURER)
    for email in (student.user.email, actor.email, "new@example.org"):
        content = f"email,role\n{email},lecturer\n".encode()
        if email == actor.email:
            # A file never changes the role of the person who imports it.
            import_roster(
                actor=actor, course=course, content=content, deactivate_missing=False
            )
            continue
        with pytest.raises(LecturersOnlyError):
            import_roster(
                actor=actor, course=course, content=content, deactivate_missing=False
            )
    assert not course.enrolments.filter(role=Role.LECTURER).exists()


def test_administrator_leaves_lecturers_as_they_are(
    course: Course, administrator: Enrolment, lecturer: Enrolment
) -> None:
    EnrolmentFactory.create(course=course, lecturer=True)
    for change in ({"role": Role.STUDENT}, {"is_active": False}):
        with pytest.raises(LecturersOnlyError):
            change_role(actor=administrator.user, enrolment=lecturer, **change)
    content = f"email,role\n{lecturer.user.email},student\n".encode()
    with pytest.raises(LecturersOnlyError):
        import_roster(
            actor=administrator.user,
            course=course,
            content=content,
            deactivate_missing=False,
        )
    lecturer.refresh_from_db()
    assert (lecturer.role, lecturer.is_active) == (Role.LECTURER, True)
