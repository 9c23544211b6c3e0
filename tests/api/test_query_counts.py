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
    GradingRunFactory,
    LectureFactory,
    MarkFactory,
    MaterialFactory,
    OpenedAttemptFactory,
    QuestionResultFactory,
    RegradeRequestFactory,
    RevisionFileFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
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
    # The first request of a process fills caches that others find full.
    client.get(ROOT + path)
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


def test_extensions_take_few_queries(course: Course) -> None:
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user

    def add() -> None:
        ExtensionFactory.create(assignment=AssignmentFactory.create(course=course))

    assert_flat(lecturer, "extensions/", add, 4)


def test_accommodations_and_requests_take_few_queries(course: Course) -> None:
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    assignment = AssignmentFactory.create(course=course)

    def add() -> None:
        AccommodationFactory.create(course=course)

    def add_request() -> None:
        ExtensionRequestFactory.create(assignment=assignment, state="withdrawn")

    assert_flat(lecturer, "accommodations/", add, 4)
    assert_flat(lecturer, "extension-requests/", add_request, 4)


def test_regrade_requests_take_few_queries(assistant: User, course: Course) -> None:
    assignment = AssignmentFactory.create(course=course)

    def add() -> None:
        submission = SubmissionFactory.create(assignment=assignment, notebook=False)
        RegradeRequestFactory.create(submission=submission)

    assert_flat(assistant, "regrade-requests/", add, 4)


def test_assignments_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        component = ComponentFactory.create(course=course)
        assignment = AssignmentFactory.create(course=course, component=component)
        RevisionFileFactory.create(revision=assignment.revision)
        ExtensionFactory.create(assignment=assignment, student=student)

    assert_flat(student, "assignments/", add, 7)


# For marks, one query more asks which questions people mark.
WORK = [("submissions/", 7), ("runs/", 7), ("marks/", 8)]


@pytest.mark.parametrize(("path", "most"), WORK)
def test_a_student_s_own_work_takes_few_queries(
    student: User, course: Course, path: str, most: int
) -> None:
    assert_flat(student, path, lambda: marked(course, student), most)


@pytest.mark.parametrize(("path", "most"), WORK)
def test_everybody_s_work_takes_few_queries(
    assistant: User, course: Course, path: str, most: int
) -> None:
    assert_flat(assistant, path, lambda: marked(course), most)


@pytest.mark.parametrize("viewer", ["student", "assistant"])
def test_opened_attempts_take_few_queries(
    viewer: str, course: Course, request: pytest.FixtureRequest
) -> None:
    def add() -> None:
        assignment = AssignmentFactory.create(course=course)
        author = request.getfixturevalue("student")
        OpenedAttemptFactory.create(assignment=assignment, author=author)

    assert_flat(request.getfixturevalue(viewer), "opened-attempts/", add, 7)


def test_self_checks_take_few_queries(student: User, course: Course) -> None:
    def add() -> None:
        assignment = AssignmentFactory.create(course=course, self_check_limit=1)
        check = SelfCheckFactory.create(assignment=assignment, author=student)
        SelfCheckRunFactory.create(self_check=check, finished=True)

    assert_flat(student, "self-checks/", add, 9)


def test_token_takes_two_queries_and_then_one(student: User) -> None:
    header = bearer(student)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as captured:
            Client().get(f"{ROOT}me/", headers=header)
        counts.append(len(captured))
    assert counts == [2, 1]
