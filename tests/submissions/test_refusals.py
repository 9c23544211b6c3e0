"""A refused submission says why, with all problems at once, and stores nothing."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.models import Assignment, RequiredFile
from formats.problems import Problem
from grading.api.errors import refusal
from storage import blobs
from storage.blobs import BlobStoreFullError, StoreUnreachableError
from submissions import intake
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile, accept_files
from submissions.services import record_submission as record
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    RequiredFileFactory,
    SubmissionFactory,
    UserFactory,
    hours,
)
from tests.submissions.builders import incoming, notebook_bytes, safetensors_bytes
from tests.submissions.storing import create_submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Assert after each test that the refusal left no row."""
    before = Submission.objects.count()
    yield
    assert Submission.objects.filter(files__isnull=False).count() == before


def refused(
    assignment: Assignment, *files: IncomingFile, actor: User | None = None
) -> list[Problem]:
    """Return the problems with which the submission is refused."""
    actor = actor or EnrolmentFactory.create(course=assignment.course).user
    with pytest.raises(SubmissionRefusedError) as caught:
        create_submission(
            actor=actor,
            assignment=assignment,
            files=files or [incoming()],
            started_at=timezone.now(),
        )
    return list(caught.value.problems)


def codes(problems: list[Problem]) -> list[str]:
    return [problem.code for problem in problems]


def test_person_outside_the_course_is_refused() -> None:
    found = refused(AssignmentFactory.create(), actor=UserFactory.create())
    assert codes(found) == ["not_enrolled"]


@pytest.mark.parametrize("trait", ["assistant", "lecturer", "left"])
def test_only_active_students_hand_in(trait: str) -> None:
    assignment = AssignmentFactory.create()
    person = EnrolmentFactory.create(course=assignment.course, **{trait: True}).user
    assert codes(refused(assignment, actor=person)) == ["not_enrolled"]


def test_site_staff_cannot_hand_in() -> None:
    staff = UserFactory.create(site_staff=True)
    assert codes(refused(AssignmentFactory.create(), actor=staff)) == ["not_enrolled"]


@pytest.mark.parametrize(
    "release", [{"hidden": True}, {"release_at": hours(1)}], ids=["hidden", "later"]
)
def test_unreleased_assignment_is_refused(release: dict[str, object]) -> None:
    assert codes(refused(AssignmentFactory.create(**release))) == ["not_released"]


def test_unreleased_course_is_refused() -> None:
    assignment = AssignmentFactory.create(course=CourseFactory.create(hidden=True))
    assert codes(refused(assignment)) == ["not_released"]


def test_assignment_without_a_revision_is_refused() -> None:
    assignment = AssignmentFactory.create(with_revision=False)
    assert codes(refused(assignment)) == ["not_published"]


def test_closed_assignment_says_since_when_in_the_zone_of_the_course() -> None:
    (found,) = refused(AssignmentFactory.create(due_at=hours(-1)))
    assert found.code == "closed"
    assert found.message.split()[-1] in {"GMT.", "BST."}


def test_extension_that_is_over_does_not_reopen() -> None:
    assignment = AssignmentFactory.create(due_at=hours(-5))
    student = EnrolmentFactory.create(course=assignment.course).user
    ExtensionFactory.create(assignment=assignment, student=student, due_at=hours(-1))
    assert codes(refused(assignment, actor=student)) == ["closed"]


def test_somebody_elses_extension_does_not_reopen() -> None:
    assignment = AssignmentFactory.create(closed=True)
    ExtensionFactory.create(assignment=assignment)
    assert codes(refused(assignment)) == ["closed"]


def test_used_up_attempts_are_refused() -> None:
    assignment = AssignmentFactory.create(max_attempts=2)
    student = EnrolmentFactory.create(course=assignment.course).user
    for _ in range(2):
        SubmissionFactory.create(assignment=assignment, author=student, notebook=False)
    (found,) = refused(assignment, actor=student)
    assert found.code == "attempts_used_up"
    assert "all 2 attempts" in found.message


