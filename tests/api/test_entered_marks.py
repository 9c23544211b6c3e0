"""Entering marks by the API: many at once, with a dry run and the page's refusals."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from courses.models import Assignment
from grading.models import Mark
from tests.api.asking import READ, ROOT, bearer, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    EnteredAssignmentFactory,
)
from tests.grading.entered import enter, lecturer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def exam() -> Assignment:
    made: Assignment = EnteredAssignmentFactory.create()
    return made


@pytest.fixture
def student(exam: Assignment) -> User:
    found: User = EnrolmentFactory.create(course=exam.course).user
    return found


def post(client: Client, exam: Assignment, *marks: dict[str, Any], **body: Any) -> Any:
    return client.post(
        f"{ROOT}assignments/{exam.pk}/entered-marks/",
        {"marks": marks, **body},
        content_type="application/json",
    )


def codes(answer: Any) -> set[str]:
    return {each["code"] for each in answer.json()["errors"]}


def test_marks_are_entered_with_a_reason(exam: Assignment, student: User) -> None:
    client = session_of(lecturer_of(exam))
    answer = post(
        client, exam, {"student": student.login, "points": "62.5"}, reason="x"
    )
    assert answer.json()["changes"] == [
        {
            "student": answer.json()["changes"][0]["student"],
            "before": None,
            "after": "62.50",
        }
    ]
    assert Mark.objects.get().changes.get().reason == "Entered: x"
    again = post(client, exam, {"student": student.email.upper(), "points": "62.50"})
    assert (again.json()["unchanged"], again.json()["changes"]) == (1, [])


def test_a_dry_run_stores_nothing(exam: Assignment, student: User) -> None:
    client = session_of(lecturer_of(exam))
    mark = {"student": student.login, "points": "5"}
    said = post(client, exam, mark, dry_run=True).json()
    assert said["dry_run"] is True
    assert said["changes"][0]["after"] == "5.00"
    assert not Mark.objects.exists()


def test_what_was_seen_decides(exam: Assignment, student: User) -> None:
    enter(exam, student, "60")
    client = session_of(lecturer_of(exam))
    mark = {"student": student.login, "points": "5", "seen": None}
    answer = post(client, exam, mark)
    assert (answer.status_code, codes(answer)) == (409, {"marks_changed"})
    assert "60.00 now" in answer.json()["errors"][0]["detail"]
    assert post(client, exam, {**mark, "seen": "60"}).status_code == 200
    # Without it, whatever is there is replaced, also by nothing.
    post(client, exam, {"student": student.login, "points": None})
    assert Mark.objects.get().entered_points is None


@pytest.mark.parametrize(
    ("points", "code"),
    [("101", "invalid_points"), ("-1", "invalid_points"), ("NaN", "invalid")],
)
def test_impossible_points_are_refused(
    exam: Assignment, student: User, points: str, code: str
) -> None:
    client = session_of(lecturer_of(exam))
    answer = post(client, exam, {"student": student.login, "points": points})
    assert (answer.status_code, codes(answer)) == (400, {code})


def test_unknown_and_repeated_students_are_refused(
    exam: Assignment, student: User
) -> None:
    client = session_of(lecturer_of(exam))
    mark = {"student": student.login, "points": "1"}
    answer = post(client, exam, {**mark, "student": "nobody"}, mark, mark)
    assert codes(answer) == {"unknown_student", "repeated_student"}
    assert not Mark.objects.exists()


def test_marks_of_handed_in_work_are_not_entered() -> None:
    work = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=work.course).user
    client = session_of(lecturer_of(work))
    answer = post(client, work, {"student": student.login, "points": "1"})
    assert codes(answer) == {"not_entered"}


def test_who_may_and_with_which_token(exam: Assignment, student: User) -> None:
    lecturer = lecturer_of(exam)
    assistant = EnrolmentFactory.create(course=exam.course, assistant=True).user
    mark = {"student": student.login, "points": "1"}
    assert post(session_of(student), exam, mark).status_code == 403
    reading = Client(headers=bearer(lecturer, READ))
    assert post(reading, exam, mark).status_code == 403
    marking = Client(headers=bearer(lecturer, ApiToken.Scope.MARK))
    assert post(marking, exam, mark).status_code == 200
    Assignment.objects.update(markers_see_own_only=True)
    assert post(session_of(assistant), exam, mark).status_code == 403
