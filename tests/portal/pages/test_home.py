"""The home page: the person's courses, due work in all of them, and latest runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import CourseVisit
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    MaterialFactory,
    SessionFactory,
    SessionLectureFactory,
    SubmissionFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
Budget = Callable[[int], AbstractContextManager[None]]


def home_of(client: Client, user: User) -> str:
    client.force_login(user)
    answer = client.get(reverse("home"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_stranger_is_sent_to_sign_in(client: Client) -> None:
    answer = client.get(reverse("home"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_person_without_a_course_is_told_what_to_do(client: Client) -> None:
    assert "You are not in a course yet" in home_of(client, UserFactory.create())


def test_shows_own_courses_with_role_and_no_others(client: Client) -> None:
    student = EnrolmentFactory.create(course__title="Deep Learning").user
    EnrolmentFactory.create(user=student, course__title="Vision", assistant=True)
    CourseFactory.create(title="Chemistry")
    html = home_of(client, student)
    assert "Deep Learning" in html
    assert "Teaching assistant" in html
    assert "Chemistry" not in html


def test_due_work_of_all_courses_is_listed_nearest_first(client: Client) -> None:
    student = EnrolmentFactory.create().user
    later = AssignmentFactory.create(title="Later", due_at=hours(200))
    sooner = AssignmentFactory.create(title="Sooner", due_at=hours(5.9))
    for assignment in (later, sooner):
        EnrolmentFactory.create(course=assignment.course, user=student)
    html = home_of(client, student)
    assert html.index("Sooner") < html.index("Later")
    assert "in 5 hours" in html


def test_own_extension_moves_the_deadline(client: Client) -> None:
    assignment = AssignmentFactory.create(due_at=hours(-5))
    student = EnrolmentFactory.create(course=assignment.course).user
    ExtensionFactory.create(assignment=assignment, student=student, due_at=hours(3.9))
    html = home_of(client, student)
    assert "in 3 hours" in html
    assert "Extended" in html


def test_classmates_extension_moves_nothing(client: Client) -> None:
    assignment = AssignmentFactory.create(closed=True)
    student = EnrolmentFactory.create(course=assignment.course).user
    ExtensionFactory.create(assignment=assignment, due_at=hours(30))
    assert "Nothing is due" in home_of(client, student)


def test_hidden_work_is_not_due(client: Client) -> None:
    assignment = AssignmentFactory.create(hidden=True, title="Secret")
    student = EnrolmentFactory.create(course=assignment.course).user
    assert "Secret" not in home_of(client, student)


def test_late_work_is_due_until_it_is_handed_in(client: Client) -> None:
    assignment = AssignmentFactory.create(late=True)
    student = EnrolmentFactory.create(course=assignment.course).user
    assert "Late work accepted" in home_of(client, student)
    SubmissionFactory.create(assignment=assignment, author=student)
    assert "Late work accepted" not in home_of(client, student)


def test_a_rerun_keeps_the_time_of_handing_in(client: Client) -> None:
    submission = SubmissionFactory.create(started_at=hours(-3), received_at=hours(-3))
    GradingRunFactory.create(submission=submission, finished=True)
    GradingRunFactory.create(submission=submission)
    html = home_of(client, submission.author)
    assert html.count("3 hours ago") == 2
    assert ", run 2" in html
    assert "just now" not in html


def test_shows_own_runs_only(client: Client) -> None:
    own = GradingRunFactory.create(running=True)
    other = GradingRunFactory.create(submission__assignment=own.work.assignment)
    html = home_of(client, own.work.author)
    assert reverse("grading:run", args=[own.pk]) in html
    assert reverse("grading:run", args=[other.pk]) not in html


def test_next_sessions_of_all_courses_say_when_and_where(client: Client) -> None:
    student = EnrolmentFactory.create().user
    for title, wait in (("Later", 50), ("Sooner", 5)):
        session = SessionFactory.create(
            title=title,
            starts_at=hours(wait),
            room__name=f"Room of {title}",
            online_url="https://teams.example/join",
        )
        EnrolmentFactory.create(course=session.course, user=student)
    SessionFactory.create(title="Of strangers")
    html = home_of(client, student)
    assert html.index("Sooner") < html.index("Later")
    assert "Room of Sooner" in html
    assert "https://teams.example/join" in html
    assert "Of strangers" not in html


def test_session_that_is_over_hidden_or_cancelled_is_not_next(client: Client) -> None:
    course = EnrolmentFactory.create().course
    student = course.enrolments.get().user
    SessionFactory.create(course=course, over=True)
    SessionFactory.create(course=course, hidden=True)
    SessionFactory.create(course=course, cancelled_at=hours(-1))
    assert "Next sessions" not in home_of(client, student)


def test_lectures_to_watch_before_a_session_are_named(client: Client) -> None:
    place = SessionLectureFactory.create(watch_before=True)
    course = place.session.course
    student = EnrolmentFactory.create(course=course).user
    html = home_of(client, student)
    assert f'Watch <span class="code">{place.lecture.number}</span>' in html


def test_news_of_all_courses_come_newest_first_and_say_what_is_new(
    client: Client,
) -> None:
    student = EnrolmentFactory.create().user
    course = student.enrolments.get().course
    MaterialFactory.create(
        course=course, title="Fresh notes", release_at=hours(-2), body="x"
    )
    AnnouncementFactory.create(course=course, title="Room", release_at=hours(-1))
    CourseChangeFactory.create(course=course, summary="Moved", made_at=hours(-30))
    CourseChangeFactory.create(course=course, summary="Role", is_public=False)
    CourseVisit.objects.create(course=course, user=student, seen_at=hours(-5))
    html = home_of(client, student)
    places = [html.index(words) for words in ("Room", "Fresh notes", "Moved")]
    assert places == sorted(places)
    assert html.count("Since your last visit") == 2
    assert "Role" not in html


def test_queries_do_not_grow_with_rows(
    client: Client, assert_max_queries: Budget
) -> None:
    student = EnrolmentFactory.create().user
    for _ in range(6):
        assignment = AssignmentFactory.create()
        EnrolmentFactory.create(course=assignment.course, user=student)
        ExtensionFactory.create(assignment=assignment, student=student)
        SessionLectureFactory.create(session__course=assignment.course)
        MaterialFactory.create(course=assignment.course, body="x")
        AnnouncementFactory.create(course=assignment.course)
        CourseChangeFactory.create(course=assignment.course)
        GradingRunFactory.create(
            submission__assignment=assignment, submission__author=student
        )
    client.force_login(student)
    with assert_max_queries(12):
        client.get(reverse("home"))
