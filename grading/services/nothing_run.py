"""Runs of work without a notebook: they are finished at once, and people mark it."""

from decimal import Decimal

from django.db.models.functions import Now

from accounts.actors import SYSTEM, Actor, actor_user
from accounts.request_ids import current_request_id
from courses.frozen_marks import is_frozen
from courses.models import AssignmentRevision
from grading.messages import NOTHING_RUN
from grading.models import GradingRun, QuestionResult, Regrade, RunEvent
from grading.scoring import rules_of, score_questions
from grading.services.marks import recompute_mark
from grading.services.result_rows import result_row
from grading.states import State, Verdict
from submissions.models import Submission


def store_nothing_run(
    *,
    actor: Actor,
    submission: Submission,
    revision: AssignmentRevision,
    regrade: Regrade | None = None,
) -> GradingRun:
    """Store a finished run that has executed nothing, with 0 automatic points.

    `revision` has no notebook. No worker, queue or seed has to do with it. From here on
    the attempt counts, is late, marked and released as every other one. The caller has
    locked the submission.
    """
    latest = submission.runs.order_by("-number").first()
    run = GradingRun.objects.create(
        submission=submission,
        revision=revision,
        course_id=revision.assignment.course_id,
        number=latest.number + 1 if latest else 1,
        regrade=regrade,
        state=State.FINISHED,
        queue=revision.queue,
        queued_at=Now(),  # by the database's clock, as the times of other runs
        finished_at=Now(),
        verdict=Verdict.NOTHING_RUN,
        code=NOTHING_RUN,
        automatic_points=Decimal(0),
        is_after_freeze=regrade is None and is_frozen(revision.assignment.course_id),
        request_id=current_request_id(),
    )
    run.refresh_from_db(fields=["queued_at", "finished_at"])
    RunEvent.objects.create(
        run=run,
        at=Now(),
        target=State.FINISHED,
        actor=actor_user(actor),
        code=NOTHING_RUN,
    )
    questions = {question.key: question for question in revision.questions.all()}
    scored = score_questions(map(rules_of, questions.values()), ())
    QuestionResult.objects.bulk_create(
        result_row(run, questions[score.key], score, None) for score in scored
    )
    if regrade is None:
        recompute_mark(
            actor=SYSTEM,
            assignment=submission.assignment,
            student=submission.author,
            reason=f"Attempt {submission.attempt} was handed in.",
        )
    return run
