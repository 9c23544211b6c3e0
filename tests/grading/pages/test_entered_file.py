"""The page on which marks are entered from a file, after a preview."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from grading.pages.entered_file import EnteredFilePage
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    EnteredAssignmentFactory,
)
from tests.formats.test_mark_table import sheet
from tests.grading.entered import enter, lecturer_of
from tests.grading.pages import Answer, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def exam() -> Assignment:
    made: Assignment = EnteredAssignmentFactory.create()
    return made


@pytest.fixture
def client(exam: Assignment) -> Client:
    return signed_in(lecturer_of(exam))


def student(exam: Assignment, login: str) -> User:
    found: User = EnrolmentFactory.create(
        course=exam.course, user__login=login, user__email=f"{login}@example.org"
    ).user
    return found


def upload(client: Client, exam: Assignment, content: str | bytes) -> Answer:
    body = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("exam.csv", body)
    address = reverse("grading:entered-file", args=[exam.course.slug, exam.slug])
    return client.post(address, {"file": file})


def confirm(client: Client, exam: Assignment, plan: EnteredFilePage) -> Answer:
    """Send what the form of the preview has."""
    fields = {"all": "1", "reason": "exam.csv"}
    for row in plan.sent:
        fields[f"points-{row.student.pk}"] = row.after
        fields[f"seen-{row.student.pk}"] = row.before
    address = reverse("grading:entered-marks", args=[exam.course.slug, exam.slug])
    return client.post(address, fields)


def test_a_preview_stores_nothing_and_says_what_would_change(
    exam: Assignment, client: Client
) -> None:
    new, changed, same, empty = (student(exam, each) for each in "abcd")
    for each, points in ((changed, "5"), (same, "6"), (empty, "7")):
        enter(exam, each, points)
    answer = upload(
        client,
        exam,
        "login;mark\na;12,5\nb;5,5\nc;6,00\nd;\ne;3\n",
    )
    plan = answer.context["plan"]
    assert [(row.student, row.before, row.after) for row in plan.new] == [
        (new, "", "12.5")
    ]
    assert [(row.student, row.before, row.after) for row in plan.changed] == [
        (changed, "5", "5.5")
    ]
    assert [row.student for row in plan.same] == [same]
    assert plan.empty == 1
    text = words(answer)
    assert "Line 6: “e” is no student of this course." in text
    assert "Store 2 marks, leave out 1 line" in text
    assert not Mark.objects.filter(student=new).exists()


def test_what_was_confirmed_is_stored_with_the_name_of_the_file(
    exam: Assignment, client: Client
) -> None:
    first, second = student(exam, "a"), student(exam, "b")
    enter(exam, second, "5")
    plan = upload(client, exam, "login,points\na,1\nb,2\n").context["plan"]
    assert confirm(client, exam, plan).status_code == 302
    found = dict(Mark.objects.values_list("student", "entered_points"))
    assert found == {first.pk: 1, second.pk: 2}
    assert Mark.objects.get(student=first).changes.get().reason == "Entered: exam.csv"


@pytest.mark.parametrize("kind", ["new", "changed", "same"])
def test_nothing_is_stored_if_a_mark_changed_since_the_preview(
    exam: Assignment, client: Client, kind: str
) -> None:
    one, other = student(exam, "a"), student(exam, "b")
    before = {"new": None, "changed": "5", "same": "1"}[kind]
    if before:
        enter(exam, one, before)
    plan = upload(client, exam, "login,points\na,1\nb,2\n").context["plan"]
    enter(exam, one, "9", seen=before)
    answer = confirm(client, exam, plan)
    assert answer.status_code == 409
    assert "Meanwhile, this mark was changed to 9" in words(answer)
    assert not Mark.objects.filter(student=other, entered_points=2).exists()


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("absent", "“absent” is no number with at most two decimals. Write a number"),
        ("excused", "“excused” is no number"),
        ("62%", "“62%” is no number"),
        ("1.333", "“1.333” is no number with at most two decimals"),
        ("-1", "Enter 0 or more points."),
        ("101", "Enter at most 100 points."),
    ],
)
def test_errors_are_by_line_and_say_what_to_do(
    exam: Assignment, client: Client, cell: str, says: str
) -> None:
    student(exam, "a")
    student(exam, "b")
    plan = upload(client, exam, f"login,points\na,{cell}\nb,2\n").context["plan"]
    (fault,) = plan.faults
    assert fault.line == 2
    assert says in fault.message
    assert plan.count == 1


def test_a_file_out_of_other_points_is_an_error(
    exam: Assignment, client: Client
) -> None:
    student(exam, "a")
    answer = upload(client, exam, "SID,Total Score,Max Points\na,20,50\n")
    (fault,) = answer.context["plan"].faults
    assert "out of 50, but it is out of 100 here" in fault.message


def test_a_student_on_two_lines_gets_the_first_and_an_error(
    exam: Assignment, client: Client
) -> None:
    student(exam, "a")
    text = "email,login,points\na@example.org,,1\n,a,2\n"
    plan = upload(client, exam, text).context["plan"]
    assert [row.after for row in plan.new] == ["1"]
    assert "is on line 2 already" in plan.faults[0].message


def test_an_address_and_a_login_of_two_people_are_an_error(
    exam: Assignment, client: Client
) -> None:
    student(exam, "a")
    student(exam, "b")
    plan = upload(client, exam, "email,login,points\na@example.org,b,1\n").context[
        "plan"
    ]
    assert "Correct one of them." in plan.faults[0].message
    assert plan.count == 0


def test_addresses_in_the_place_of_logins_are_known(
    exam: Assignment, client: Client
) -> None:
    student(exam, "a")
    plan = upload(client, exam, "student_id,score\nA@Example.org,1\n").context["plan"]
    assert plan.count == 1


def test_a_spreadsheet_is_read(exam: Assignment, client: Client) -> None:
    one = student(exam, "a")
    content = sheet(["Username", exam.title], ["A", 61.5])
    plan = upload(client, exam, content).context["plan"]
    assert [(row.student, row.after) for row in plan.new] == [(one, "61.5")]


def test_a_file_that_cannot_be_used_is_refused_in_words(
    exam: Assignment, client: Client
) -> None:
    answer = upload(client, exam, "name,points\na,1\n")
    assert answer.status_code == 422
    assert "No column says whose the marks are. Call one “login” or “email”" in words(
        answer
    )


def test_names_in_a_file_are_only_text(exam: Assignment, client: Client) -> None:
    answer = upload(client, exam, "login,points\n<script>alert(1)</script>,1\n")
    assert b"<script>alert" not in answer.content


def test_coursework_that_is_handed_in_has_no_such_page() -> None:
    work = AssignmentFactory.create()
    reader = signed_in(lecturer_of(work))
    answer = upload(reader, work, "login,points\na,1\n")
    assert answer.status_code == 302
