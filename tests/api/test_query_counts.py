"""Lists take the same number of queries, however many rows they have."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import Course
from tests.api.asking import ROOT, bearer, session_of
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    LectureFactory,
    MarkFactory,
    MaterialFactory,
    OpenedAttemptFactory,
    QuestionResultFactory,
    RevisionFileFactory,
    SessionFactory,
    SessionLectureFactory,
    SubmissionFactory,
    TeacherFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


@pytest.fixture
def assistant(course: Course) -> User:
    return EnrolmentFactory.create(course=course, assistant=True).user


def queries(client: Client, path: str, rows: int) -> int:
    """Return how many queries the list takes; assert that it has so many rows."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(ROOT + path)
    assert answer.json()["count"] == rows
    return len(captured)


def assert_flat(user: User, path: str, add: Callable[[], object], most: int) -> None:
    """Assert that one row and four take equally many queries, at most `most`."""
    client = session_of(user)
    add()
    one = queries(client, path, 1)
    for _ in range(3):
        add()
    assert queries(client, path, 4) == one <= most


def marked(course: Course, author: User | None = None) -> None:
    """Return a submission with a finished run, results and a mark."""
    assignment = AssignmentFactory.create(course=course)
    author = author or EnrolmentFactory.create(course=course).user
    submission = SubmissionFactory.create(assignment=assignment, author=author)
    run = GradingRunFactory.create(submission=submission, finished=True)
    QuestionResultFactory.create(run=run)
    MarkFactory.create(run=run)
    ExtensionFactory.create(assignment=assignment, student=author)


def test_courses_take_few_queries(student: User) -> None:
    client = session_of(student)
    one = queries(client, "courses/", 1)
    for _ in range(3):
        EnrolmentFactory.create(user=student)
    assert queries(client, "courses/", 4) == one <= 4


def test_weeks_take_few_queries(student: User, course: Course) -> None:
    assert_flat(student, "weeks/", lambda: WeekFactory.create(course=course), 4)


def test_materials_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        week = WeekFactory.create(course=course)
        material = MaterialFactory.create(
            course=course,
            week=week,
            session=SessionFactory.create(course=course, week=week),
            lecture=LectureFactory.create(course=course),
        )
        material.also_in.add(WeekFactory.create(course=course))
        AttachmentFactory.create(material=material)

    assert_flat(student, "materials/", add, 6)


def test_sessions_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        session = SessionFactory.create(course=course)
        SessionLectureFactory.create(session=session)
        session.teachers.add(TeacherFactory.create(course=course))

    assert_flat(student, "sessions/", add, 6)


def test_lectures_take_few_queries(student: User, course: Course) -> None:
    assert_flat(student, "lectures/", lambda: LectureFactory.create(course=course), 4)


def test_announcements_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        AnnouncementFactory.create(course=course)

    assert_flat(student, "announcements/", add, 4)


def test_changes_take_few_queries(assistant: User, course: Course) -> None:
    def add() -> None:
        session = SessionFactory.create(course=course)
        CourseChangeFactory.create(course=course, session=session)

    assert_flat(assistant, "changes/", add, 4)


def test_people_take_few_queries(course: Course, assistant: User) -> None:
    client = session_of(assistant)
    one = queries(client, "people/", 1)
    EnrolmentFactory.create_batch(3, course=course)
    assert queries(client, "people/", 4) == one <= 4


def test_assignments_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        component = ComponentFactory.create(course=course)
        assignment = AssignmentFactory.create(course=course, component=component)
        RevisionFileFactory.create(revision=assignment.revision)
        ExtensionFactory.create(assignment=assignment, student=student)

    assert_flat(student, "assignments/", add, 7)


@pytest.mark.parametrize("path", ["submissions/", "runs/", "marks/"])
def test_a_student_s_own_work_takes_few_queries(
    student: User, course: Course, path: str
) -> None:
    assert_flat(student, path, lambda: marked(course, student), 7)


@pytest.mark.parametrize("path", ["submissions/", "runs/", "marks/"])
def test_everybody_s_work_takes_few_queries(
    assistant: User, course: Course, path: str
) -> None:
    assert_flat(assistant, path, lambda: marked(course), 7)


@pytest.mark.parametrize("viewer", ["student", "assistant"])
def test_opened_attempts_take_few_queries(
    viewer: str, course: Course, request: pytest.FixtureRequest
) -> None:
    def add() -> None:
        assignment = AssignmentFactory.create(course=course)
        author = request.getfixturevalue("student")
        OpenedAttemptFactory.create(assignment=assignment, author=author)

    assert_flat(request.getfixturevalue(viewer), "opened-attempts/", add, 7)


def test_token_takes_two_queries_and_then_one(student: User) -> None:
    header = bearer(student)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            Client().get(f"{ROOT}me/", headers=header)
        counts.append(len(captured))
    assert counts == [2, 1]
