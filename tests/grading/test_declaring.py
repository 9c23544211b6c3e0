"""Declarations from the page, the API and uploads in pieces, and who reads them."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from submissions.models import OpenedAttempt, Submission
from tests.api.opening import file_row
from tests.factories import AssignmentFactory, GradingRunFactory, small_notebook
from tests.grading.pages import signed_in, staff_of, student_of, words
from tests.submissions.opened import NOTEBOOK, send

pytestmark = pytest.mark.django_db
TOOLS = "Which AI tools, and for what?"


@pytest.fixture
def assignment() -> Assignment:
    row: Assignment = AssignmentFactory.create(
        declaration="I have read the rules.",
        declaration_questions=f"{TOOLS} [required]\nHours worked [number]",
    )
    return row


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


def keys(assignment: Assignment) -> tuple[str, str]:
    tools, hours = assignment.asked
    return tools.key, hours.key


def notebook() -> SimpleUploadedFile:
    return SimpleUploadedFile("mine.ipynb", small_notebook().encode())


def sent(assignment: Assignment, tools: str, hours: str = "") -> dict[str, Any]:
    first, second = keys(assignment)
    return {
        "declaration": "yes",
        "file:work.ipynb": notebook(),
        f"answer:{first}": tools,
        f"answer:{second}": hours,
    }


def submit_address(assignment: Assignment) -> str:
    return reverse("grading:submit", args=[assignment.course.slug, assignment.slug])


def test_the_form_asks_keeps_answers_of_a_refused_try_and_stores_them(
    assignment: Assignment, student: User
) -> None:
    client = signed_in(student)
    page = words(client.get(assignment.get_absolute_url()))
    assert "I have read the rules." in page
    assert f"{TOOLS} Hours worked optional" in page
    address = submit_address(assignment)
    refused = client.post(address, sent(assignment, " ", "many"))
    assert refused.status_code == 422
    text = words(refused)
    assert f"Answer the question “{TOOLS}”." in text
    assert "The answer to “Hours worked” is not a number." in text
    assert 'value="many"' in refused.content.decode()
    assert not Submission.objects.exists()
    assert client.post(address, sent(assignment, "none", "2,5")).status_code == 303
    declared = Submission.objects.get().declaration
    assert declared.statement == "I have read the rules."
    assert [each.answer for each in declared.answers] == ["none", "2.5"]


def test_questions_stay_as_they_were_asked_and_only_receipts_show_them(
    assignment: Assignment, student: User
) -> None:
    client = signed_in(student)
    client.post(submit_address(assignment), sent(assignment, "Canary-GPT", "3"))
    Assignment.objects.update(declaration_questions="Another question?", declaration="")
    submission = Submission.objects.get()
    run = submission.runs.get()
    for reader in (student, staff_of(assignment)):
        text = words(signed_in(reader).get(submission.get_absolute_url()))
        assert f"I have read the rules. {TOOLS} Canary-GPT Hours worked 3" in text
        assert "Canary" not in words(signed_in(reader).get(run.get_absolute_url()))
    classmate = student_of(assignment)
    assert signed_in(classmate).get(submission.get_absolute_url()).status_code == 404


def test_api_takes_answers_by_key_and_gives_them_back(
    assignment: Assignment, student: User
) -> None:
    tools, hours = keys(assignment)
    client = signed_in(student)

    def hand_in(answers: str | None) -> Any:
        form = {"assignment": assignment.pk, "declaration": "true"}
        form |= {} if answers is None else {"answers": answers}
        return client.post("/api/v1/submissions/", {**form, "work.ipynb": notebook()})

    for answers, code in [
        (None, "answer_missing"),
        ("not json", "invalid"),
        ("[" * 100_000, "invalid"),
        ("[]", "not_a_dict"),
        (json.dumps({tools: "none", "x": "y"}), "answer_unknown"),
        (json.dumps({tools: "none", hours: "many"}), "answer_no_number"),
    ]:
        refused = hand_in(answers)
        assert refused.status_code == 400, answers
        assert code in {each["code"] for each in refused.json()["errors"]}, answers
    made = hand_in(json.dumps({tools: " none "}))
    assert made.status_code == 201
    assert made.json()["submission"]["declaration"] == {
        "statement": "I have read the rules.",
        "answers": [{"question": TOOLS, "answer": "none", "is_number": False}],
    }


def test_an_opened_attempt_keeps_the_last_declaration_until_it_is_handed_in(
    assignment: Assignment, student: User
) -> None:
    tools, _ = keys(assignment)
    client = signed_in(student)
    body = {"assignment": assignment.pk, "declaration": True, "files": [file_row()]}

    def open_with(answers: dict[str, str]) -> Any:
        return client.post(
            "/api/v1/opened-attempts/",
            {**body, "answers": answers},
            content_type="application/json",
        )

    refused = open_with({})
    assert refused.json()["errors"][0]["code"] == "answer_missing"
    assert open_with({tools: "first"}).status_code == 201
    assert open_with({tools: "second"}).status_code == 201
    opened = OpenedAttempt.objects.get()
    # Questions that are asked from now on are not asked of this attempt.
    Assignment.objects.update(declaration_questions="New? [required]")
    send(opened.uploads.get(), NOTEBOOK)
    finished = client.post(f"/api/v1/opened-attempts/{opened.pk}/finish/")
    assert finished.status_code == 201
    (answer,) = Submission.objects.get().declaration.answers
    assert (answer.question, answer.answer) == (TOOLS, "second")


def test_without_questions_nothing_changes_for_anybody(student: User) -> None:
    run = GradingRunFactory.create()
    text = words(signed_in(run.work.author).get(run.work.get_absolute_url()))
    assert "Declaration" not in text
