"""The weights of attempts that do not count go after the course's time; all else stays."""

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import Counting
from grading.models import GradingRun
from grading.services import (
    RerunRefusedError,
    plan_regrade,
    rerun,
    start_regrade,
)
from grading.services.old_weights import find_old_weights, remove_all_old_weights
from portal.tasks import remove_old_weights
from submissions.models import Submission, SubmittedFile
from submissions.quota import quotas_of
from tests.api.asking import codes
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RegradeFactory,
    RevisionFileFactory,
    SubmissionFactory,
    SubmittedFileFactory,
    hours,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
DAYS = 30


@pytest.fixture
def assignment() -> Assignment:
    made: Assignment = AssignmentFactory.create(
        due_at=hours(-20 * 24), closes_at=hours(24)
    )
    Course.objects.update(weights_days=DAYS)
    made.course.refresh_from_db()
    return made


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


@pytest.fixture
def attempts(assignment: Assignment, student: User) -> list[Submission]:
    """Give three attempts with weights, 40, 35 and 31 days old; the second is the best."""
    ages = ((40, 1), (35, 5), (31, 2))
    return [attempt(assignment, student, days, points) for days, points in ages]


def attempt(
    assignment: Assignment, student: User, days: float, points: int, **weights: Any
) -> Submission:
    at = hours(-24 * days)
    made: Submission = SubmissionFactory.create(
        assignment=assignment, author=student, started_at=at, received_at=at
    )
    fields = {"text": f"weights of {days}", **weights}
    SubmittedFileFactory.create(
        submission=made, name="digits.safetensors", kind="safetensors", **fields
    )
    GradingRunFactory.create(
        submission=made, finished=True, automatic_points=Decimal(points)
    )
    return made


def going(assignment: Assignment) -> list[int]:
    """Return the attempts whose weights would go now."""
    found = find_old_weights(course=assignment.course, now=timezone.now())
    assert {file.kind for file in found.files} <= {"safetensors"}
    return [file.submission.attempt for file in found.files]


def test_of_earlier_attempts_only_the_content_of_weights_goes(
    attempts: list[Submission], student: User, assignment: Assignment
) -> None:
    (before,) = quotas_of(student, [assignment.course])
    remove_old_weights()
    gone = SubmittedFile.objects.exclude(removed_at=None)
    assert [(file.submission.attempt, file.name) for file in gone] == [
        (1, "digits.safetensors"),
        (2, "digits.safetensors"),
    ]
    assert all(len(file.sha256) == 64 and file.size for file in gone)
    (after,) = quotas_of(student, [assignment.course])
    assert before.used - after.used == sum(file.size for file in gone)
    assert GradingRun.objects.filter(state="finished").count() == 3
    assert remove_all_old_weights(now=timezone.now()).files == ()


def without_rule(attempts: list[Submission]) -> None:
    Course.objects.update(weights_days=None)


def young(attempts: list[Submission]) -> None:
    now = timezone.now()
    Submission.objects.update(started_at=now, received_at=now)


def being_run(attempts: list[Submission]) -> None:
    GradingRunFactory.create(submission=attempts[2])


def being_regraded(attempts: list[Submission]) -> None:
    RegradeFactory.create(assignment=attempts[0].assignment)


def without_a_result(attempts: list[Submission]) -> None:
    GradingRun.objects.update(state="cancelled", verdict="", automatic_points=None)


@pytest.mark.parametrize(
    "prepare", [without_rule, young, being_run, being_regraded, without_a_result]
)
def test_nothing_goes(
    attempts: list[Submission],
    assignment: Assignment,
    prepare: Callable[[list[Submission]], None],
) -> None:
    assert going(assignment) == [1, 2]
    prepare(attempts)
    assignment.course.refresh_from_db()
    assert going(assignment) == []


