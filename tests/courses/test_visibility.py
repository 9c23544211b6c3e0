"""Rows are visible as the table of rights says, for every role and release time."""

import pytest

from accounts.models import User
from courses.models import Assignment, Course, Enrolment, Material, Role, Week
from courses.permissions import RIGHTS, Right, can
from courses.querysets import EDITORS, STAFF
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    UserFactory,
    WeekFactory,
    hours,
)

HIDDEN = pytest.mark.parametrize("release_at", [None, hours(1)], ids=["never", "later"])
pytestmark = pytest.mark.django_db


def person(course: Course, role: Role | None, *, left: bool = False) -> User:
    if role is None:
        return UserFactory.create()
    return EnrolmentFactory.create(course=course, role=role, left=left).user


def seen(user: User) -> set[object]:
    """Every row of courses that the person sees."""
    return {
        row
        for rows in (Course.objects, Week.objects, Material.objects, Assignment.objects)
        for row in rows.visible_to(user)
    }


def fill(course: Course) -> set[object]:
    """A course with one of everything, all of it released but the course."""
    week = WeekFactory.create(course=course)
    return {
        course,
        week,
        MaterialFactory.create(course=course, week=week),
        AssignmentFactory.create(course=course, week=week),
    }


def test_roles_in_queries_are_those_of_the_table() -> None:
    assert set(STAFF) == {role for role in Role if Right.VIEW_ALL_WORK in RIGHTS[role]}
    assert set(EDITORS) == {role for role in Role if Right.EDIT in RIGHTS[role]}


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("role", [*Role, None])
def test_querysets_agree_with_the_rights(role: Role | None, *, left: bool) -> None:
    course = CourseFactory.create()
    user = person(course, role, left=left)
    for rows, right in (
        (Course.objects.visible_to(user), Right.VIEW),
        (Course.objects.staffed_by(user), Right.VIEW_ALL_WORK),
        (Course.objects.editable_by(user), Right.EDIT),
    ):
        assert rows.filter(pk=course.pk).exists() == can(user, right, course)


@pytest.mark.parametrize("role", [*Role, None])
def test_released_course_is_seen_by_those_in_it(role: Role | None) -> None:
    rows = fill(CourseFactory.create())
    course = Course.objects.get()
    assert seen(person(course, role)) == (set() if role is None else rows)


@pytest.mark.parametrize("role", Role)
def test_those_who_left_see_nothing(role: Role) -> None:
    fill(CourseFactory.create())
    assert seen(person(Course.objects.get(), role, left=True)) == set()


@HIDDEN
@pytest.mark.parametrize("role", Role)
def test_hidden_course_hides_everything_from_students(
    role: Role, release_at: object
) -> None:
    rows = fill(CourseFactory.create(release_at=release_at))
    user = person(Course.objects.get(), role)
    assert seen(user) == (set() if role is Role.STUDENT else rows)


@HIDDEN
@pytest.mark.parametrize("role", Role)
def test_hidden_rows_are_for_staff(role: Role, release_at: object) -> None:
    course = CourseFactory.create()
    hidden = {
        WeekFactory.create(course=course, release_at=release_at),
        MaterialFactory.create(course=course, release_at=release_at),
        AssignmentFactory.create(course=course, release_at=release_at),
    }
    found = seen(person(course, role)) & hidden
    assert found == (set() if role is Role.STUDENT else hidden)


def test_role_in_one_course_is_none_in_another() -> None:
    rows = fill(CourseFactory.create())
    lecturer = EnrolmentFactory.create(lecturer=True).user
    assert not seen(lecturer) & rows
    assert Course.objects.editable_by(lecturer).count() == 1


def test_staff_of_one_course_and_student_of_another_sees_each_as_such() -> None:
    staffed, attended = CourseFactory.create(hidden=True), CourseFactory.create()
    user = person(staffed, Role.ASSISTANT)
    EnrolmentFactory.create(course=attended, user=user)
    draft = MaterialFactory.create(course=attended, hidden=True)
    own_draft = MaterialFactory.create(course=staffed, hidden=True)
    assert own_draft in seen(user)
    assert draft not in seen(user)


def test_site_staff_see_everything_once() -> None:
    course = CourseFactory.create(hidden=True)
    fill(course)
    EnrolmentFactory.create_batch(3, course=course)
    staff = UserFactory.create(site_staff=True)
    assert [row.pk for row in Course.objects.visible_to(staff)] == [course.pk]


def test_nobody_is_seen_twice() -> None:
    course = CourseFactory.create()
    user = person(course, Role.LECTURER)
    EnrolmentFactory.create_batch(3, course=course)
    assert Course.objects.visible_to(user).count() == 1


def test_students_are_those_who_have_not_left() -> None:
    course = CourseFactory.create()
    student = EnrolmentFactory.create(course=course)
    EnrolmentFactory.create(course=course, left=True)
    EnrolmentFactory.create(course=course, assistant=True)
    assert list(Enrolment.objects.students()) == [student]
