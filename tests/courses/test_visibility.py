"""Rows are visible as the table of rights says, for every role and release time."""

from typing import Any

import pytest
from django.apps import apps

from accounts.models import User
from courses.models import (
    Accommodation,
    Announcement,
    Assignment,
    Attachment,
    Component,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    ExtensionRequest,
    Lecture,
    Material,
    Session,
    Slot,
    Teacher,
    Week,
)
from courses.permissions import RIGHTS, Right, can
from courses.querysets import EDITORS, MARKERS, OVERSEERS, PEOPLE_MANAGERS, STAFF
from formats.choices import Role
from tests.factories import (
    AccommodationFactory,
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    ExtensionRequestFactory,
    LectureFactory,
    MaterialFactory,
    SessionFactory,
    SlotFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
    hours,
)

HIDDEN = pytest.mark.parametrize("release_at", [None, hours(1)], ids=["never", "later"])
pytestmark = pytest.mark.django_db
# Everything with `visible_to` that belongs to a course.
SEEN: Any = (
    Announcement,
    Assignment,
    Attachment,
    Component,
    Course,
    CourseChange,
    Lecture,
    Material,
    Session,
    Slot,
    Teacher,
    Week,
)
# Why somebody has more time is for them, and for those who edit the course.
PRIVATE: Any = (Accommodation, Extension, ExtensionRequest)


def person(course: Course, role: Role | None, *, left: bool = False) -> User:
    if role is None:
        return UserFactory.create()
    return EnrolmentFactory.create(course=course, role=role, left=left).user


def seen(user: User) -> set[object]:
    """Return every row of courses that the person sees."""
    return {row for model in SEEN for row in model.objects.visible_to(user)}


def add_content(course: Course) -> set[object]:
    """Make a course with one row of everything, all released but the course."""
    week = WeekFactory.create(course=course)
    material = MaterialFactory.create(course=course, week=week)
    return {
        course,
        week,
        material,
        AttachmentFactory.create(material=material),
        AssignmentFactory.create(course=course, week=week),
        SessionFactory.create(course=course, week=week),
        AnnouncementFactory.create(course=course),
        CourseChangeFactory.create(course=course),
        LectureFactory.create(course=course),
        SlotFactory.create(course=course),
        TeacherFactory.create(course=course),
        ComponentFactory.create(course=course),
    }


def test_every_model_with_a_rule_is_tested() -> None:
    ruled = {
        model
        for model in apps.get_app_config("courses").get_models()
        if hasattr(model._default_manager, "visible_to")
    }
    assert ruled == {*SEEN, *PRIVATE}


@pytest.mark.parametrize(
    ("roles", "right"),
    [
        (STAFF, Right.VIEW_MARKS),
        (STAFF, Right.VIEW_ALL_WORK),
        (MARKERS, Right.GRADE),
        (OVERSEERS, Right.OVERSEE),
        (PEOPLE_MANAGERS, Right.MANAGE_PEOPLE),
        (PEOPLE_MANAGERS, Right.MANAGE_MARKS),
        (EDITORS, Right.EDIT),
    ],
)
def test_roles_in_queries_agree_with_the_table(
    roles: tuple[str, ...], right: Right
) -> None:
    assert set(roles) == {role for role in Role if right in RIGHTS[role]}


def test_examiner_without_names_staffs_no_course_and_sees_its_content() -> None:
    course = CourseFactory.create(examiners_see_codes=True, release_at=None)
    rows = add_content(course) - set(CourseChange.objects.all())
    user = person(course, Role.EXAMINER)
    assert seen(user) == rows
    assert not Course.objects.staffed_by(user).exists()
    assert not Assignment.objects.with_work_seen_by(user).exists()
    assert Assignment.objects.with_marks_seen_by(user).exists()


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("role", [*Role, None])
def test_querysets_agree_with_the_rights(role: Role | None, *, left: bool) -> None:
    course = CourseFactory.create()
    user = person(course, role, left=left)
    for rows, right in (
        (Course.objects.visible_to(user), Right.VIEW),
        (Course.objects.staffed_by(user), Right.VIEW_ALL_WORK),
        (Course.objects.editable_by(user), Right.EDIT),
        (Course.objects.people_managed_by(user), Right.MANAGE_PEOPLE),
    ):
        assert rows.filter(pk=course.pk).exists() == can(user, right, course)


@pytest.mark.parametrize("role", [*Role, None])
def test_released_course_is_seen_by_those_in_it(role: Role | None) -> None:
    rows = add_content(CourseFactory.create())
    course = Course.objects.get()
    assert seen(person(course, role)) == (set() if role is None else rows)


@pytest.mark.parametrize("role", Role)
def test_people_who_left_see_nothing(role: Role) -> None:
    add_content(CourseFactory.create())
    assert seen(person(Course.objects.get(), role, left=True)) == set()