def test_what_something_else_needs_stays(
    attempts: list[Submission], student: User, assignment: Assignment
) -> None:
    """Content of the counting attempt, of the hand-out, and an attempt for staff."""
    shared = attempt(assignment, student, 30.5, 3, text="weights of 40")
    RevisionFileFactory.create(revision=assignment.revision, text="weights of 35")
    assert shared.attempt == 4
    assert going(assignment) == [3]
    GradingRunFactory.create(submission=attempts[2], needs_staff=True)
    assert going(assignment) == []


def test_the_best_attempt_is_not_told_by_what_goes(
    attempts: list[Submission], assignment: Assignment
) -> None:
    """SECURITY: before the release, it would tell what hidden checks have chosen."""
    now = timezone.now()
    for closes_at, released_at, expected in (
        (hours(24), None, []),
        (hours(-1), None, []),
        (hours(24), now, []),
        (hours(-1), now, [1, 3]),
    ):
        Assignment.objects.update(
            counting=Counting.BEST, closes_at=closes_at, marks_released_at=released_at
        )
        assert going(assignment) == expected


# --- Afterwards ----------------------------------------------------------------------


def test_pages_and_the_api_say_that_it_was_removed(
    attempts: list[Submission], student: User
) -> None:
    remove_old_weights()
    client, first = signed_in(student), attempts[0]
    receipt = words(client.get(first.get_absolute_url()))
    assert "as the course's rule for old weights says" in receipt
    address = reverse("submissions:file", args=[first.pk, "digits.safetensors"])
    answer = client.get(address, follow=True)
    assert "The content of digits.safetensors was removed" in words(answer)
    api = f"/api/v1/submissions/{first.pk}/"
    files = {file["name"]: file for file in client.get(api).json()["files"]}
    assert files["work.ipynb"]["url"]
    assert files["digits.safetensors"]["url"] is None
    assert files["digits.safetensors"]["removed_at"]
    answer = client.get(f"{api}files/digits.safetensors/")
    assert answer.status_code == 410
    assert codes(answer) == {("file_removed", None)}
    assert "removed on" in words(client.get(first.runs.get().get_absolute_url()))


def test_such_an_attempt_is_not_run_again(
    attempts: list[Submission], assignment: Assignment
) -> None:
    remove_old_weights()
    with pytest.raises(RerunRefusedError, match="its weights were removed"):
        rerun(actor=SYSTEM, submission=attempts[0])
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    run = attempts[0].runs.get()
    answer = signed_in(lecturer).post(
        reverse("grading:run-again", args=[run.pk]), follow=True
    )
    assert "cannot be run again" in words(answer)
    assert attempts[0].runs.count() == 1


def test_a_regrade_names_such_attempts_and_leaves_them_out(
    attempts: list[Submission], student: User, assignment: Assignment
) -> None:
    remove_old_weights()
    Assignment.objects.update(counting=Counting.BEST)
    assignment.refresh_from_db()
    assert assignment.revision is not None
    plan = plan_regrade(assignment=assignment, revision=assignment.revision)
    assert [run.work.attempt for run in plan.runs] == [3]
    assert [run.work.attempt for run in plan.without_files] == [2, 1]
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    url = reverse(
        "grading:regrade-start", args=[assignment.course.slug, assignment.slug]
    )
    text = words(signed_in(lecturer).get(url))
    assert f"{student.name}, attempt 2" in text
    regrade = start_regrade(
        actor=SYSTEM,
        assignment=assignment,
        revision=assignment.revision,
        reason="x",
        again=True,
    )
    assert [run.work.attempt for run in regrade.runs.all()] == [3]


def test_the_command_lists_and_changes_nothing_unless_told_to(
    attempts: list[Submission],
) -> None:
    for options in ([], ["--delete"]):
        assert not SubmittedFile.objects.exclude(removed_at=None).exists()
        out = StringIO()
        call_command("remove_old_weights", *options, stdout=out)
        assert "attempt 1 digits.safetensors" in out.getvalue()
        assert "2 files" in out.getvalue()
    assert SubmittedFile.objects.exclude(removed_at=None).count() == 2
