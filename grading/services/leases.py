"""A worker's hold on a run: the heartbeat, the result, and ending the try.

Every write here happens only if the caller's fencing token is still current, and each
can be repeated safely: after a broken connection, the row itself says whether the write
had happened.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.actors import SYSTEM
from courses.frozen_marks import is_frozen
from grading.json_safe import JsonObject, storable_object, storable_text
from grading.models import GradingRun, QuestionResult
from grading.querysets import CANCELLED, from_now
from grading.retry_times import growing_pause
from grading.scoring import rules_of, rules_shown_at_once, score_questions
from grading.services.claiming import Claim
from grading.services.giving_way import GAVE_WAY, has_to_give_way
from grading.services.marks import recompute_mark
from grading.services.result_rows import result_row, stored_measures, used_seconds
from grading.services.worker_presence import host_of
from grading.states import State, Verdict
from grading.wake_up import send_wake_up
from grading.worker.input_record import input_record
from grading.worker.progress import Progress
from runner.protocol.jobs import JobResult, Measures
from runner.protocol.jobs import Verdict as RunnerVerdict
from storage.blobs import (
    BlobTooLargeError,
    StoreUnreachableError,
    blob_store_answers,
    store_blob,
)
from submissions.services import charge_attempt

log = structlog.get_logger(__name__)

# A run whose tries have failed this often may kill workers. It is tried again only when
# no other run of its priority waits.
_SUSPECT_TRIES: Final = 2
# An executed notebook larger than this is not stored; its marks are.
MAX_EXECUTED_BYTES: Final = 64 * 1024**2


@dataclass(frozen=True, kw_only=True)
class HeartbeatAnswer:
    """Whether the caller still holds the run, and whether somebody asked to stop it.

    `gives_way`: it is a self-check, and work that was handed in waits for its slot.
    """

    held: bool
    cancel_requested: bool
    gives_way: bool = False


def heartbeat(*, claim: Claim, progress: Progress) -> HeartbeatAnswer:
    """Extend the lease and store the progress, if the caller still holds the run."""
    held = GradingRun.objects.renew_lease(
        run_id=claim.run_id, lease_token=claim.token, progress=progress.to_json()
    )
    cancel = (
        held
        and GradingRun.objects.filter(
            pk=claim.run_id, cancel_requested_at__isnull=False
        ).exists()
    )
    return HeartbeatAnswer(
        held=held,
        cancel_requested=cancel,
        gives_way=held and claim.is_self_check and has_to_give_way(claim),
    )


def finish_run(*, claim: Claim, result: JobResult) -> bool:
    """Record how the run ended, its results and the mark, in one transaction.

    Return False, and write nothing, if the caller no longer holds the run. A result
    with the verdict PLATFORM is our fault and goes to `fail_try`. A second call after a
    lost connection returns what the first one would have returned.
    """
    if result.verdict == RunnerVerdict.PLATFORM:
        return fail_try(claim=claim, code=result.code, detail=dict(result.detail))
    if result.verdict == RunnerVerdict.CANCELLED:
        return _finish_cancelled(claim, result.measures)
    executed = _store_executed(claim, result)
    with transaction.atomic():
        if _record(claim, result, executed):
            return True
    if _is_recorded(claim):
        return True
    log.warning("result_thrown_away", run=str(claim.run_id), token=claim.token)
    return False


def fail_try(*, claim: Claim, code: str, detail: dict[str, Any] | None = None) -> bool:
    """End the caller's try after a fault of ours; the student loses no attempt.

    The run goes back to the queue, or to staff after PLATFORM_TRIES such tries. Return
    False if the caller no longer held the run.
    """
    return end_try(
        run_id=claim.run_id, lease_token=claim.token, code=code, detail=detail
    )


def put_run_back(*, claim: Claim, code: str) -> bool:
    """Put the run back to wait, because something that every run needs is away.

    It counts as no try, however often it happens. Return False if the caller no longer
    held the run.
    """
    return end_try(
        run_id=claim.run_id, lease_token=claim.token, code=code, counts=False
    )


def release_run(*, claim: Claim, gives_way: bool = False) -> bool:
    """Give the run back unfinished. It counts as no try.

    The worker stops, or the run is a self-check that `gives_way` to a hand-in.
    """
    return end_try(
        run_id=claim.run_id,
        lease_token=claim.token,
        code=GAVE_WAY if gives_way else "worker_stopped",
        counts=False,
        waits=False,
    )


@transaction.atomic
def end_try(
    *,
    run_id: UUID,
    lease_token: int,
    code: str,
    detail: dict[str, Any] | None = None,
    condition: Q | None = None,
    counts: bool = True,
    waits: bool = True,
) -> bool:
    """End the holder's try without a result, and count it unless `counts` is false.

    Where it `waits`, the run is not taken again at once: each time it waits longer. A
    run that somebody has asked to cancel is cancelled instead. Return False if the
    token is not current, or `condition` no longer holds.
    """
    run = (
        GradingRun.objects.held_with_token(run_id=run_id, lease_token=lease_token)
        .filter(condition or Q())
        .select_for_update()
        .first()
    )
    if run is None:
        return False
    if run.cancel_requested_at is not None:
        return _cancel(run_id, lease_token)
    tries = run.platform_tries + counts
    plain = storable_object({**(detail or {}), "worker": run.worker})
    if tries < settings.PLATFORM_TRIES or not counts:
        log.warning("try_failed", run=str(run_id), code=code, tries=tries)
        fields = _waiting(run) if waits else {}
        if counts and tries == _SUSPECT_TRIES:
            fields["priority"] = run.priority - 1
        return _requeue(
            run_id, lease_token, code, plain, platform_tries=tries, **fields
        )
    if run.self_check_id is not None:
        log.error("self_check_failed", run=str(run_id), code=code, tries=tries)
        return _cancel(
            run_id, lease_token, code=code, detail=plain, platform_tries=tries
        )
    log.error("run_needs_staff", run=str(run_id), code=code, tries=tries)
    _give_attempt_back(run)
    return GradingRun.objects.transition(
        run_id=run_id,
        source=State.RUNNING,
        target=State.NEEDS_STAFF,
        lease_token=lease_token,
        event_code=code,
        event_detail=plain,
        platform_tries=tries,
        code=code[:40],
        detail=plain,
    )


def _waiting(run: GradingRun) -> dict[str, Any]:
    """Return when the run may be taken again, and by which hosts rather not."""
    times = run.put_back_count + 1
    host = f"|{host_of(run.worker)}|"
    known = run.failed_hosts
    return {
        "put_back_count": times,
        "not_before": from_now(growing_pause(times)),
        "failed_hosts": known if host in known else f"{known}{host}",
    }


def _give_attempt_back(run: GradingRun) -> None:
    """Give the attempt back to its author if no run of it has ever finished."""
    if run.submission_id is None:
        return
    earlier = GradingRun.objects.filter(
        submission=run.submission_id, state=State.FINISHED
    )
    if not earlier.exists():
        charge_attempt(submission_id=run.submission_id, uses_attempt=False)


def _requeue(
    run_id: UUID, lease_token: int, code: str, detail: JsonObject, **fields: Any
) -> bool:
    """Put the run back in its old place in the queue, and wake a worker for it."""
    with transaction.atomic():
        moved = GradingRun.objects.transition(
            run_id=run_id,
            source=State.RUNNING,
            target=State.QUEUED,
            lease_token=lease_token,
            event_code=code,
            event_detail=detail,
            worker="",
            started_at=None,
            woken_at=None,
            progress={},
            **fields,
        )
        if moved:
            transaction.on_commit(partial(send_wake_up, run_id), robust=True)
    return moved


def _cancel(
    run_id: UUID, lease_token: int, code: str = CANCELLED, **fields: Any
) -> bool:
    """End the run without a result: by request, or a self-check after our faults.

    Nobody has to look after a self-check that failed: its student gets it back, and
    asks again.
    """
    return GradingRun.objects.transition(
        run_id=run_id,
        source=State.RUNNING,
        target=State.CANCELLED,
        lease_token=lease_token,
        event_code=code,
        code=code[:40],
        **fields,
    )


def _finish_cancelled(claim: Claim, measures: Measures) -> bool:
    """Record that the runner cancelled the job, by request or by mistake.

    What it used until then is charged: otherwise a student could use any amount of time
    by cancelling each run shortly before its end.
    """
    wished = GradingRun.objects.filter(
        pk=claim.run_id, cancel_requested_at__isnull=False
    )
    if wished.exists():
        return _cancel(claim.run_id, claim.token, **used_seconds(measures))
    return fail_try(claim=claim, code="runner_failed")


def _store_executed(claim: Claim, result: JobResult) -> str:
    """Store the executed notebook and return its hash, or "" if there is none.

    Raises StoreUnreachableError, BlobStoreFullError or OSError.
    """
    if not result.notebook:
        return ""
    if not blob_store_answers():
        # Stored now, it would be in the folder where the store is mounted later.
        raise StoreUnreachableError(str(claim.run_id))
    content = storable_text(result.notebook).encode()
    try:
        return store_blob([content], max_bytes=MAX_EXECUTED_BYTES).sha256
    except BlobTooLargeError:
        log.warning("executed_notebook_too_large", run=str(claim.run_id))
        return ""


def _record(claim: Claim, result: JobResult, executed_sha256: str) -> bool:
    """Write the result, if the caller still holds the run."""
    run = (
        GradingRun.objects.held_with_token(run_id=claim.run_id, lease_token=claim.token)
        .select_related(
            "submission__assignment", "submission__author", "revision", "regrade"
        )
        .first()
    )
    if run is None:
        return False
    questions = {question.key: question for question in run.revision.questions.all()}
    record = input_record(run)
    rules = [rules_of(question) for question in questions.values()]
    is_self_check = run.self_check_id is not None
    if is_self_check:
        rules = rules_shown_at_once(rules)
    scored = score_questions(rules, result.questions)
    if not GradingRun.objects.transition(
        run_id=claim.run_id,
        source=State.RUNNING,
        target=State.FINISHED,
        lease_token=claim.token,
        event_code=result.code,
        verdict=Verdict(result.verdict.value),
        code=result.code[:40],
        detail=storable_object(result.detail),
        # SECURITY: a self-check earns nothing, and has no inputs by which its result
        # could be copied to an attempt.
        automatic_points=None
        if is_self_check
        else sum((score.points for score in scored), Decimal(0)),
        measures=stored_measures(result.measures),
        **used_seconds(result.measures),
        level=result.measures.level[:2],
        executed_sha256=executed_sha256,
        is_after_freeze=run.submission_id is not None
        and run.regrade_id is None
        and is_frozen(run.course_id),
        record=storable_object(record.to_json()),
        input_sha256="" if is_self_check else record.sha256,
    ):
        return False
    # Traces are for staff, who do not see self-checks.
    traced = () if is_self_check else result.questions
    traces = {found.key: found for found in traced}
    QuestionResult.objects.bulk_create(
        result_row(run, questions[score.key], score, traces.get(score.key))
        for score in scored
    )
    _update_mark(run)
    return True


def _update_mark(run: GradingRun) -> None:
    """Update the author's mark, for a run of a submission that may count."""
    if run.submission is None:
        return
    charge_attempt(submission_id=run.submission.pk, uses_attempt=True)
    if run.regrade is not None and run.regrade.confirmed_at is None:
        return
    recompute_mark(
        actor=SYSTEM,
        assignment=run.submission.assignment,
        student=run.submission.author,
        reason=f"Run {run.number} of attempt {run.submission.attempt} has finished.",
    )


def _is_recorded(claim: Claim) -> bool:
    """Return whether an earlier call with this token has already written its result."""
    return GradingRun.objects.filter(
        pk=claim.run_id, state=State.FINISHED, lease_token=claim.token
    ).exists()