def test_work_that_arrived_in_time_is_taken_however_long_it_waited() -> None:
    assignment = AssignmentFactory.create(due_at=hours(-0.1))
    student = EnrolmentFactory.create(course=assignment.course).user
    accept = partial(
        accept_files, actor=student, assignment=assignment, files=[incoming()]
    )
    in_time = hours(-0.2)
    assert accept(received_at=in_time).received_at == in_time
    with pytest.raises(SubmissionRefusedError):
        accept()


def test_rules_that_change_during_the_upload_apply() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    accepted = accept_files(actor=student, assignment=assignment, files=[incoming()])
    Assignment.objects.filter(pk=assignment.pk).update(due_at=hours(-1))
    with pytest.raises(SubmissionRefusedError):
        record(
            actor=student,
            assignment=assignment,
            accepted=accepted,
            started_at=timezone.now(),
        )


def test_every_problem_is_reported_at_once() -> None:
    assignment = AssignmentFactory.create()
    for name in ("a.safetensors", "b.safetensors", "c.safetensors"):
        RequiredFileFactory.create(
            revision=assignment.revision, weights=True, name=name
        )
    found = refused(
        assignment,
        incoming(b"{"),
        incoming(b"", "a.safetensors"),
        incoming(safetensors_bytes(), "b.safetensors"),
        incoming(safetensors_bytes(), "b.safetensors"),
        incoming(b"x", "essay.docx"),
    )
    assert {(each.code, each.file) for each in found} == {
        ("notebook_cut_short", "work.ipynb"),
        ("file_empty", "a.safetensors"),
        ("file_duplicated", "b.safetensors"),
        ("file_missing", "c.safetensors"),
        ("file_unexpected", "essay.docx"),
    }


def test_no_files_at_all_names_those_wanted() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    with pytest.raises(SubmissionRefusedError) as caught:
        accept_files(actor=student, assignment=assignment, files=[])
    assert [each.file for each in caught.value.problems] == ["work.ipynb"]


def test_file_name_in_another_case_is_told_the_right_one() -> None:
    found = refused(AssignmentFactory.create(), incoming(name="Work.IPYNB"))
    unexpected = next(each for each in found if each.code == "file_unexpected")
    assert unexpected.hint == "Hand in only “work.ipynb”."


@pytest.mark.parametrize(
    "name", ["../work.ipynb", "a\0b", "\u202e", "x" * 5000, "\udc80"]
)
def test_unusual_names_are_shown_safely(name: str) -> None:
    for found in refused(AssignmentFactory.create(), incoming(name=name)):
        assert found.message.isprintable()
        assert len(found.message) < 300


def test_size_of_a_file_is_counted_and_not_trusted() -> None:
    assignment = AssignmentFactory.create()
    RequiredFile.objects.update(max_bytes=100)
    file = incoming(notebook_bytes())
    lying = IncomingFile(name=file.name, original_name="", content=file.content, size=1)
    assert codes(refused(assignment, lying)) == ["file_too_large"]


def test_the_portals_limit_applies_to_the_notebook_too(settings: Settings) -> None:
    settings.MAX_NOTEBOOK_BYTES = 100
    assert codes(refused(AssignmentFactory.create())) == ["file_too_large"]


def test_files_are_limited_together(settings: Settings) -> None:
    settings.MAX_SUBMISSION_BYTES = 100
    assert codes(refused(AssignmentFactory.create())) == ["files_too_large"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BlobStoreFullError, "store_full"),
        (StoreUnreachableError, "store_unreachable"),
    ],
)
def test_store_that_takes_nothing_is_reported_as_our_fault(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception], code: str
) -> None:
    def fail(*_: object, **__: object) -> blobs.Blob:
        raise error

    monkeypatch.setattr(intake, "store_blob", fail)
    (found,) = refused(AssignmentFactory.create())
    assert found.code == code
    assert "our fault" in found.message
    answer = refusal(SubmissionRefusedError([found]))
    assert (answer.status_code, answer.get_codes()) == (503, code)


def test_refused_files_are_not_stored() -> None:
    data = b'{"not": "a notebook, told apart by this text"}'
    refused(AssignmentFactory.create(), incoming(data))
    with pytest.raises(blobs.BlobMissingError):
        blobs.open_blob(intake.sha256_of(incoming(data)))
