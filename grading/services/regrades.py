"""Regrade: everybody's work is run again, and counts once somebody confirms it.

Where the latest attempt counts, only that attempt is run. Where the best attempt
counts, all attempts are run: by other tests, another attempt may be the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from courses.models import Assignment, AssignmentRevision
from courses.permissions import Right
from courses.services.access import require_right
from formats.choices import Counting
from grading.models import GradingRun, Mark, Regrade
from grading.services.counting import choose_counting
from grading.services.hand_points import load_hand_points
from grading.services.lateness import run_terms
from grading.services.mark_previews import (
    AttemptValues,
    MarkPreview,
    preview_mark,
)
from grading.services.marks import (
    attempt_runs_by_student,
    recompute_marks,
)
from grading.services.plan_digest import plan_digest
from grading.services.result_copies import ResultCopy, store_result_copies
from grading.services.run_queue import REGRADE_PRIORITY, cancel_run, queue_run
from grading.services.seeds import known_seed, recorded_seeds
from grading.services.visibility import recorded_results
from grading.states import ACTIVE, State
from grading.worker.input_record import known_environment, record_of
from grading.worker.run_files import files_of_run
from submissions.models import SubmittedFile


class RegradeRefusedError(Exception):
    """Another regrade is open, or this one is not ready or has already ended."""


@dataclass(frozen=True, kw_only=True)
class RegradePlan:
    """The attempts that a regrade would execute, and those that it need not execute.

    `known` maps the id of a submission to an earlier run with the same inputs. `busy`
    are attempts that are in the queue or running now, and would be left out. So would
    `without_files`: files of these attempts were removed, as the course's rule for old
    weights says, and their results are not known. `removed` are all attempts of which
    files were removed: they cannot be executed. `fault` says why the revision cannot
    regrade this work at all; it is empty if it can.
    """

    runs: tuple[GradingRun, ...]
    known: Mapping[UUID, GradingRun]
    busy: frozenset[UUID]
    without_files: tuple[GradingRun, ...] = ()
    removed: frozenset[UUID] = frozenset()
    fault: str = ""

    @property
    def to_reuse(self) -> tuple[GradingRun, ...]:
        return tuple(run for run in self.runs if run.work_id in self.known)

    @property
    def to_execute(self) -> tuple[GradingRun, ...]:
        return tuple(run for run in self.runs if run.work_id not in self.known)


def plan_regrade(
    *, assignment: Assignment, revision: AssignmentRevision
) -> RegradePlan:
    """Return what running everybody's work by the revision would execute.

    Nothing is written, and the number of queries does not grow with the course.

    SECURITY: if only the best attempt were run again, its new run would tell its author
    which attempt the hidden checks had made the best. Where students choose, they may
    still choose another attempt.
    """
    takes_all = assignment.counting != Counting.LATEST
    # The attempts of each student are in order, the latest first.
    counting = [
        run
        for runs in attempt_runs_by_student(assignment).values()
        for run in (runs if takes_all else runs[:1])
        if run.state == State.FINISHED
    ]
    busy = frozenset(
        GradingRun.objects.filter(
            submission__assignment=assignment, state__in=ACTIVE
        ).values_list("submission", flat=True)
    )
    free = tuple(run for run in counting if run.work_id not in busy)
    known = _runs_of_same_inputs(free, revision)
    removed = attempts_without_files(assignment)
    lost = removed - known.keys()
    return RegradePlan(
        runs=tuple(run for run in free if run.work_id not in lost),
        known=known,
        busy=busy & {run.work_id for run in counting},
        without_files=tuple(run for run in free if run.work_id in lost),
        removed=removed,
        fault=_fault_of(free, revision),
    )


def _fault_of(runs: Sequence[GradingRun], revision: AssignmentRevision) -> str:
    """Return why the revision cannot regrade these attempts, or nothing."""
    if all(run.revision.is_files_only == revision.is_files_only for run in runs):
        return ""
    if revision.is_files_only:
        return (
            f"Revision {revision.number} has no notebook, but there are attempts that "
            "were run. Their automatic points would be lost. Choose another revision."
        )
    return (
        f"Revision {revision.number} runs a notebook, but there are attempts that have "
        "none. Choose another revision."
    )


def attempts_without_files(assignment: Assignment) -> frozenset[UUID]:
    """Return the attempts of which files were removed: they cannot be run again."""
    gone = SubmittedFile.objects.exclude(removed_at=None)
    found = gone.filter(submission__assignment=assignment).order_by()
    return frozenset(found.values_list("submission", flat=True))


def _runs_of_same_inputs(
    runs: Sequence[GradingRun], revision: AssignmentRevision
) -> dict[UUID, GradingRun]:
    """Return finished runs with the inputs that a regrade would have, by submission."""
    prefetch_related_objects(runs, "submission__files")
    environment = known_environment(revision.environment)
    seeds = recorded_seeds([run.work_id for run in runs])
    wanted = {
        run.work_id: record_of(
            revision,
            files_of_run(run),
            environment,
            grading_seed=known_seed(revision, seeds.get(run.work_id)),
        ).sha256
        for run in runs
    }
    same = GradingRun.objects.filter(
        input_sha256__in=set(wanted.values()) - {""},
        submission__in=wanted,
        state=State.FINISHED,
    )
    return {
        run.work_id: run
        for run in same.select_related("revision")
        .prefetch_related("results__question", "revision__questions")
        .order_by("number")
        if run.input_sha256 == wanted[run.work_id]
    }


@transaction.atomic
def start_regrade(
    *,
    actor: Actor,
    assignment: Assignment,
    revision: AssignmentRevision,
    reason: str,
    again: bool = False,
) -> Regrade:
    """Put everybody's work in the queue, behind live work, to be run by the revision.

    Where a run with the same inputs exists, its findings are copied instead, unless
        `again` and the attempt still has its files. No mark changes. By a revision without a
    notebook, everything is finished at once. Raises RegradeRefusedError while another
    regrade of the assignment is open and if the revision cannot run this work, and
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, assignment.course)
    Assignment.objects.select_for_update().get(pk=assignment.pk)
    if open_regrade(assignment) is not None:
        raise RegradeRefusedError(
            "Another regrade waits for a decision. Confirm or discard it first."
        )
    plan = plan_regrade(assignment=assignment, revision=revision)
    if plan.fault:
        raise RegradeRefusedError(plan.fault)
    regrade = Regrade.objects.create(
        assignment=assignment,
        revision=revision,
        reason=reason.strip(),
        requested_at=Now(),
        requested_by=actor_user(actor),
    )
    copied = plan.removed if again else plan.known.keys()
    store_result_copies(
        actor=actor,
        copies=[
            _with_same_scores(run) for work, run in plan.known.items() if work in copied
        ],
        revision=revision,
        code="same_inputs",
        regrade=regrade,
    )
    for run in (run for run in plan.runs if run.work_id not in copied):
        queue_run(
            actor=actor,
            submission=run.work,
            revision=revision,
            priority=REGRADE_PRIORITY,
            regrade=regrade,
        )
    return regrade


