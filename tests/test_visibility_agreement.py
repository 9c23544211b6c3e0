"""`visible_to` and the table of rights agree, for every person and every row.

The table (courses.permissions) is in Python, and the querysets are in SQL: two forms of
one rule, which this file compares.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Announcement,
    Assignment,
    Attachment,
    Component,
    Course,
    CourseChange,
    Enrolment,
    Lecture,
    Material,
    Session,
    Slot,
    Teacher,
    Week,
)
from courses.pages.viewer import viewer_of
from courses.permissions import (
    RIGHTS,
    Right,
    can_view_all_work,
    can_view_work_of,
    rights_at,
    rights_in,
)
from courses.querysets import STAFF
from formats.choices import Role
from grading.models import GradingRun, Mark
from submissions.models import OpenedAttempt, Submission
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    GradingRunFactory,
    LectureFactory,
    MarkFactory,
    MaterialFactory,
    OpenedAttemptFactory,
    SessionFactory,
    SlotFactory,
    SubmissionFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
    hours,
)

RELEASES = {"released": -1, "coming": 1, "hidden": None}


CONTENTS: Any = (
    WeekFactory,
    SessionFactory,
    MaterialFactory,
    AnnouncementFactory,
    AssignmentFactory,
)
OWNED: Any = (SlotFactory, TeacherFactory, LectureFactory, ComponentFactory)


def release(name: str) -> dt.datetime | None:
    offset = RELEASES[name]
    return None if offset is None else hours(offset)


def is_released(row: Any) -> bool:
    return row.release_at is not None and row.release_at <= timezone.now()


@dataclass(frozen=True, kw_only=True)
class Everything:
    """Courses and contents in each state of release, and work in each course."""

    courses: list[Course]
    contents: list[Week | Session | Material | Announcement | Assignment]
    owned: list[Slot | Teacher | Lecture | Component]
    changes: list[CourseChange]
    attachments: list[Attachment]
    work: list[Submission | GradingRun | Mark | OpenedAttempt]
    authors: list[User]


@pytest.fixture
def everything() -> Everything:
    contents: list[Any] = []
    owned: list[Any] = []
    changes: list[CourseChange] = []
    attachments: list[Attachment] = []
    work: list[Any] = []
    courses = [CourseFactory.create(release_at=release(name)) for name in RELEASES]
    author = UserFactory.create()
    for course in courses:
        EnrolmentFactory.create(course=course, user=author)
        for name in RELEASES:
            contents += [
                factory.create(course=course, release_at=release(name))
                for factory in CONTENTS
            ]
            attachments += make_attachments(course, release(name))
        owned += [factory.create(course=course) for factory in OWNED]
        changes += [
            CourseChangeFactory.create(course=course, is_public=is_public)
            for is_public in (True, False)
        ]
        for settings in (
            {},
            {"marking_is_anonymous": True},
            {"markers_see_own_only": True},
        ):
            contents.append(AssignmentFactory.create(course=course, **settings))
            work += make_work(contents[-1], author)
    return Everything(
        courses=courses,
        contents=contents,
        owned=owned,
        changes=changes,
        attachments=attachments,
        work=work,
        authors=[author],
    )


def make_work(assignment: Assignment, author: User) -> list[Any]:
    submission = SubmissionFactory.create(assignment=assignment, author=author)
    run = GradingRunFactory.create(submission=submission, finished=True)
    opened = OpenedAttemptFactory.create(assignment=assignment, author=author)
    return [submission, run, MarkFactory.create(run=run), opened]


def make_attachments(
    course: Course, material_release: dt.datetime | None
) -> list[Attachment]:
    """Make attachments in each state of release, of open and announced materials."""
    return [
        AttachmentFactory.create(
            material=MaterialFactory.create(
                course=course,
                url="https://example.org/",
                release_at=material_release,
                opens_at=opens_at,
            ),
            release_at=release(name),
        )
        for opens_at in (None, hours(-1), hours(1))
        for name in RELEASES
    ]


@pytest.mark.django_db
def test_marks_are_seen_as_in_the_table(everything: Everything) -> None:
    Course.objects.filter(pk=everything.courses[0].pk).update(examiners_see_codes=True)
    assignments = Assignment.objects.select_related("course")
    for name, user in people(everything).items():
        expected = {
            each for each in assignments if Right.VIEW_MARKS in rights_at(user, each)
        }
        assert set(assignments.with_marks_seen_by(user)) == expected, name


def people(everything: Everything) -> dict[str, User]:
    """Return a person of each role, present and past, also with site staff's rights."""
    found = {"author": everything.authors[0]}
    for superuser in (False, True):
        suffix = " and site staff" if superuser else ""
        found[f"nobody{suffix}"] = UserFactory.create(site_staff=superuser)
        for role in Role:
            for is_active in (True, False):
                user = UserFactory.create(site_staff=superuser)
                for course in everything.courses:
                    EnrolmentFactory.create(
                        course=course, user=user, role=role, is_active=is_active
                    )
                found[f"{role} {'now' if is_active else 'past'}{suffix}"] = user
    found["lecturer elsewhere"] = EnrolmentFactory.create(lecturer=True).user
    return found


def seen_by(user: User, rows: Sequence[models.Model]) -> list[models.Model]:
    """Return those of the rows that the querysets show the person."""
    seen: set[models.Model] = set()
    for model in {type(row) for row in rows}:
        manager: Any = model._default_manager
        seen |= set(manager.visible_to(user))
    return [row for row in rows if row in seen]


