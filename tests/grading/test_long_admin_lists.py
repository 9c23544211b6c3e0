"""Admin lists of work: filters by course, search, dates, and a count that stops."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts import bounded_count
from courses.admin import long_lists
from grading.models import GradingRun, Mark
from submissions.models import Submission
from tests.courses.admin_pages import address, queries_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    MarkFactory,
    SubmissionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
COURSE: Any = {
    GradingRun: "revision__assignment__course__id__exact",
    Submission: "assignment__course__id__exact",
    Mark: "assignment__course__id__exact",
}
ASSIGNMENT: Any = {
    GradingRun: "revision__assignment__id__exact",
    Submission: "assignment__id__exact",
    Mark: "assignment__id__exact",
}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory.create(site_staff=True))
    return client


def marked(**assignment: Any) -> Mark:
    work = SubmissionFactory.create(assignment=AssignmentFactory.create(**assignment))
    return MarkFactory.create(
        run=GradingRunFactory.create(submission=work, finished=True)
    )


def row_of(mark: Mark, model: Any) -> Any:
    run: Any = mark.run
    return {GradingRun: run, Submission: run.submission, Mark: mark}[model]


def listed(client: Client, model: Any, **query: Any) -> list[Any]:
    answer = client.get(address(model, "changelist"), query)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


def words(client: Client, model: Any, **query: Any) -> str:
    return client.get(address(model, "changelist"), query).content.decode()


@pytest.mark.parametrize("model", list(COURSE))
def test_work_is_filtered_by_course_and_by_assignment(
    staff: Client, model: Any
) -> None:
    mark, other = marked(), marked()
    assignment = mark.assignment
    of_course = {COURSE[model]: assignment.course_id}
    assert listed(staff, model, **of_course) == [row_of(mark, model)]
    of_assignment = {ASSIGNMENT[model]: other.assignment_id}
    assert listed(staff, model, **of_assignment) == [row_of(other, model)]
    assert len(listed(staff, model)) == 2


@pytest.mark.parametrize("model", list(COURSE))
def test_assignments_are_offered_of_the_chosen_course(
    staff: Client, model: Any
) -> None:
    mark, other = marked(title="Edges"), marked(title="Colours")
    assert f"{ASSIGNMENT[model]}={mark.assignment_id}" not in words(staff, model)
    page = words(staff, model, **{COURSE[model]: mark.assignment.course_id})
    assert f"{ASSIGNMENT[model]}={mark.assignment_id}" in page
    assert f"{ASSIGNMENT[model]}={other.assignment_id}" not in page


def test_a_lecturer_is_offered_the_courses_that_they_staff() -> None:
    one, two, other = marked(), marked(), marked()
    lecturer = UserFactory.create(is_staff=True)
    for mark in (one, two):
        EnrolmentFactory.create(
            course=mark.assignment.course, user=lecturer, lecturer=True
        )
    client = Client()
    client.force_login(lecturer)
    page = words(client, Submission)
    offered = {
        mark: f"{COURSE[Submission]}={mark.assignment.course_id}" in page
        for mark in (one, two, other)
    }
    assert offered == {one: True, two: True, other: False}
    hidden = {ASSIGNMENT[Submission]: other.assignment_id}
    assert listed(client, Submission, **hidden) == []


@pytest.mark.parametrize("model", list(COURSE))
@pytest.mark.parametrize("field", ["email", "first_name", "last_name", "login"])
def test_a_search_finds_people(staff: Client, model: Any, field: str) -> None:
    mark = marked()
    marked()
    setattr(mark.student, field, "ada.lovelace@example.org")
    mark.student.save()
    assert listed(staff, model, q="LOVELACE ada.") == [row_of(mark, model)]
    assert listed(staff, model, q='"ada.lovelace"') == [row_of(mark, model)]
    assert listed(staff, model, q="lovelace nobody") == []


@pytest.mark.parametrize("model", list(COURSE))
def test_a_search_that_finds_many_people_finds_their_work(
    staff: Client, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_lists, "_FEW_PEOPLE", 1)
    marks = [marked(), marked()]
    assert len(listed(staff, model, q="example.org")) == len(marks)


def test_a_search_finds_work_by_its_title_and_runs_by_their_id(staff: Client) -> None:
    mark, _ = marked(title="Edges"), marked(title="Colours")
    assert listed(staff, Submission, q="edges") == [row_of(mark, Submission)]
    run = row_of(mark, GradingRun)
    assert listed(staff, GradingRun, q=str(run.pk)) == [run]


@pytest.mark.parametrize("model", list(COURSE))
def test_a_list_takes_as_many_queries_with_more_rows(staff: Client, model: Any) -> None:
    marked()
    one = queries_of(staff, address(model, "changelist"))
    for _ in range(3):
        marked()
    assert queries_of(staff, address(model, "changelist")) == one <= 10


@pytest.mark.parametrize("model", list(COURSE))
def test_a_long_list_is_cut_and_says_so(
    staff: Client, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        marked()
    monkeypatch.setattr(long_lists.LongList, "list_per_page", 1)
    said = "There are more than these."
    assert said not in words(staff, model)
    assert "Select all 3" in words(staff, GradingRun)
    for module in (bounded_count, long_lists):
        monkeypatch.setattr(module, "MOST_COUNTED", 2)
    page = words(staff, model)
    assert said in page
    assert "2 results" not in page
    # The rows that are not shown cannot be chosen either.
    assert "Select all 2" not in words(staff, GradingRun)
    pages = [listed(staff, model, p=number) for number in (1, 2)]
    assert [len(page) for page in pages] == [1, 1]
    assert pages[0] != pages[1]


@pytest.mark.parametrize("model", list(COURSE))
def test_only_a_narrow_list_is_sorted_by_any_column(staff: Client, model: Any) -> None:
    mark = marked()
    assert words(staff, model).count('class="sortoptions"') <= 1
    page = words(staff, model, **{COURSE[model]: mark.assignment.course_id})
    assert page.count("sortable") > 3


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ({}, ["2025", "2026", "2027"]),
        ({"queued_at__year": 2025}, ["November 2025", "December 2025"]),
        ({"queued_at__year": 2027}, ["January 2027"]),
        (
            {"queued_at__year": 2027, "queued_at__month": 1},
            ["1 January", "2 January", "3 January"],
        ),
        (
            {"queued_at__year": 2027, "queued_at__month": 1, "queued_at__day": 3},
            ["3 January"],
        ),
    ],
)
def test_dates_are_those_between_the_first_and_the_last(
    staff: Client, query: dict[str, int], offered: list[str]
) -> None:
    mark = marked()
    today = row_of(mark, GradingRun)
    for day in (dt.date(2025, 11, 30), dt.date(2027, 1, 3)):
        noon = dt.datetime.combine(day, dt.time(12), dt.UTC)
        GradingRunFactory.create(
            submission=row_of(mark, Submission), queued_at=noon, finished=True
        )
    today.delete()
    context: Any = staff.get(address(GradingRun, "changelist"), query).context
    choices = next(each["choices"] for each in context if "choices" in each)
    assert [choice["title"] for choice in choices] == offered


def test_a_list_without_rows_has_no_dates(staff: Client) -> None:
    assert "toplinks" not in words(staff, GradingRun)
