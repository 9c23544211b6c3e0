"""Re-score: give new points for what earlier runs found, without running anything.

The changes are computed first, shown, and applied only if they are still the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import prefetch_related_objects

from accounts.actors import Actor
from courses.models import Assignment, AssignmentRevision
from courses.permissions import Right
from courses.services.access import require_right
from grading.hand_points import HandPoints
from grading.models import GradingRun, Mark
from grading.scoring import QuestionRules, rescore_question, rules_of
from grading.services.counting import choose_counting
from grading.services.hand_points import load_hand_points
from grading.services.lateness import run_terms
from grading.services.mark_previews import (
    AttemptValues,
    MarkPreview,
    by_name,
    preview_mark,
)
from grading.services.marks import (
    attempt_runs_by_student,
    automatic_points,
    recompute_marks,
)
from grading.services.plan_digest import plan_digest
from grading.services.result_copies import ResultCopy, store_result_copies
from grading.services.visibility import recorded_results
from grading.states import ACTIVE, State


@dataclass(frozen=True, kw_only=True)
class RescorePlan:
    """What a re-score would do.

    The keys in `differing` are questions with other checks than those that were run: if
    there are any, the re-score cannot be done. `left_out` attempts are in the queue or
    running now, and stay as they are.
    """

    rows: tuple[MarkPreview, ...]
    differing: tuple[str, ...]
    left_out: int
    copies: tuple[ResultCopy, ...] = field(repr=False)

    @property
    def changed(self) -> tuple[MarkPreview, ...]:
        return tuple(row for row in self.rows if row.changes)

    @property
    def digest(self) -> str:
        """A digest of the plan, to tell whether it is still what somebody saw."""
        shown = [
            *((row.student.pk, row.before, row.after) for row in self.rows),
            *sorted((str(copy.source.pk), copy.scored) for copy in self.copies),
        ]
        return plan_digest(shown)


class RescoreRefusedError(Exception):
    """The questions differ, or the marks have changed since the preview."""


def plan_rescore(
    *,
    assignment: Assignment,
    rules: Sequence[QuestionRules],
    revision: AssignmentRevision,
) -> RescorePlan:
    """Return which marks these rules would change. Nothing is written.

    What people gave holds by the rubrics of `revision`.
    The number of queries does not grow with the course.
    """
    attempts = attempt_runs_by_student(assignment)
    every = [run for of_author in attempts.values() for run in of_author]
    runs = [run for run in every if run.state == State.FINISHED]
    prefetch_related_objects(
        runs, "results__question", "revision__questions", "submission__author"
    )
    busy = set(
        GradingRun.objects.filter(
            submission__assignment=assignment, state__in=ACTIVE
        ).values_list("submission", flat=True)
    )
    differing = _differing(runs, rules)
    copies = {} if differing else _copies(runs, rules, busy)
    return RescorePlan(
        rows=_previews(assignment, attempts, copies, _possible(rules), revision),
        differing=differing,
        left_out=sum(run.submission_id in busy for run in runs),
        copies=tuple(copies.values()),
    )


def _differing(
    runs: Sequence[GradingRun], rules: Sequence[QuestionRules]
) -> tuple[str, ...]:
    """Return the keys of questions whose kind or checks differ from those run."""
    new = {rule.key: _shape(rule) for rule in rules}
    found: set[str] = set()
    for revision in {run.revision for run in runs}:
        old = {q.key: _shape(rules_of(q)) for q in revision.questions.all()}
        found |= {key for key in old | new if old.get(key) != new.get(key)}
    return tuple(sorted(found))


def _shape(rule: QuestionRules) -> tuple[object, ...]:
    return (rule.kind, frozenset(check.name for check in rule.checks))


def _copies(
    runs: Sequence[GradingRun], rules: Sequence[QuestionRules], busy: set[UUID]
) -> dict[UUID, ResultCopy]:
    """Return new scores by the id of the run that they replace.

    Attempts that are being run, and runs that were scored by these rules already, are
    left out.
    """
    found: dict[UUID, ResultCopy] = {}
    for run in runs:
        if run.submission_id in busy or _was_scored_by(run, rules):
            continue
        stored = {score.key: score for score in recorded_results(run)}
        scored = tuple(rescore_question(rule, stored.get(rule.key)) for rule in rules)
        found[run.pk] = ResultCopy(source=run, scored=scored)
    return found


def _was_scored_by(run: GradingRun, rules: Sequence[QuestionRules]) -> bool:
    return [rules_of(q) for q in run.revision.questions.all()] == list(rules)


def _possible(rules: Sequence[QuestionRules]) -> Decimal:
    return sum((rule.points for rule in rules), Decimal(0))


def _previews(
    assignment: Assignment,
    attempts: dict[int, list[GradingRun]],
    copies: dict[UUID, ResultCopy],
    possible: Decimal,
    revision: AssignmentRevision,
) -> tuple[MarkPreview, ...]:
    """Return each student's mark as it is, and as it would be with the copies.

    `possible` are the points that the copies are out of.
    """
    marks = {
        mark.student_id: mark for mark in Mark.objects.filter(assignment=assignment)
    }
    terms = run_terms(run for runs in attempts.values() for run in runs)
    marked = load_hand_points([assignment.pk])
    new_terms = {
        pk: replace(each, possible=possible) if pk in copies else each
        for pk, each in terms.items()
    }

    def points(run: GradingRun) -> Decimal:
        copy = copies.get(run.pk)
        return copy.points if copy else automatic_points(run)

    def hand(run: GradingRun) -> HandPoints:
        by = revision.pk if run.pk in copies else run.revision_id
        return marked.of(run.submission_id, by)

    stored = AttemptValues(hand=marked.of_run, terms=terms)
    changed = AttemptValues(hand=hand, terms=new_terms, points=points)
    rows = []
    for author, runs in attempts.items():
        run = choose_counting(assignment.counting, runs, changed.compared)
        if run is None:
            continue
        row = preview_mark(
            marks.get(author),
            run,
            before=choose_counting(assignment.counting, runs, stored.compared),
            stored=stored,
            changed=changed,
        )
        rows.append(row)
    return tuple(sorted(rows, key=by_name))


@transaction.atomic
def rescore(
    *,
    actor: Actor,
    assignment: Assignment,
    revision: AssignmentRevision,
    reason: str,
    digest: str,
) -> int:
    """Score everybody's results by the revision, and return how many marks changed.

    Earlier runs are kept as they are, and new runs copy their findings. Each mark that
    changes gets a MarkChange. Raises RescoreRefusedError if the plan no longer has this
    digest, and PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, assignment.course)
    Assignment.objects.select_for_update().get(pk=assignment.pk)
    rules = [rules_of(question) for question in revision.questions.all()]
    plan = plan_rescore(assignment=assignment, rules=rules, revision=revision)
    if plan.differing:
        raise RescoreRefusedError(
            "The checks of this revision are not the checks that were run. Regrade the "
            "work instead."
        )
    if plan.digest != digest:
        raise RescoreRefusedError(
            "Marks have changed since you saw the preview. Look at it again."
        )
    store_result_copies(
        actor=actor, copies=plan.copies, revision=revision, code="rescored"
    )
    students = [row.student for row in plan.rows]
    recompute_marks(
        actor=actor, assignment=assignment, students=students, reason=reason
    )
    return len(plan.changed)