def may_see_course(user: User, course: Course) -> bool:
    """Return the table's answer: staff always, others from the release on."""
    rights = rights_in(user, course)
    return Right.VIEW_ALL_WORK in rights or (
        Right.VIEW in rights and is_released(course)
    )


def assignment_of(row: Any) -> Assignment:
    if isinstance(row, GradingRun):
        row = row.submission
    assignment: Assignment = row.assignment
    return assignment


def owner_of(row: Any) -> User:
    if isinstance(row, GradingRun):
        row = row.submission
    owner: User = row.student if isinstance(row, Mark) else row.author
    return owner


@pytest.mark.django_db
def test_courses_are_visible_as_in_the_table(everything: Everything) -> None:
    for name, user in people(everything).items():
        expected = [c for c in everything.courses if may_see_course(user, c)]
        assert seen_by(user, everything.courses) == expected, name


@pytest.mark.django_db
def test_content_is_visible_as_in_the_table(everything: Everything) -> None:
    for name, user in people(everything).items():
        expected = [
            row
            for row in everything.contents
            if can_view_all_work(user, row.course)
            or (may_see_course(user, row.course) and is_released(row))
        ]
        assert seen_by(user, everything.contents) == expected, name


@pytest.mark.django_db
def test_rows_without_a_release_are_visible_with_their_course(
    everything: Everything,
) -> None:
    for name, user in people(everything).items():
        expected = [r for r in everything.owned if may_see_course(user, r.course)]
        assert seen_by(user, everything.owned) == expected, name


@pytest.mark.django_db
def test_public_changes_are_visible_with_their_course(everything: Everything) -> None:
    for name, user in people(everything).items():
        expected = [
            change
            for change in everything.changes
            if can_view_all_work(user, change.course)
            or (may_see_course(user, change.course) and change.is_public)
        ]
        assert seen_by(user, everything.changes) == expected, name


@pytest.mark.django_db
def test_attachments_are_visible_as_in_the_table(everything: Everything) -> None:
    """Students see released attachments of released materials that are open."""
    for name, user in people(everything).items():
        expected = [
            row
            for row in everything.attachments
            if can_view_all_work(user, row.material.course)
            or (
                may_see_course(user, row.material.course)
                and is_released(row.material)
                and is_released(row)
                and not row.material.is_announced(timezone.now())
            )
        ]
        assert seen_by(user, everything.attachments) == expected, name


@pytest.mark.django_db
def test_shown_to_agrees_with_visible_to(everything: Everything) -> None:
    """`shown_to` already knows the viewer's role."""
    models = {type(row) for row in (*everything.contents, *everything.attachments)}
    for name, user in people(everything).items():
        for course in Course.objects.visible_to(user):
            viewer = viewer_of(user, course.slug, timezone.now())
            for model in models:
                rows: Any = model._default_manager
                of = "material__course" if model is Attachment else "course"
                visible = rows.visible_to(user).filter(**{of: course})
                assert set(rows.shown_to(viewer)) == set(visible), (name, model)


@pytest.mark.django_db
def test_submissions_runs_and_marks_are_visible_as_in_the_table(
    everything: Everything,
) -> None:
    for name, user in people(everything).items():
        expected = [
            row
            for row in everything.work
            if can_view_work_of(user, assignment_of(row))
            or (
                owner_of(row) == user
                and may_see_course(user, assignment_of(row).course)
            )
        ]
        assert seen_by(user, everything.work) == expected, name
        listed = {
            row
            for model in {type(row) for row in everything.work}
            for row in model.objects.listed_for(user)
        }
        assert listed == set(expected), name


@pytest.mark.django_db
def test_marked_apart_work_is_for_those_who_oversee_the_course(
    everything: Everything,
) -> None:
    course = everything.courses[0]
    apart = [row for row in course.assignments.all() if row.is_marked_apart]
    assert len(apart) == 2
    for role in Role:
        user = EnrolmentFactory.create(course=course, role=role).user
        for assignment in apart:
            oversees = Right.OVERSEE in RIGHTS[role]
            assert can_view_work_of(user, assignment) == oversees


@pytest.mark.django_db
def test_staffed_courses_are_those_whose_work_a_person_may_see(
    everything: Everything,
) -> None:
    for name, user in people(everything).items():
        staffed = set(Course.objects.staffed_by(user))
        for course in everything.courses:
            assert (course in staffed) == can_view_all_work(user, course), name


@pytest.mark.django_db
def test_author_who_left_no_longer_sees_their_own_work(everything: Everything) -> None:
    (author,) = everything.authors
    assert seen_by(author, everything.work)
    Enrolment.objects.filter(user=author).update(is_active=False)
    assert not seen_by(author, everything.work)


@pytest.mark.django_db
def test_an_account_without_a_course_sees_no_people(
    everything: Everything,
) -> None:
    user = UserFactory.create()
    rows = [
        *everything.courses,
        *everything.contents,
        *everything.owned,
        *everything.changes,
        *everything.attachments,
        *everything.work,
    ]
    assert not seen_by(user, rows)


def test_staff_are_the_roles_that_see_all_work() -> None:
    with_right = {role for role in Role if Right.VIEW_ALL_WORK in RIGHTS[role]}
    assert with_right == set(STAFF)


def test_every_role_is_in_the_table_and_may_view() -> None:
    assert set(RIGHTS) == set(Role)
    assert all(Right.VIEW in rights for rights in RIGHTS.values())


def test_roles_that_grade_do_not_hand_in() -> None:
    for rights in RIGHTS.values():
        assert not {Right.SUBMIT, Right.GRADE} <= rights
