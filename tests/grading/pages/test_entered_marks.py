"""The page on which people enter marks: one field for each student."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    EnteredAssignmentFactory,
)
from tests.grading.entered import enter, lecturer_of
from tests.grading.pages import Answer, signed_in, staff_of, words

pytestmark = pytest.mark.django_db
Counter = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def exam() -> Assignment:
    made: Assignment = EnteredAssignmentFactory.create()
    return made


@pytest.fixture
def student(exam: Assignment) -> User:
    found: User = EnrolmentFactory.create(course=exam.course).user
    return found


@pytest.fixture
def client(exam: Assignment) -> Client:
    return signed_in(lecturer_of(exam))


def address(exam: Assignment) -> str:
    return reverse("grading:entered-marks", args=[exam.course.slug, exam.slug])


def fields(student: User, points: str, seen: str = "") -> dict[str, str]:
    return {f"points-{student.pk}": points, f"seen-{student.pk}": seen}


def send(
    client: Client, exam: Assignment, *rows: dict[str, str], **more: str
) -> Answer:
    given = {name: value for row in rows for name, value in row.items()}
    return client.post(address(exam), {**given, **more})


def test_marks_are_stored_and_counted(
    exam: Assignment, student: User, client: Client
) -> None:
    answer = send(client, exam, fields(student, " 62,5 "), reason="Second count")
    assert answer.status_code == 302
    mark = Mark.objects.get(student=student)
    assert mark.entered_points == Decimal("62.50")
    assert mark.changes.get().reason == "Entered: Second count"
    shown = words(client.get(address(exam)))
    assert "1 mark is stored." in shown
    assert "1 of 1 student has a mark" in shown


def test_what_was_not_changed_is_left_alone(
    exam: Assignment, student: User, client: Client
) -> None:
    enter(exam, student, "60")
    # Meanwhile it is 61, which this sender has neither seen nor changed.
    enter(exam, student, "61", seen="60")
    other = EnrolmentFactory.create(course=exam.course).user
    send(client, exam, fields(student, "60", "60"), fields(other, "5"))
    found = dict(Mark.objects.values_list("student", "entered_points"))
    assert found == {student.pk: 61, other.pk: 5}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("abc", "Enter a number with at most two decimals"),
        ("1,000", "Enter a number with at most two decimals"),
        ("1e999", "Enter a number with at most two decimals"),
        ("NaN", "Enter a number with at most two decimals"),
        ("-1", "Enter 0 or more points."),
        ("101", "Enter at most 100 points."),
    ],
)
def test_a_fault_stands_beside_its_row_and_all_that_was_typed_stays(
    exam: Assignment, student: User, client: Client, typed: str, says: str
) -> None:
    other = EnrolmentFactory.create(course=exam.course).user
    answer = send(client, exam, fields(student, typed), fields(other, "5"))
    assert answer.status_code == 422
    rows = {row.student_id: row for row in answer.context["page"].rows}
    assert says in rows[student.pk].fault
    assert rows[student.pk].typed == typed
    assert (rows[other.pk].typed, rows[other.pk].fault) == ("5", "")
    html = answer.content.decode()
    assert f'aria-describedby="fault-of-{student.pk}"' in html
    assert not Mark.objects.exists()


def test_a_conflict_keeps_what_was_typed_and_can_be_decided(
    exam: Assignment, student: User, client: Client
) -> None:
    enter(exam, student, "60")
    answer = send(client, exam, fields(student, "70"))
    assert answer.status_code == 409
    (row,) = answer.context["page"].rows
    assert (row.typed, row.seen, row.stored) == ("70", "60", "60")
    assert "Meanwhile, this mark was changed to 60 by" in words(answer)
    send(client, exam, fields(student, row.typed, row.seen))
    assert Mark.objects.get().entered_points == 70


def test_a_fault_elsewhere_does_not_hide_a_conflict(
    exam: Assignment, student: User, client: Client
) -> None:
    """Whoever sends the form again must still be told of it."""
    other = EnrolmentFactory.create(course=exam.course).user
    enter(exam, student, "60")
    answer = send(client, exam, fields(student, "70"), fields(other, "x"))
    rows = {row.student_id: row for row in answer.context["page"].rows}
    assert rows[student.pk].seen == ""


def test_an_emptied_field_removes_the_mark(
    exam: Assignment, student: User, client: Client
) -> None:
    enter(exam, student, "60")
    send(client, exam, fields(student, "", "60"))
    assert Mark.objects.get().entered_points is None


def test_a_long_reason_is_refused_in_words(
    exam: Assignment, student: User, client: Client
) -> None:
    answer = send(client, exam, fields(student, "5"), reason="x" * 1001)
    assert answer.status_code == 422
    assert "Write at most 1000 characters." in words(answer)


def test_who_may_enter_marks(exam: Assignment, student: User) -> None:
    assistant = staff_of(exam)
    assert signed_in(assistant).get(address(exam)).status_code == 200
    assert signed_in(student).get(address(exam)).status_code == 403
    Assignment.objects.update(marking_is_anonymous=True)
    assert signed_in(assistant).get(address(exam)).status_code == 403
    assert signed_in(lecturer_of(exam)).get(address(exam)).status_code == 200


def test_coursework_that_is_handed_in_has_no_such_page() -> None:
    work = AssignmentFactory.create()
    client = signed_in(lecturer_of(work))
    answer = client.get(address(work), follow=True)
    assert "come from what students hand in" in words(answer)


def test_the_staff_page_leads_here(exam: Assignment, client: Client) -> None:
    slugs = [exam.course.slug, exam.slug]
    answer = client.get(reverse("grading:assignment-staff", args=slugs))
    assert answer["Location"] == address(exam)


@pytest.mark.parametrize(
    "name",
    [
        *("assignment-import", "hand-in-for", "extensions", "marking", "rescore"),
        *("marking-settings", "regrade-start", "extensions-many"),
    ],
)
def test_it_has_no_page_about_what_is_handed_in(
    exam: Assignment, client: Client, name: str
) -> None:
    slugs = [exam.course.slug, exam.slug]
    assert client.get(reverse(f"grading:{name}", args=slugs)).status_code == 404


def test_the_student_reads_that_nothing_is_handed_in(
    exam: Assignment, student: User
) -> None:
    client = signed_in(student)
    shown = words(client.get(exam.get_absolute_url()))
    assert (
        "Nothing is handed in here. The lecturer enters the marks, out of 100" in shown
    )
    assert "Deadline" not in shown
    answer = client.post(
        reverse("grading:submit", args=[exam.course.slug, exam.slug]),
        {"declaration": "true"},
    )
    assert answer.status_code == 422
    assert "people enter the marks of this coursework" in words(answer)


def test_a_thousand_students(
    exam: Assignment, client: Client, assert_max_queries: Counter
) -> None:
    people = User.objects.bulk_create(
        User(email=f"s{n}@example.org", login=f"s{n}", last_name=f"S{n:04}")
        for n in range(1000)
    )
    EnrolmentFactory._meta.model.objects.bulk_create(
        EnrolmentFactory.build(course=exam.course, user=user) for user in people
    )
    Mark.objects.bulk_create(
        Mark(assignment=exam, student=user, entered_points=5) for user in people[:900]
    )
    client.get(address(exam))
    began = time.perf_counter()
    with assert_max_queries(14):
        answer = client.get(address(exam))
    took = time.perf_counter() - began
    assert "900 of 1000 students have a mark" in words(answer)
    assert len(answer.content) < 800_000
    # Some 0.2 s; a machine that does much else takes longer.
    assert took < 2
    whole = [fields(user, "7", "5") for user in people[:900]]
    assert send(client, exam, *whole).status_code == 302
    assert Mark.objects.filter(entered_points=7).count() == 900