def open_regrade(assignment: Assignment) -> Regrade | None:
    """Return the assignment's regrade that waits for a decision, or None."""
    return Regrade.objects.filter(
        assignment=assignment, confirmed_at=None, discarded_at=None
    ).first()


def _with_same_scores(run: GradingRun) -> ResultCopy:
    return ResultCopy(source=run, scored=tuple(recorded_results(run)))


@dataclass(frozen=True, kw_only=True)
class RegradeRow:
    """A run, and its author's mark before and after.

    `mark` is None while the run has no result. If a student has several runs, only one
    of them has the mark.
    """

    run: GradingRun
    mark: MarkPreview | None


def preview_regrade(regrade: Regrade) -> tuple[RegradeRow, ...]:
    """Return which marks the regrade would change if confirmed, as far as it has run.

    The number of queries does not grow with the course.
    """
    runs = list(
        GradingRun.objects.filter(regrade=regrade)
        .with_lateness()
        .select_related("submission__author", "revision")
        .defer("progress", "measures", "detail", "record")
        .order_by(
            "submission__author__last_name",
            "submission__author__first_name",
            "submission__author",
            "submission__attempt",
        )
    )
    marks = {
        mark.student_id: mark
        for mark in Mark.objects.filter(assignment=regrade.assignment_id)
    }
    attempts = attempt_runs_by_student(regrade.assignment)
    finished: dict[int, dict[UUID | None, GradingRun]] = {}
    for run in runs:
        if run.state == State.FINISHED:
            finished.setdefault(run.work.author_id, {})[run.submission_id] = run
    terms = run_terms([*runs, *(run for own in attempts.values() for run in own)])
    hand = load_hand_points([regrade.assignment_id]).of_run
    values = AttemptValues(hand=hand, terms=terms)
    shown = dict(
        _preview(new, marks.get(author), attempts.get(author, []), values)
        for author, new in finished.items()
    )
    return tuple(RegradeRow(run=run, mark=shown.get(run.pk)) for run in runs)


