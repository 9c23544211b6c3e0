"""A receipt means that the work is stored and queued: both rows exist, or neither."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import pytest

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun
from grading.services import cancel_run, submit, submit_work
from grading.services.environment_records import record_environments
from grading.worker.environments import FoundEnvironment
from storage.blob_rows import unnamed_among
from storage.blobs import read_blob
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile
from tests.factories import AssignmentFactory, EnrolmentFactory, hours, small_notebook

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def hand_in(
    assignment: Assignment, student: User, text: str = "", key: str = ""
) -> GradingRun:
    data = (text or small_notebook()).encode()
    notebook = IncomingFile(
        name="work.ipynb",
        original_name="mine.ipynb",
        content=io.BytesIO(data),
        size=len(data),
    )
    return submit_work(
        actor=student,
        assignment=assignment,
        files=[notebook],
        started_at=hours(-0.01),
        idempotency_key=key,
    )


def test_accepted_work_is_queued(assignment: Assignment, student: User) -> None:
    run = hand_in(assignment, student)
    assert (run.state, run.work.author, run.work.attempt) == (
        "queued",
        student,
        1,
    )
    assert run.revision == assignment.revision


def test_a_package_that_the_environment_lacks_gives_a_warning(
    assignment: Assignment, student: User
) -> None:
    text = small_notebook("import json, tqdm")
    assert hand_in(assignment, student, text).work.warnings == []
    assert assignment.revision is not None
    record_environments(
        actor=SYSTEM,
        found=[
            FoundEnvironment(
                name=assignment.revision.environment,
                python="3.11",
                packages={},
                modules=("json",),
            )
        ],
        level="L2",
    )
    (warning,) = hand_in(assignment, student, text).work.warnings
    assert warning["code"] == "imports_missing"
    assert "“tqdm”" in warning["message"]


def test_refused_work_stores_nothing(assignment: Assignment, student: User) -> None:
    with pytest.raises(SubmissionRefusedError):
        hand_in(assignment, student, "no notebook")
    assert not Submission.objects.exists()
    assert not GradingRun.objects.exists()


def test_the_same_form_sent_twice_is_one_attempt_and_one_run(
    assignment: Assignment, student: User
) -> None:
    first = hand_in(assignment, student, key="form-1")
    assert hand_in(assignment, student, key="form-1") == first
    assert GradingRun.objects.count() == Submission.objects.count() == 1


def test_a_repetition_after_the_end_does_not_run_again(
    assignment: Assignment, student: User
) -> None:
    first = hand_in(assignment, student, key="form-1")
    cancel_run(actor=student, run=first)
    assert hand_in(assignment, student, key="form-1") == first
    assert GradingRun.objects.get().state == "cancelled"


def test_without_a_queued_run_no_submission_is_stored(
    assignment: Assignment, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(submit, "enqueue_run", fail)
    with pytest.raises(RuntimeError):
        hand_in(assignment, student)
    assert not Submission.objects.exists()


def test_content_whose_rows_a_crash_prevented_is_an_orphan_until_it_is_sent_again(
    assignment: Assignment, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**kwargs: Any) -> None:
        raise SystemExit

    text = small_notebook("x = 'sent twice'")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    with monkeypatch.context() as crash:
        crash.setattr(submit, "record_submission", die)
        with pytest.raises(SystemExit):
            hand_in(assignment, student, text, key="form-1")
    assert read_blob(sha256) == text.encode()
    assert not Submission.objects.exists()
    assert unnamed_among([sha256]) == {sha256}
    assert hand_in(assignment, student, text, key="form-1").work.attempt == 1
    assert unnamed_among([sha256]) == set()


def test_a_broker_that_is_down_does_not_prevent_handing_in(
    assignment: Assignment,
    student: User,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = hand_in(assignment, student)
    assert GradingRun.objects.get() == run
