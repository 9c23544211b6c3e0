"""Accommodations, requests for extensions and previews of extra time by the API."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import ApiToken, User
from courses.models import Accommodation, Assignment, Extension, ExtensionRequest
from grading.models import GradingRun, Mark, MarkerAllocation
from tests.api.asking import READ, ROOT, SUBMIT, bearer, codes, content, session_of
from tests.factories import (
    AccommodationFactory,
    EnrolmentFactory,
    ManualQuestionFactory,
    MarkingFactory,
    hours,
)
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db
LATE = "2099-03-15T12:00:00Z"
EXTEND = ApiToken.Scope.EXTEND


@pytest.fixture
def assignment() -> Assignment:
    """Return coursework that was due two days ago, and released 100 hours before."""
    return make_assignment(release_at=hours(-148))


@pytest.fixture
def student(assignment: Assignment) -> User:
    """Return a student with a mark of 40, capped for an attempt 20 hours late."""
    student: User = EnrolmentFactory.create(course=assignment.course).user
    attempt(assignment, student, "75", 20)
    marked(assignment, student)
    return student


@pytest.fixture
def editor(assignment: Assignment) -> Client:
    row = EnrolmentFactory.create(course=assignment.course, lecturer=True)
    return session_of(row.user)


def send(client: Client, path: str, body: Any = None, method: str = "post") -> Any:
    ask = getattr(client, method)
    return ask(f"{ROOT}{path}", body or {}, content_type="application/json")


def check_plan(plan: dict[str, Any], before: str, after: str) -> None:
    """Check that one mark and the lateness of its attempt would change."""
    (mark,), (late,) = plan["marks"], plan["lateness"]
    assert (mark["before"], mark["after"]) == (before, after)
    assert late["becomes_late"] == (after == "40.00")
    assert mark["student"] == late["student"]


def test_an_extension_is_previewed_before_it_is_granted_and_withdrawn(
    assignment: Assignment, student: User, editor: Client
) -> None:
    body = {"assignment": assignment.pk, "students": [student.email], "due_at": LATE}
    body["reason"] = "ill"
    check_plan(send(editor, "extensions/preview/", body).json(), "40.00", "75.00")
    assert not Extension.objects.exists()
    early = {**body, "due_at": "0001-01-01T00:00:00Z"}
    for path in ("extensions/", "extensions/preview/"):
        assert {place for _, place in codes(send(editor, path, early))} == {"due_at"}
    (row,) = send(editor, "extensions/", body).json()
    plan = editor.get(f"{ROOT}extensions/{row['id']}/withdrawal/").json()
    check_plan(plan, "75.00", "40.00")
    assert Mark.objects.get().final_points == 75


def test_a_preview_leaves_out_what_a_second_marker_must_not_know(
    assignment: Assignment, student: User
) -> None:
    editor = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    body = {"assignment": assignment.pk, "students": [student.email], "due_at": LATE}
    body["reason"] = "ill"
    client = session_of(editor)
    whole = send(client, "extensions/preview/", body).json()
    assert (len(whole["marks"]), whole["leaves_out"]) == (1, False)
    ManualQuestionFactory.create(revision=assignment.revision)
    run = GradingRun.objects.get()
    MarkingFactory.create(run=run)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=editor, stage="second", student=student
    )
    blind = send(client, "extensions/preview/", body).json()
    assert (blind["marks"], blind["leaves_out"]) == ([], True)


def test_an_accommodation_is_previewed_given_changed_and_withdrawn(
    assignment: Assignment, student: User, editor: Client
) -> None:
    body: Any = {"course": assignment.course.slug, "student": student.email}
    body |= {"percent": 25, "reason": "private"}
    plan = send(editor, "accommodations/preview/", body).json()
    check_plan(plan, "40.00", "75.00")
    assert not Accommodation.objects.exists()
    row = send(editor, "accommodations/", body).json()
    assert (row["percent"], row["hours"], row["reason"]) == (25, 0, "private")
    assert Mark.objects.get().final_points == 75
    where = f"accommodations/{row['id']}/"
    check_plan(editor.get(f"{ROOT}{where}withdrawal/").json(), "75.00", "40.00")
    own = session_of(student).get(f"{ROOT}{where}").json()
    assert (own["percent"], own["reason"], own["granted_by"]) == (25, None, None)
    changed = send(editor, where, {"hours": 1, "reason": "private"}, "put")
    assert (changed.json()["hours"], changed.json()["percent"]) == (1, 0)
    assert Mark.objects.get().final_points == 40
    assert editor.delete(f"{ROOT}{where}").status_code == 204
    assert not Accommodation.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"student": "nobody@example.org"}, "student"),
        ({"hours": 1, "percent": 1}, "hours"),
        ({"percent": 0}, "hours"),
        ({"percent": 301}, "percent"),
        ({"reason": ""}, "reason"),
    ],
)
def test_wrong_accommodations_are_refused_by_their_field(
    assignment: Assignment,
    student: User,
    editor: Client,
    wrong: dict[str, Any],
    place: str,
) -> None:
    body: Any = {"course": assignment.course.slug, "student": student.email}
    body |= {"percent": 25, "reason": "private", **wrong}
    for path in ("accommodations/", "accommodations/preview/"):
        answer = send(editor, path, body)
        assert answer.status_code == 400
        found = {str(each).split(".")[0] for _, each in codes(answer)}
        assert found == {place}


def ask(client: Client, assignment: Assignment, **fields: Any) -> Any:
    form = {"assignment": assignment.pk, "reason": "private", **fields}
    form.setdefault("wished_due_at", f"{hours(24):%Y-%m-%dT%H:%MZ}")
    return client.post(f"{ROOT}extension-requests/", form)


def test_a_request_is_made_with_a_file_and_granted(
    assignment: Assignment, student: User, editor: Client
) -> None:
    own = session_of(student)
    file = SimpleUploadedFile("note.pdf", b"%PDF- private")
    made = ask(own, assignment, file=file)
    assert made.status_code == 201
    row = made.json()
    assert (row["state"], row["file_size"]) == ("open", 13)
    assert content(editor.get(row["file_url"])) == b"%PDF- private"
    where = f"extension-requests/{row['id']}/"
    plan = send(editor, f"{where}preview/", {"due_at": LATE}).json()
    assert plan.pop("hidden_results") == ""
    check_plan(plan, "40.00", "75.00")
    granted = send(editor, f"{where}grant/", {"due_at": LATE, "answer": "Get well."})
    assert granted.json()["state"] == "granted"
    assert granted.json()["answered_by"]
    assert Mark.objects.get().final_points == 75
    seen = own.get(f"{ROOT}{where}").json()
    assert (seen["answer"], seen["answered_by"]) == ("Get well.", None)
    for client, path in (
        (own, "withdraw/"),
        (editor, "grant/"),
        (editor, "refuse/"),
    ):
        again = send(client, f"{where}{path}", {"due_at": LATE, "answer": "x"})
        assert codes(again) == {("request_closed", None)}


def test_wrong_requests_are_refused(
    assignment: Assignment, student: User, settings: Settings
) -> None:
    own = session_of(student)
    settings.STUDENT_QUOTA_BYTES = 100
    pdf = b"%PDF-"
    for wrong in (
        {"wished_due_at": "2020-01-05T12:00Z"},
        {"wished_due_at": "9999-12-31T23:59:59-14:00"},
        {"wished_due_at": "0001-01-01T00:00:00+14:00"},
        {"reason": ""},
        {"file": SimpleUploadedFile("x.exe", b"MZ")},
        {"file": SimpleUploadedFile("x.pdf", b"MZ")},
        {"file": SimpleUploadedFile("x.pdf", pdf.ljust(101))},
        {"other": SimpleUploadedFile("x.pdf", pdf)},
        {"file": [SimpleUploadedFile("x.pdf", pdf), SimpleUploadedFile("y.pdf", pdf)]},
    ):
        answer = ask(own, assignment, **wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["errors"]
    assert not ExtensionRequest.objects.exists()


def test_students_ask_with_one_scope_and_staff_answer_with_another(
    assignment: Assignment, student: User
) -> None:
    editor: User = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    token = Client(headers=bearer(student, READ, EXTEND))
    assert codes(ask(token, assignment)) == {("scope_missing", None)}
    row = ask(Client(headers=bearer(student, READ, SUBMIT)), assignment).json()
    where = f"extension-requests/{row['id']}/refuse/"
    for scopes, status in (((READ, SUBMIT), 403), ((READ, EXTEND), 200)):
        staff = Client(headers=bearer(editor, *scopes))
        assert send(staff, where, {"answer": "No."}).status_code == status


def test_what_accommodations_a_course_has_is_filtered(
    assignment: Assignment, editor: Client
) -> None:
    own = AccommodationFactory.create(course=assignment.course)
    AccommodationFactory.create()
    path = f"{ROOT}accommodations/?course={assignment.course.slug}"
    (row,) = editor.get(path).json()["results"]
    assert row["id"] == own.pk
