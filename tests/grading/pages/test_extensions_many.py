"""Many extensions at once: named, ticked or by CSV, previewed, then granted once."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Course, CourseChange, Extension
from courses.services import extensions as service
from tests.factories import AssignmentFactory, CourseFactory, EnrolmentFactory
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
DUE = dt.datetime(2027, 3, 12, 19, tzinfo=dt.UTC)
FORM = {"due_at": "2027-03-15T12:00", "reason": "the server was down"}


@pytest.fixture
def assignment() -> Assignment:
    course = CourseFactory.create(module_codes=["70010", "97111"])
    return AssignmentFactory.create(course=course, due_at=DUE)


@pytest.fixture
def students(assignment: Assignment) -> list[User]:
    rows = [
        EnrolmentFactory.create(
            course=assignment.course, user__login=f"ab{number}", module_code=code
        )
        for number, code in enumerate(("70010", "70010", "97111"))
    ]
    return [row.user for row in rows]


@pytest.fixture
def lecturer(assignment: Assignment) -> Client:
    row = EnrolmentFactory.create(course=assignment.course, lecturer=True)
    return signed_in(row.user)


def post(lecturer: Client, assignment: Assignment, form: dict[str, Any]) -> Any:
    names = [assignment.course.slug, assignment.slug]
    return lecturer.post(reverse("grading:extensions-many", args=names), form)


def test_students_are_named_ticked_or_chosen_by_their_code(
    lecturer: Client, assignment: Assignment, students: list[User]
) -> None:
    first, second, third = students
    cases: list[tuple[dict[str, Any], set[User]]] = [
        ({"students": f"AB0\n{second.email}, ab0"}, {first, second}),
        ({"ticked": [third.pk]}, {third}),
        ({"module_code": "70010", "students": "ab2"}, {first, second, third}),
    ]
    for chosen, expected in cases:
        answer = post(lecturer, assignment, {**FORM, **chosen})
        assert {each.student for each in answer.context["form"].grants} == expected
    assert not Extension.objects.exists()


def test_only_what_was_previewed_is_granted_and_marks_follow_once(
    lecturer: Client,
    assignment: Assignment,
    students: list[User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        service, "announce_marks_change", lambda *, reason, **_: told.append(reason)
    )
    form = {**FORM, "ticked": [each.pk for each in students]}
    seen = post(lecturer, assignment, form).context["seen"]
    assert post(lecturer, assignment, {**form, "reason": "other", "seen": seen}).context
    assert not Extension.objects.exists()
    assert post(lecturer, assignment, {**form, "seen": seen}).status_code == 302
    assert Extension.objects.count() == CourseChange.objects.count() == 3
    assert told == ["An extension was granted."]


def test_a_csv_file_gives_each_student_a_date(
    lecturer: Client, assignment: Assignment, students: list[User]
) -> None:
    text = "login,due,why\nab0,2027-03-15 12:00,ill\nab1,2027-03-16T12:00+02:00,ill\n"
    file = SimpleUploadedFile("rows.csv", text.encode())
    answer = post(lecturer, assignment, {"file": file})
    given = {"rows": answer.context["rows"], "seen": answer.context["seen"]}
    assert post(lecturer, assignment, given).status_code == 302
    due = dict(Extension.objects.values_list("student", "due_at"))
    assert due[students[0].pk] == dt.datetime(2027, 3, 15, 12, tzinfo=dt.UTC)
    assert due[students[1].pk] == dt.datetime(2027, 3, 16, 10, tzinfo=dt.UTC)


def test_faults_of_the_file_name_their_lines_and_nothing_is_granted(
    lecturer: Client, assignment: Assignment, students: list[User]
) -> None:
    outsider = EnrolmentFactory.create(user__login="zz9")
    lines = [
        "student,due_at,reason",
        "ab0,2027-03-15 12:00,ill",
        f"{outsider.user.login},2027-03-15 12:00,ill",
        "ab1,tomorrow,ill",
        "ab1,2027-03-15,ill",
        "ab1,2027-03-01 12:00,ill",
        "ab1,2027-03-28 01:30,ill",
        "ab0,2027-03-15 12:00,ill",
    ]
    answer = post(lecturer, assignment, {"rows": "\n".join(lines)})
    said = words(answer)
    assert answer.status_code == 422
    for part in (
        "Line 3: No student of this course has the login or address “zz9”.",
        "Line 4: “tomorrow” is not a date and time.",
        "Line 5: “2027-03-15” is not a date and time.",
        "Line 6: An extension must end later than the common deadline.",
        "Line 7: Europe/London has no 01:30 on Sun 28 Mar 2027",
        "stands in line 2 already",
    ):
        assert part in said
    assert not Extension.objects.exists()


def test_nobody_and_unknown_names_are_refused(
    lecturer: Client, assignment: Assignment, students: list[User]
) -> None:
    for given, part in (
        ({}, "Name students"),
        ({"students": "ab0\nnobody"}, "Line 2: No student"),
        ({"students": "ab0", "due_at": "2027-03-01T12:00"}, "later than the common"),
        ({"students": "ab0", "due_at": ""}, "Fill this in"),
    ):
        answer = post(lecturer, assignment, {**FORM, **given})
        assert answer.status_code == 422
        assert part in words(answer)


def test_module_codes_are_offered_only_where_there_are_several() -> None:
    course: Course = EnrolmentFactory.create(lecturer=True).course
    course.module_codes = ["70010"]
    course.save()
    assignment = AssignmentFactory.create(course=course)
    user = course.enrolments.editors().get().user
    names = [course.slug, assignment.slug]
    answer = signed_in(user).get(reverse("grading:extensions-many", args=names))
    assert "module_code" not in answer.context["form"].fields