@HIDDEN
@pytest.mark.parametrize("role", Role)
def test_hidden_course_hides_everything_from_students(
    role: Role, release_at: object
) -> None:
    rows = add_content(CourseFactory.create(release_at=release_at))
    user = person(Course.objects.get(), role)
    assert seen(user) == (set() if role is Role.STUDENT else rows)


@HIDDEN
@pytest.mark.parametrize("role", Role)
def test_hidden_rows_are_for_staff(role: Role, release_at: object) -> None:
    course = CourseFactory.create()
    week = WeekFactory.create(course=course)
    material = MaterialFactory.create(course=course)
    hidden = {
        WeekFactory.create(course=course, release_at=release_at),
        MaterialFactory.create(course=course, release_at=release_at),
        AssignmentFactory.create(course=course, release_at=release_at),
        SessionFactory.create(course=course, week=week, release_at=release_at),
        AnnouncementFactory.create(course=course, release_at=release_at),
        AttachmentFactory.create(material=material, release_at=release_at),
        CourseChangeFactory.create(course=course, is_public=False),
    }
    found = seen(person(course, role)) & hidden
    assert found == (set() if role is Role.STUDENT else hidden)


@pytest.mark.parametrize("role", Role)
def test_announced_material_is_seen_and_its_attachments_are_for_staff(
    role: Role,
) -> None:
    course = CourseFactory.create()
    material = MaterialFactory.create(course=course, announced=True)
    attachment = AttachmentFactory.create(material=material)
    user = person(course, role)
    found = seen(user)
    is_student = role is Role.STUDENT
    assert material in found
    assert (attachment in found) is not is_student
    assert (material in Material.objects.opened_to(user)) is not is_student


def test_extra_time_is_for_its_student_and_those_who_edit_the_course() -> None:
    course = CourseFactory.create()
    student = person(course, Role.STUDENT)
    own: set[object] = {AccommodationFactory.create(course=course, student=student)}
    hidden: set[object] = set()
    for rows, is_hidden in ((own, False), (hidden, True)):
        work = AssignmentFactory.create(course=course, hidden=is_hidden)
        rows |= {
            ExtensionFactory.create(assignment=work, student=student),
            ExtensionRequestFactory.create(assignment=work, student=student),
        }

    def private(user: User) -> set[object]:
        return {row for model in PRIVATE for row in model.objects.visible_to(user)}

    assert private(student) == own
    for editor in (
        person(course, Role.LECTURER),
        UserFactory.create(site_staff=True),
    ):
        assert private(editor) == own | hidden
    for other in (
        person(course, Role.STUDENT),
        person(course, Role.ASSISTANT),
        person(course, Role.LECTURER, left=True),
        person(CourseFactory.create(), Role.LECTURER),
    ):
        assert private(other) == set()
    Course.objects.update(release_at=None)
    assert private(student) == set()


def test_role_in_one_course_does_not_count_in_another() -> None:
    rows = add_content(CourseFactory.create())
    lecturer = EnrolmentFactory.create(lecturer=True).user
    assert not seen(lecturer) & rows
    assert Course.objects.editable_by(lecturer).count() == 1


def test_person_sees_each_course_by_their_role_in_it() -> None:
    staffed, attended = CourseFactory.create(hidden=True), CourseFactory.create()
    user = person(staffed, Role.ASSISTANT)
    EnrolmentFactory.create(course=attended, user=user)
    draft = MaterialFactory.create(course=attended, hidden=True)
    own_draft = MaterialFactory.create(course=staffed, hidden=True)
    assert own_draft in seen(user)
    assert draft not in seen(user)


def test_site_staff_see_everything_once() -> None:
    course = CourseFactory.create(hidden=True)
    add_content(course)
    EnrolmentFactory.create_batch(3, course=course)
    staff = UserFactory.create(site_staff=True)
    assert [row.pk for row in Course.objects.visible_to(staff)] == [course.pk]


def test_no_row_is_listed_twice() -> None:
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


def test_assistants_read_of_no_accommodation_and_no_refused_request() -> None:
    course = CourseFactory.create()
    student = person(course, Role.STUDENT)
    work = AssignmentFactory.create(course=course)
    kind = CourseChange.Kind.EXTENSION
    about = {"course": course, "student": student, "kind": kind}
    accommodation = CourseChangeFactory.create(**about, is_public=True)
    refused = CourseChangeFactory.create(**about, assignment=work, is_public=False)
    extension = CourseChangeFactory.create(**about, assignment=work, is_public=True)
    for role, rows in (
        (Role.ASSISTANT, {extension}),
        (Role.LECTURER, {accommodation, refused, extension}),
        (Role.STUDENT, set()),
    ):
        who = person(course, role)
        assert set(CourseChange.objects.visible_to(who)) == rows, role
    own = CourseChange.objects.visible_to(student)
    assert set(own) == {accommodation, extension}
