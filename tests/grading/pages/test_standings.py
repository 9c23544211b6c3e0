"""Lecturers decide for chosen students: absent, excused, withheld, 0 points."""

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark, MarkChange
from tests.api.asking import ROOT, session_of
from tests.factories import AssignmentFactory, EnrolmentFactory
from tests.grading.marking import marker_of
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def with_students(count: int = 3) -> tuple[Assignment, list[User], User]:
    assignment = AssignmentFactory.create()
    students = [
        EnrolmentFactory.create(course=assignment.course).user for _ in range(count)
    ]
    return assignment, students, marker_of(assignment, "lecturer")


def address(assignment: Assignment) -> str:
    return reverse("grading:standings", args=[assignment.course.slug, assignment.slug])


def test_no_field_of_one_form_keeps_the_other_from_being_sent() -> None:
    assignment, _, lecturer = with_students()
    html = signed_in(lecturer).get(address(assignment)).content.decode()
    form = html[html.index('name="student"') :]
    assert " required" not in form


def test_those_chosen_get_the_decision_and_its_reason_stays() -> None:
    assignment, students, lecturer = with_students()
    client, here = signed_in(lecturer), address(assignment)
    chosen = [each.pk for each in students[:2]]
    form = {"student": chosen, "standing": "absent", "reason": "Not in the exam."}
    answer = client.post(here, form, follow=True)
    assert "Stored for 2 students." in words(answer)
    assert words(answer).count("Absent: 0 points") >= 2
    found = Mark.objects.filter(standing="absent").values_list("student", flat=True)
    assert set(found) == set(chosen)
    reasons = set(MarkChange.objects.values_list("reason", flat=True))
    assert reasons == {"Absent: 0 points. Not in the exam."}
    client.post(here, {**form, "standing": "none"})
    assert not Mark.objects.exclude(standing="").exists()


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("reason", "Give a reason."),
        ("standing", "Choose what you decide."),
        ("student", "Choose at least one student."),
    ],
)
def test_what_is_missing_is_said_and_the_choice_is_kept(
    left_out: str, said: str
) -> None:
    assignment, students, lecturer = with_students()
    form = {"student": [students[0].pk], "standing": "withheld", "reason": "x"}
    del form[left_out]
    answer = signed_in(lecturer).post(address(assignment), form)
    assert answer.status_code == 422
    assert said in words(answer)
    assert answer.content.decode().count(" checked") == int(left_out != "student")
    assert not Mark.objects.exists()


def test_somebody_of_another_course_stops_all_of_it() -> None:
    assignment, students, lecturer = with_students()
    stranger = EnrolmentFactory.create().user
    form = {
        "student": [students[0].pk, stranger.pk],
        "standing": "excused",
        "reason": "x",
    }
    answer = signed_in(lecturer).post(address(assignment), form)
    assert answer.status_code == 422
    assert "is no student of the course" in words(answer)
    assert not Mark.objects.exists()


def test_the_api_decides_by_the_same_rules() -> None:
    assignment, students, lecturer = with_students()
    url = f"{ROOT}assignments/{assignment.pk}/standings/"
    client = session_of(lecturer)
    form = {"students": [students[0].pk], "standing": "withheld", "reason": "Conduct."}
    answer = client.post(url, form, content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, {"students": 1})
    assert Mark.objects.get().is_withheld
    refused = client.post(
        url, {**form, "students": [lecturer.pk]}, content_type="application/json"
    )
    assert refused.status_code == 400
    assert "no student of the course" in refused.content.decode()
    marker = marker_of(assignment)
    answer = session_of(marker).post(url, form, content_type="application/json")
    assert answer.status_code == 403
    client.post(url, {**form, "standing": None}, content_type="application/json")
    assert not Mark.objects.get().standing
