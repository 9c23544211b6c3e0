"""Runs that execute nothing: they copy what an earlier run has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max
from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from courses.models import AssignmentRevision
from grading.json_safe import storable
from grading.models import GradingRun, QuestionResult, Regrade, RunEvent
from grading.scoring import ScoredQuestion
from grading.states import State


@dataclass(frozen=True, kw_only=True)
class ResultCopy:
    """An earlier run of a submission, and the new scores of its findings."""

    source: GradingRun
    scored: tuple[ScoredQuestion, ...]

    @property
    def points(self) -> Decimal:
        return sum((score.points for score in self.scored), Decimal(0))


def store_result_copies(
    *,
    actor: Actor,
    copies: Sequence[ResultCopy],
    revision: AssignmentRevision,
    code: str,
    regrade: Regrade | None = None,
) -> None:
    """Store a finished run with these scores for the submission of each source run.

    The sources' results and the questions of these must be prefetched. Call it inside a
    transaction.
    """
    numbers = dict(
        GradingRun.objects.filter(
            submission__in=[copy.source.submission_id for copy in copies]
        )
        .order_by()
        .values_list("submission")
        .annotate(last=Max("number"))
    )
    runs = [
        _run(copy, revision, numbers[copy.source.work_id] + 1, regrade)
        for copy in copies
    ]
    GradingRun.objects.bulk_create(runs)
    RunEvent.objects.bulk_create(
        RunEvent(
            run=run,
            at=Now(),
            target=State.FINISHED,
            actor=actor_user(actor),
            code=code,
            detail={"copied_from": str(run.copied_from_id)},
        )
        for run in runs
    )
    questions = {question.key: question for question in revision.questions.all()}
    QuestionResult.objects.bulk_create(
        QuestionResult(
            run=run,
            question=questions[score.key],
            outcome=QuestionResult.Outcome(score.outcome.value),
            points=score.points,
            checks=[storable(check.to_json()) for check in score.checks],
            traces=traces.get(score.key, {}),
            seconds=score.seconds,
        )
        for run, copy in zip(runs, copies, strict=True)
        for traces in [_traces(copy.source)]
        for score in copy.scored
    )


def _traces(source: GradingRun) -> dict[str, dict[str, str]]:
    return {result.question.key: result.traces for result in source.results.all()}


def _run(
    copy: ResultCopy,
    revision: AssignmentRevision,
    number: int,
    regrade: Regrade | None,
) -> GradingRun:
    source = copy.source
    return GradingRun(
        submission_id=source.submission_id,
        revision=revision,
        number=number,
        regrade=regrade,
        copied_from_id=source.copied_from_id or source.pk,
        state=State.FINISHED,
        queue=source.queue,
        queued_at=Now(),
        started_at=source.started_at,
        finished_at=Now(),
        worker=source.worker,
        verdict=source.verdict,
        code=source.code,
        detail=source.detail,
        automatic_points=copy.points,
        measures=source.measures,
        level=source.level,
        executed_sha256=source.executed_sha256,
        record=source.record,
        grading_seed=source.grading_seed,
    )
