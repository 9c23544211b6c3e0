"""The staff page lists everybody enrolled, with their latest run and their mark."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import Assignment
from grading.models import GradingRun
from grading.pages.assignment_staff import staff_page
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkFactory,
    MarkingFactory,
    QuestionFactory,
    RevisionFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import Answer, signed_in, staff_of, student_of, words

pytestmark = pytest.mark.django_db


def page(assignment: Assignment, query: str = "") -> Answer:
    client = signed_in(staff_of(assignment))
    return client.get(f"{assignment.get_absolute_url()}staff/{query}")


def student(assignment: Assignment, first: str, last: str, **fields: object) -> None:
    EnrolmentFactory.create(
        course=assignment.course,
        user__first_name=first,
        user__last_name=last,
        **fields,
    )


def names(assignment: Assignment, **chosen: str) -> list[str]:
    return [row.name for row in staff_page(assignment=assignment, **chosen).rows]


def handed_in(assignment: Assignment, last: str, **run: object) -> GradingRun:
    author = EnrolmentFactory.create(
        course=assignment.course, user__last_name=last
    ).user
    submission = SubmissionFactory.create(assignment=assignment, author=author)
    made: GradingRun = GradingRunFactory.create(submission=submission, **run)
    return made


def test_students_who_handed_in_nothing_are_listed() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Noor", "Haddad", user__login="nh1000")
    assert "Noor Haddad nh1000 0 nothing" in words(page(assignment))


def test_latest_run_counting_attempt_and_mark_are_shown() -> None:
    assignment = AssignmentFactory.create(late=True)
    first = SubmissionFactory.create(assignment=assignment)
    points = Decimal("1.5")
    mark = MarkFactory.create(
        run=GradingRunFactory.create(
            submission=first, finished=True, automatic_points=points
        )
    )
    second = SubmissionFactory.create(assignment=assignment, author=first.author)
    run = GradingRunFactory.create(submission=second, running=True)
    answer = page(assignment)
    row = words(answer).split(first.author.login)[1].strip()
    assert row.startswith("2 ")
    assert "Late Running attempt 1 1.5" in row
    assert f'href="{run.get_absolute_url()}"' in answer.content.decode()
    assert mark.run != run


def test_of_several_runs_of_an_attempt_the_latest_is_shown() -> None:
    assignment = AssignmentFactory.create()
    first = GradingRunFactory.create(
        submission__assignment=assignment, needs_staff=True
    )
    GradingRunFactory.create(submission=first.submission, finished=True)
    (row,) = staff_page(assignment=assignment).rows
    assert row.run_state == "finished"


def test_summary_counts_everybody_whatever_the_filter() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Noor", "Haddad")
    handed_in(assignment, "A", finished=True)
    handed_in(assignment, "B", running=True)
    handed_in(assignment, "C")
    handed_in(assignment, "D", needs_staff=True)
    summary = staff_page(assignment=assignment, state="running").summary
    assert (summary.handed_in, summary.enrolled) == (4, 5)
    assert (summary.waiting, summary.running, summary.needs_staff) == (1, 1, 1)


def test_work_to_be_marked_by_hand_counts_as_waiting_for_staff() -> None:
    assignment = AssignmentFactory.create()
    ManualQuestionFactory.create(revision=assignment.revision, points=4)
    handed_in(assignment, "Stuck", needs_staff=True)
    handed_in(assignment, "Queued")
    for name, given in (("Unmarked", 0), ("Marked", 3)):
        run = handed_in(assignment, name, finished=True)
        MarkFactory.create(run=run)
        if given:
            MarkingFactory.create(run=run, adjustment=given)
    summary = staff_page(assignment=assignment).summary
    assert (summary.waiting_for_staff, summary.to_mark) == (2, 1)
    assert summary.waiting_words == "1 to mark by hand, 1 failed"
    assert names(assignment, state="needs_staff") == ["Ada Stuck", "Ada Unmarked"]
    assert names(assignment, state="to_mark") == ["Ada Unmarked"]
    text = words(page(assignment))
    assert "Waiting for staff 2 1 to mark by hand, 1 failed" in text
    assert "4 to mark by hand" in text


def test_median_is_of_the_existing_marks() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Noor", "Haddad")
    for points in (1, 2, 9):
        run = GradingRunFactory.create(
            submission__assignment=assignment, finished=True, automatic_points=points
        )
        MarkFactory.create(run=run)
    assert staff_page(assignment=assignment).summary.median == Decimal(2)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("none", ["Ada None"]),
        ("queued", ["Ada Queued"]),
        ("running", ["Ada Running"]),
        ("finished", ["Ada Finished"]),
        ("needs_staff", ["Ada Stuck"]),
        ("failed", ["Ada Stuck"]),
        ("to_mark", []),
        (
            "nonsense",
            ["Ada Finished", "Ada None", "Ada Queued", "Ada Running", "Ada Stuck"],
        ),
    ],
)
def test_list_is_filtered_by_state(state: str, expected: list[str]) -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Ada", "None")
    handed_in(assignment, "Finished", finished=True)
    handed_in(assignment, "Running", running=True)
    handed_in(assignment, "Queued")
    handed_in(assignment, "Stuck", needs_staff=True)
    assert names(assignment, state=state) == expected


def test_search_finds_by_name_login_and_address() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Zofia", "Kowalska", user__login="zk1035")
    student(assignment, "Noor", "Haddad", user__email="noor@example.org")
    assert names(assignment, q="kowal ZOF") == ["Zofia Kowalska"]
    assert names(assignment, q="zk10") == ["Zofia Kowalska"]
    assert names(assignment, q="noor@") == ["Noor Haddad"]
    assert names(assignment, q="nobody") == []


def test_list_is_sorted_by_last_name_and_by_mark() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Zofia", "Adams")
    for last, points in (("Baker", 1), ("Clark", 2)):
        handed_in(assignment, last, finished=True, automatic_points=Decimal(points))
        run = assignment.submissions.get(author__last_name=last).runs.get()
        MarkFactory.create(run=run)
    assert names(assignment) == ["Zofia Adams", "Ada Baker", "Ada Clark"]
    assert names(assignment, sort="-mark") == ["Ada Clark", "Ada Baker", "Zofia Adams"]


def test_headings_reverse_the_order_and_keep_the_filter() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Noor", "Haddad")
    html = page(assignment, "?q=noor&sort=name").content.decode()
    assert 'aria-sort="ascending"' in html
    assert 'href="?q=noor&amp;sort=-name"' in html


def test_student_who_left_is_listed_only_with_a_submission() -> None:
    assignment = AssignmentFactory.create()
    student(assignment, "Gone", "Silently", left=True)
    left = EnrolmentFactory.create(course=assignment.course, left=True).user
    SubmissionFactory.create(assignment=assignment, author=left)
    found = staff_page(assignment=assignment)
    assert [row.name for row in found.rows] == [left.name]
    assert (found.summary.enrolled, found.summary.handed_in) == (0, 0)


def test_runs_that_wait_for_staff_are_shown_at_the_top() -> None:
    assignment = AssignmentFactory.create()
    handed_in(assignment, "Stuck", needs_staff=True)
    assert "Some runs wait for staff" in words(page(assignment))


def test_htmx_request_gets_only_the_table() -> None:
    assignment = AssignmentFactory.create()
    client = signed_in(staff_of(assignment))
    url = f"{assignment.get_absolute_url()}staff/"
    answer = client.get(url, headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


def test_students_may_not_see_it() -> None:
    assignment = AssignmentFactory.create()
    url = f"{assignment.get_absolute_url()}staff/"
    assert signed_in(student_of(assignment)).get(url).status_code == 403


def queries_for(students: int) -> int:
    assignment = AssignmentFactory.create()
    for number in range(students):
        handed_in(assignment, f"Person {number}", finished=True)
        run = assignment.submissions.latest("received_at").runs.get()
        MarkFactory.create(run=run)
    SubmissionFactory.create(assignment=assignment, received_at=hours(0))
    client = signed_in(staff_of(assignment))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{assignment.get_absolute_url()}staff/").status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_students() -> None:
    few = queries_for(2)
    assert few <= 18
    assert queries_for(25) == few


# --- Maximum of a mark ---------------------------------------------------------------


def test_each_mark_is_out_of_the_points_of_its_own_revision() -> None:
    assignment = AssignmentFactory.create()
    first = GradingRunFactory.create(submission__assignment=assignment, finished=True)
    MarkFactory.create(run=first)
    page = staff_page(assignment=assignment)
    assert (page.possible, page.rows[0].counting_attempt) == (Decimal(2), 1)
    assignment.revision = RevisionFactory.create(assignment=assignment)
    QuestionFactory.create(revision=assignment.revision, key="more", points=3)
    assignment.save()
    assert staff_page(assignment=assignment).possible == Decimal(2)
    MarkFactory.create(
        run=GradingRunFactory.create(submission__assignment=assignment, finished=True)
    )
    page = staff_page(assignment=assignment)
    worth = {row.counting.possible for row in page.rows if row.counting}
    assert (worth, page.possible) == ({Decimal(2), Decimal(5)}, None)
