"""Handing in stores the files, then the rows; the server's clock decides lateness."""

import datetime as dt
import hashlib

import pytest
import time_machine
from django.utils import timezone

from courses.models import Assignment
from formats.choices import Part
from storage.blobs import read_blob
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile, charge_attempt
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionFactory,
    RequiredFileFactory,
    RevisionFileFactory,
    hours,
)
from tests.submissions.builders import (
    code_cell,
    incoming,
    notebook_bytes,
    safetensors_bytes,
)
from tests.submissions.storing import create_submission

pytestmark = pytest.mark.django_db


def hand_in(assignment: Assignment, *files: IncomingFile) -> Submission:
    """Hand in as a new student of the course."""
    return create_submission(
        actor=EnrolmentFactory.create(course=assignment.course).user,
        assignment=assignment,
        files=files or [incoming()],
        started_at=timezone.now(),
    )


def test_submission_is_pinned_to_the_published_revision() -> None:
    assignment = AssignmentFactory.create()
    submission = hand_in(assignment)
    assert submission.revision == assignment.revision
    assert submission.attempt == 1


def test_an_attempt_that_the_portal_failed_to_run_is_not_counted() -> None:
    assignment = AssignmentFactory.create(max_attempts=1)
    spared = hand_in(assignment)
    charge_attempt(submission_id=spared.pk, uses_attempt=False)
    again = create_submission(
        actor=spared.author,
        assignment=assignment,
        files=[incoming(notebook_bytes(code_cell("x = 2")))],
        started_at=timezone.now(),
    )
    assert again.attempt == 2


def test_original_bytes_are_stored_under_the_required_name() -> None:
    data = b"\xef\xbb\xbf" + notebook_bytes()
    stored = hand_in(
        AssignmentFactory.create(), incoming(data, original="C:\\me\\my work.ipynb")
    ).files.get()
    assert read_blob(stored.sha256) == data
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert (stored.name, stored.original_name) == ("work.ipynb", "my work.ipynb")
    assert (stored.kind, stored.size) == ("notebook", len(data))


@pytest.mark.parametrize(
    "original",
    ["\u202egpj.ipynb", "a\0b\r\n.ipynb", "../../etc/passwd", "x" * 900, "", "\udc80"],
)
def test_unusual_original_names_are_stored_visibly(original: str) -> None:
    stored = hand_in(
        AssignmentFactory.create(), incoming(original=original)
    ).files.get()
    assert stored.original_name.isprintable()
    assert 0 < len(stored.original_name) <= 255
    assert "/" not in stored.original_name


def test_a_refused_file_is_called_by_the_name_that_was_chosen() -> None:
    files = incoming(b"%PDF-1.7", original="C:\\me\\report.pdf")
    with pytest.raises(SubmissionRefusedError) as refused:
        hand_in(AssignmentFactory.create(), files)
    (found,) = refused.value.problems
    assert found.message.startswith("“report.pdf” is a PDF document")
    assert found.file == "work.ipynb"


def test_second_attempt_is_a_row_of_its_own() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    attempts = [
        create_submission(
            actor=student,
            assignment=assignment,
            files=[incoming()],
            started_at=timezone.now(),
        ).attempt
        for _ in range(3)
    ]
    assert attempts == [1, 2, 3]


def test_attempts_of_two_students_are_counted_apart() -> None:
    assignment = AssignmentFactory.create(max_attempts=1)
    assert [hand_in(assignment).attempt for _ in range(2)] == [1, 1]


def test_optional_file_may_be_left_out_or_handed_in() -> None:
    assignment = AssignmentFactory.create()
    RequiredFileFactory.create(
        revision=assignment.revision, weights=True, is_optional=True
    )
    weights = incoming(safetensors_bytes(), "digits.safetensors")
    assert hand_in(assignment).files.count() == 1
    assert hand_in(assignment, incoming(), weights).files.count() == 2


@time_machine.travel("2027-01-25 16:00:00.9 +0000", tick=False)
def test_work_in_the_second_of_the_deadline_is_on_time() -> None:
    due = dt.datetime(2027, 1, 25, 16, tzinfo=dt.UTC)
    submission = hand_in(AssignmentFactory.create(due_at=due))
    assert not submission.is_late
    assert submission.received_at == timezone.now()


@time_machine.travel("2027-01-25 16:00:01 +0000", tick=False)
def test_work_one_second_later_is_late() -> None:
    due = dt.datetime(2027, 1, 25, 16, tzinfo=dt.UTC)
    assignment = AssignmentFactory.create(due_at=due, closes_at=hours(1))
    assert hand_in(assignment).is_late


def test_own_extension_makes_work_on_time() -> None:
    assignment = AssignmentFactory.create(late=True)
    student = EnrolmentFactory.create(course=assignment.course).user
    ExtensionFactory.create(assignment=assignment, student=student)
    submission = create_submission(
        actor=student,
        assignment=assignment,
        files=[incoming()],
        started_at=timezone.now(),
    )
    assert not submission.is_late


def test_start_is_never_after_the_receipt() -> None:
    assignment = AssignmentFactory.create()
    submission = create_submission(
        actor=EnrolmentFactory.create(course=assignment.course).user,
        assignment=assignment,
        files=[incoming()],
        started_at=hours(5),
    )
    assert submission.started_at == submission.received_at


def test_warnings_are_stored_with_the_submission() -> None:
    source = "torch.load('vae.pth'); open('data.txt')"
    assignment = AssignmentFactory.create()
    RevisionFileFactory.create(
        revision=assignment.revision, part=Part.PUBLIC, name="data.txt"
    )
    submission = hand_in(assignment, incoming(notebook_bytes(code_cell(source))))
    submission.refresh_from_db()
    (warning,) = submission.warnings
    assert warning["code"] == "opens_missing"
    assert "vae.pth" in warning["message"]


def test_opening_a_private_file_is_warned_of() -> None:
    assignment = AssignmentFactory.create()
    RevisionFileFactory.create(
        revision=assignment.revision, part=Part.PRIVATE, name="labels.npy"
    )
    cell = code_cell("np.load('labels.npy')")
    submission = hand_in(assignment, incoming(notebook_bytes(cell)))
    assert submission.warnings[0]["code"] == "opens_missing"