def _preview(
    new: Mapping[UUID | None, GradingRun],
    mark: Mark | None,
    current: Sequence[GradingRun],
    values: AttemptValues,
) -> tuple[UUID, MarkPreview]:
    """Return the mark if each new run replaced the earlier run of its attempt.

    The mark is shown beside one of the new runs, whose id is returned with it: the one
    that would count, or the first one if an earlier run would still count.
    """
    first = next(iter(new.values()))
    rule = first.work.assignment.counting
    runs = [new.get(other.submission_id, other) for other in current]
    counting = choose_counting(rule, runs, values.compared) or first
    preview = preview_mark(
        mark,
        counting,
        before=choose_counting(rule, current, values.compared),
        stored=values,
        changed=values,
    )
    return new.get(counting.submission_id, first).pk, preview


@transaction.atomic
def confirm_regrade(*, actor: Actor, regrade: Regrade, seen: str) -> int:
    """Make the regrade's runs count, and return how many marks changed.

    Each changed mark gets a MarkChange. `seen` is the digest of the preview that the
    actor looked at. A student whose runs have no result keeps their mark. Raises
    RegradeRefusedError while some of the runs are active, once the regrade has ended,
    and if the preview is out of date.
    """
    locked = _locked_open(actor, regrade)
    rows = preview_regrade(locked)
    if any(row.run.state in ACTIVE for row in rows):
        raise RegradeRefusedError(
            "Some work is still being run. Wait until it has ended."
        )
    if digest_of(rows) != seen:
        raise RegradeRefusedError(
            "Marks have changed since you saw the preview. Look at it again."
        )
    locked.confirmed_at = Now()  # by the database's clock
    _end(actor, locked)
    recompute_marks(
        actor=actor,
        assignment=locked.assignment,
        students=[row.run.work.author for row in rows if row.mark is not None],
        reason=f"Run again with revision {locked.revision.number}: {locked.reason}",
    )
    return sum(row.mark is not None and row.mark.changes for row in rows)


def digest_of(rows: Sequence[RegradeRow]) -> str:
    """Return a digest of the preview, to tell whether it is still what somebody saw."""
    ordered = sorted(
        (row for row in rows if row.mark is not None), key=lambda row: str(row.run.pk)
    )
    shown = [(str(r.run.pk), r.mark.before, r.mark.after) for r in ordered if r.mark]
    return plan_digest(shown)


@transaction.atomic
def discard_regrade(*, actor: Actor, regrade: Regrade) -> None:
    """End the regrade so that it never counts, and cancel its runs that have not ended.

    Results that exist already are kept. Raises RegradeRefusedError once the regrade has
    ended.
    """
    locked = _locked_open(actor, regrade)
    locked.discarded_at = Now()  # by the database's clock
    _end(actor, locked)
    for run in locked.runs.filter(state__in=ACTIVE):
        cancel_run(actor=actor, run=run)


def _locked_open(actor: Actor, regrade: Regrade) -> Regrade:
    require_right(actor, Right.EDIT, regrade.assignment.course)
    Assignment.objects.select_for_update().get(pk=regrade.assignment_id)
    locked = Regrade.objects.select_related("assignment__course", "revision").get(
        pk=regrade.pk
    )
    if not locked.is_open:
        raise RegradeRefusedError(
            "This regrade has been confirmed or discarded already."
        )
    return locked


def _end(actor: Actor, regrade: Regrade) -> None:
    regrade.ended_by = actor_user(actor)
    regrade.save(update_fields=["confirmed_at", "discarded_at", "ended_by"])
