"""A regrade runs counting attempts again behind live work, and counts if confirmed."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun, Mark, MarkChange, Regrade
from grading.services import (
    RegradeRefusedError,
    claim_next,
    confirm_regrade,
    digest_of,
    discard_regrade,
    enqueue_run,
    finish_run,
    preview_regrade,
    record_environments,
    start_regrade,
)
from grading.worker.environments import FoundEnvironment
from runner.protocol.jobs import Outcome, Verdict
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    RegradeFactory,
    SubmissionFactory,
)
from tests.grading.fakes import found, job_result
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def work_off(score: float = 1.0) -> None:
    """Let every queued run end with this score."""
    while claim := claim_next(worker="w", queues=["cpu"]):
        outcome = found("answer", Outcome.FAILED, check_answer=score)
        assert finish_run(
            claim=claim, result=job_result(Verdict.COMPLETED, "completed", outcome)
        )


def graded_assignment() -> Assignment:
    """Return an assignment with one attempt of no points and a known environment."""
    made = AssignmentFactory.create()
    assert made.revision is not None
    made.revision.bundle_sha256 = "b" * 64
    made.revision.save()
    tell_environment("2.13.0")
    enqueue_run(actor=SYSTEM, submission=SubmissionFactory.create(assignment=made))
    work_off(0.0)
    return made


@pytest.fixture
def assignment() -> Assignment:
    return graded_assignment()


def tell_environment(torch: str) -> None:
    environment = FoundEnvironment(
        name="default", python="3.11.7", packages={"torch": torch}
    )
    record_environments(actor=SYSTEM, found=[environment], level="L2")


def lecturer_of(assignment: Assignment) -> User:
    lecturer: User = EnrolmentFactory.create(
        course=assignment.course, lecturer=True
    ).user
    return lecturer


def start(assignment: Assignment, *, again: bool = True) -> Regrade:
    assert assignment.revision is not None
    return start_regrade(
        actor=SYSTEM,
        assignment=assignment,
        revision=assignment.revision,
        reason="A test was wrong.",
        again=again,
    )


def confirm(regrade: Regrade, actor: Any = SYSTEM) -> int:
    seen = digest_of(preview_regrade(regrade))
    return confirm_regrade(actor=actor, regrade=regrade, seen=seen)


def test_a_regrade_waits_behind_live_work(assignment: Assignment) -> None:
    run = start(assignment).runs.get()
    assert (run.state, run.priority, run.number) == ("queued", -10, 2)


def test_no_mark_changes_before_somebody_confirms(assignment: Assignment) -> None:
    regrade = start(assignment)
    work_off(1.0)
    (row,) = preview_regrade(regrade)
    assert row.mark is not None
    assert (row.mark.before, row.mark.after) == (Decimal(0), Decimal(2))
    assert Mark.objects.get().final_points == 0
    assert MarkChange.objects.count() == 1


def test_a_confirmed_regrade_records_who_and_why(assignment: Assignment) -> None:
    regrade, lecturer = start(assignment), lecturer_of(assignment)
    work_off(1.0)
    assert confirm(regrade, lecturer) == 1
    change = MarkChange.objects.first()
    assert change is not None
    assert (change.before, change.after) == (Decimal(0), Decimal(2))
    assert change.actor == lecturer
    assert "A test was wrong." in change.reason
    assert change.run == regrade.runs.get()
    assert GradingRun.objects.count() == 2


def test_a_discarded_regrade_never_counts(assignment: Assignment) -> None:
    regrade = start(assignment)
    work_off(1.0)
    discard_regrade(actor=SYSTEM, regrade=regrade)
    assert Mark.objects.get().final_points == 0
    with pytest.raises(RegradeRefusedError):
        confirm(regrade)


def test_discarding_cancels_queued_runs(assignment: Assignment) -> None:
    regrade = start(assignment)
    discard_regrade(actor=SYSTEM, regrade=regrade)
    assert regrade.runs.get().state == "cancelled"


def test_a_regrade_that_still_runs_cannot_be_confirmed(assignment: Assignment) -> None:
    with pytest.raises(RegradeRefusedError, match="still being run"):
        confirm(start(assignment))


def test_a_change_since_the_preview_refuses_the_confirmation(
    assignment: Assignment,
) -> None:
    regrade = start(assignment)
    work_off(1.0)
    with pytest.raises(RegradeRefusedError, match="since you saw the preview"):
        confirm_regrade(actor=SYSTEM, regrade=regrade, seen="old")


def test_students_see_no_regrade_before_it_counts(assignment: Assignment) -> None:
    regrade = start(assignment)
    work_off(1.0)
    run = regrade.runs.get()
    client = signed_in(run.work.author)
    assert client.get(run.get_absolute_url()).status_code == 404
    assert client.get(f"/api/v1/runs/{run.pk}/").status_code == 404
    (attempt,) = client.get("/api/v1/submissions/").json()["results"]
    assert [other["number"] for other in attempt["runs"]] == [1]
    confirm(regrade)
    assert client.get(run.get_absolute_url()).status_code == 200


def test_same_inputs_are_not_run_twice(assignment: Assignment) -> None:
    regrade = start(assignment, again=False)
    run = regrade.runs.get()
    assert (run.state, run.automatic_points) == ("finished", Decimal(0))
    assert run.copied_from == GradingRun.objects.get(number=1)
    assert run.results.count() == 1


def test_same_inputs_run_again_if_asked_for(assignment: Assignment) -> None:
    assert start(assignment, again=True).runs.get().state == "queued"


def test_other_package_versions_are_other_inputs(assignment: Assignment) -> None:
    tell_environment("2.14.0")
    assert start(assignment, again=False).runs.get().state == "queued"


def test_an_assignment_has_one_open_regrade_at_most(assignment: Assignment) -> None:
    start(assignment)
    with pytest.raises(RegradeRefusedError):
        start(assignment)
    with pytest.raises(IntegrityError), transaction.atomic():
        RegradeFactory.create(assignment=assignment)


def test_assistants_cannot_start_a_regrade(assignment: Assignment) -> None:
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    assert assignment.revision is not None
    with pytest.raises(PermissionDenied):
        start_regrade(
            actor=assistant,
            assignment=assignment,
            revision=assignment.revision,
            reason="x",
        )


def test_record_of_a_run_names_its_inputs_and_environment(
    assignment: Assignment,
) -> None:
    run = GradingRun.objects.get()
    record = run.record
    assert record["bundle_sha256"] == "b" * 64
    assert (record["environment"], record["python"]) == ("default", "3.11.7")
    assert record["files"] == {"work.ipynb": run.work.files.get().sha256}
    lecturer = signed_in(lecturer_of(assignment))
    assert "b" * 64 in words(lecturer.get(run.get_absolute_url()))
    answer = lecturer.get(f"/api/v1/runs/{run.pk}/").json()
    assert answer["record"]["versions"] == {"torch": "2.13.0"}


def test_record_of_a_run_in_the_api_is_for_staff(assignment: Assignment) -> None:
    run = GradingRun.objects.get()
    answer = signed_in(run.work.author).get(f"/api/v1/runs/{run.pk}/").json()
    assert answer["record"] is None


# --- Where the best attempt counts --------------------------------------------------------


def test_all_attempts_are_run_again_where_the_best_counts(
    assignment: Assignment,
) -> None:
    """Running only the best one would reveal it, and another may be best now."""
    Assignment.objects.update(counting=Counting.BEST)
    assignment.refresh_from_db()
    first = GradingRun.objects.get().work
    again = SubmissionFactory.create(
        assignment=assignment, author=first.author, attempt=2
    )
    enqueue_run(actor=SYSTEM, submission=again)
    work_off(0.5)
    regrade = start(assignment)
    assert {run.work for run in regrade.runs.all()} == {first, again}
    work_off(1.0)
    rows = preview_regrade(regrade)
    assert [row.mark.after for row in rows if row.mark] == [Decimal(2)]
    assert confirm(regrade) == 1
    assert Mark.objects.get().final_points == Decimal(2)


def test_the_latest_attempt_is_run_again_where_the_latest_counts(
    assignment: Assignment,
) -> None:
    first = GradingRun.objects.get().work
    again = SubmissionFactory.create(
        assignment=assignment, author=first.author, attempt=2
    )
    enqueue_run(actor=SYSTEM, submission=again)
    work_off(0.5)
    assert [run.work for run in start(assignment).runs.all()] == [again]
