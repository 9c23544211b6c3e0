"""Handing in by the form leads to the run, or back to the form with its problems."""

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from accounts.throttles import SubmitThrottle
from courses.models import Assignment
from grading.models import GradingRun
from grading.states import State
from submissions.models import Submission
from tests.factories import AssignmentFactory, RequiredFileFactory
from tests.grading.pages import (
    KEY,
    Answer,
    form,
    signed_in,
    staff_of,
    student_of,
    upload,
    words,
)

pytestmark = pytest.mark.django_db
SCRIPTED = {"X-Requested-With": "XMLHttpRequest"}


def send(
    assignment: Assignment,
    user: User,
    changes: dict[str, object] | None = None,
    *,
    headers: dict[str, str] | None = None,
) -> Answer:
    url = f"{assignment.get_absolute_url()}submit/"
    return signed_in(user).post(url, form(**(changes or {})), headers=headers)


def test_success_redirects_to_the_queued_run() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    answer = send(assignment, student)
    run = GradingRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, run.get_absolute_url())
    assert run.state == State.QUEUED
    assert run.work.author == student
    assert run.work.files.get().original_name == "my work.ipynb"


def test_run_page_then_says_that_the_attempt_is_stored() -> None:
    assignment = AssignmentFactory.create()
    client = signed_in(student_of(assignment))
    url = f"{assignment.get_absolute_url()}submit/"
    answer = client.post(url, form(), follow=True)
    assert "Attempt 1 is handed in and stored" in words(answer)


def test_a_script_gets_the_address_as_json() -> None:
    assignment = AssignmentFactory.create()
    answer = send(assignment, student_of(assignment), headers=SCRIPTED)
    assert answer.status_code == 200
    assert answer.json() == {"redirect": GradingRun.objects.get().get_absolute_url()}


def test_same_form_sent_twice_is_one_attempt() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    first = send(assignment, student)
    second = send(assignment, student)
    assert first["Location"] == second["Location"]
    assert Submission.objects.count() == 1


def test_get_redirects_to_the_coursework_page() -> None:
    assignment = AssignmentFactory.create()
    url = f"{assignment.get_absolute_url()}submit/"
    answer = signed_in(student_of(assignment)).get(url)
    assert answer["Location"] == assignment.get_absolute_url()


def test_broken_notebook_comes_back_with_its_line_beside_its_file() -> None:
    assignment = AssignmentFactory.create()
    broken = upload('{\n "cells": [],\n "metadata": {}\n "nbformat": 4\n}')
    answer = send(assignment, student_of(assignment), {"file:work.ipynb": broken})
    assert answer.status_code == 422
    slot = answer.content.decode().split("data-slot-problems")[1]
    assert "line 4" in slot
    assert not Submission.objects.exists()


def test_every_problem_is_shown_beside_its_file() -> None:
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    answer = send(assignment, student_of(assignment), {"file:work.ipynb": upload("")})
    slots = answer.content.decode().split('<div class="slot"')[1:]
    assert ["is empty" in slot for slot in slots] == [True, False]
    assert ["is missing" in slot for slot in slots] == [False, True]
    assert "Correct 2 problems" in words(answer)


def test_refused_form_keeps_its_other_fields() -> None:
    assignment = AssignmentFactory.create()
    answer = send(assignment, student_of(assignment), {"file:work.ipynb": None})
    html = answer.content.decode()
    assert f'value="{KEY}"' in html
    assert re.search(r'id="declaration"[^>]* checked', html)


def test_without_the_declaration_nothing_is_handed_in() -> None:
    assignment = AssignmentFactory.create()
    answer = send(assignment, student_of(assignment), {"declaration": None})
    assert answer.status_code == 422
    assert "Confirm that this is your own, unaided work." in words(answer)
    assert not Submission.objects.exists()


def test_the_declaration_and_the_files_are_asked_for_at_once() -> None:
    assignment = AssignmentFactory.create()
    nothing: dict[str, object] = {"declaration": None, "file:work.ipynb": None}
    text = words(send(assignment, student_of(assignment), nothing))
    assert "Confirm that this is your own, unaided work." in text
    assert "“work.ipynb” is missing." in text


def test_a_script_gets_the_panel_alone() -> None:
    assignment = AssignmentFactory.create()
    answer = send(
        assignment,
        student_of(assignment),
        {"file:work.ipynb": upload("")},
        headers=SCRIPTED,
    )
    assert answer.status_code == 422
    assert "<html" not in answer.content.decode()
    assert "data-submit-panel" in answer.content.decode()


def test_once_closed_the_answer_is_a_message_without_the_form() -> None:
    assignment = AssignmentFactory.create(closed=True)
    answer = send(assignment, student_of(assignment))
    assert answer.status_code == 422
    assert "This coursework closed on" in words(answer)
    assert "data-submit-form" not in answer.content.decode()


def test_file_names_are_escaped() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    hostile = SimpleUploadedFile(
        '"><img src=x>.ipynb', form()["file:work.ipynb"].read()
    )
    send(assignment, student, {"file:work.ipynb": hostile})
    submission = Submission.objects.get()
    answer = signed_in(student).get(submission.get_absolute_url())
    assert "<img" not in answer.content.decode()


def test_staff_may_not_hand_in() -> None:
    assignment = AssignmentFactory.create()
    assert send(assignment, staff_of(assignment)).status_code == 403


def test_outsider_gets_404() -> None:
    assignment = AssignmentFactory.create()
    outsider = student_of(AssignmentFactory.create())
    assert send(assignment, outsider).status_code == 404


def test_unreleased_coursework_is_404() -> None:
    assignment = AssignmentFactory.create(hidden=True)
    assert send(assignment, student_of(assignment)).status_code == 404


def test_upload_time_is_the_servers_and_not_the_clients() -> None:
    assignment = AssignmentFactory.create()
    before = timezone.now()
    send(assignment, student_of(assignment), {"started_at": "2020-01-01T00:00:00Z"})
    submission = Submission.objects.get()
    assert before <= submission.started_at <= submission.received_at
    assert submission.started_at - before < dt.timedelta(seconds=30)


def test_body_past_the_limit_is_refused_in_words(settings: Settings) -> None:
    settings.MAX_SUBMISSION_BYTES = 2000
    assignment = AssignmentFactory.create()
    answer = send(
        assignment, student_of(assignment), {"file:work.ipynb": upload("x" * 3000)}
    )
    assert answer.status_code == 422
    assert "together are larger than the limit" in words(answer)


def test_too_many_attempts_in_an_hour_are_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache.clear()
    monkeypatch.setattr(SubmitThrottle, "rate", "1/hour")
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    send(assignment, student)
    answer = send(assignment, student, {"idempotency_key": "f" * 32})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "many attempts in a short time" in words(answer)


def test_csrf_token_is_needed() -> None:
    assignment = AssignmentFactory.create()
    client = Client(enforce_csrf_checks=True)
    client.force_login(student_of(assignment))
    answer = client.post(f"{assignment.get_absolute_url()}submit/", form())
    assert answer.status_code == 403
