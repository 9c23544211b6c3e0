"""Staff go from a run to every attempt of its student, and from student to student."""

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment
from grading.models import GradingRun
from grading.pages.attempt_history import attempt_history
from grading.pages.run_links import run_links_of
from grading.visible_results import ViewTimes
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db


def runs_of(assignment: Assignment, name: str, attempts: int) -> list[GradingRun]:
    student = UserFactory.create(first_name="A", last_name=name)
    EnrolmentFactory.create(course=assignment.course, user=student)
    return [
        GradingRunFactory.create(
            submission=SubmissionFactory.create(
                assignment=assignment, author=student, attempt=number
            ),
            finished=True,
        )
        for number in range(1, attempts + 1)
    ]


def test_links_to_other_students_are_by_name_to_their_latest_run() -> None:
    assignment = AssignmentFactory.create()
    runs = {name: runs_of(assignment, name, 2) for name in ("Cole", "Abel", "Baker")}
    walk = run_links_of(runs["Baker"][0])
    assert (walk.place, walk.count) == (2, 3)
    assert walk.previous is not None
    assert walk.next is not None
    assert walk.previous.run_id == runs["Abel"][1].pk
    assert (walk.next.name, walk.next.run_id) == ("A Cole", runs["Cole"][1].pk)
    assert run_links_of(runs["Abel"][1]).previous is None
    assert run_links_of(runs["Cole"][1]).next is None


def test_every_attempt_is_reached_by_its_latest_run() -> None:
    assignment = AssignmentFactory.create()
    first, second, third = runs_of(assignment, "Abel", 3)
    again = GradingRunFactory.create(
        submission=first.work, number=first.number + 1, finished=True
    )
    moments = ViewTimes(
        now=hours(0), closes_at=hours(1), released_at=None, sees_all=True
    )
    history = attempt_history(second, results=None, moments=moments)
    assert history is not None
    assert [each.run for each in history.attempts] == [again, second, third]
    assert [each.is_current for each in history.attempts] == [False, True, False]


def test_the_walk_keeps_the_filter_and_the_order_of_the_staff_table() -> None:
    assignment = AssignmentFactory.create()
    names = ("Abel", "Baker", "Cole")
    runs = {
        name: runs_of(assignment, name, attempts)[-1]
        for name, attempts in zip(names, (2, 3, 1), strict=True)
    }
    order = {"sort": "attempts", "page": "2"}
    walk = run_links_of(runs["Abel"], order)
    assert walk.previous is not None
    assert walk.next is not None
    assert walk.previous.run_id == runs["Cole"].pk
    assert walk.next.run_id == runs["Baker"].pk
    assert walk.query == "?sort=attempts"
    staff = Client()
    staff.force_login(
        EnrolmentFactory.create(course=assignment.course, assistant=True).user
    )
    table = staff.get(
        reverse(
            "grading:assignment-staff", args=[assignment.course.slug, assignment.slug]
        ),
        {"sort": "attempts"},
    ).content.decode()
    assert f"{runs['Abel'].get_absolute_url()}?sort=attempts" in table
    page = staff.get(f"{runs['Abel'].get_absolute_url()}?sort=attempts")
    assert f"{runs['Baker'].get_absolute_url()}?sort=attempts" in page.content.decode()


def test_a_student_whom_the_filter_no_longer_shows_is_walked_from_by_name() -> None:
    assignment = AssignmentFactory.create()
    abel, baker = (runs_of(assignment, name, 1)[0] for name in ("Abel", "Baker"))
    walk = run_links_of(abel, {"state": "late"})
    assert walk.next is not None
    assert (walk.next.run_id, walk.query) == (baker.pk, "")


def test_students_see_no_links_to_others() -> None:
    assignment = AssignmentFactory.create()
    run = runs_of(assignment, "Abel", 1)[0]
    runs_of(assignment, "Baker", 1)
    for user, is_shown in (
        (run.work.author, False),
        (EnrolmentFactory.create(course=assignment.course, assistant=True).user, True),
    ):
        client = Client()
        client.force_login(user)
        assert ("A Baker" in client.get(run.get_absolute_url()).content.decode()) == (
            is_shown
        )
