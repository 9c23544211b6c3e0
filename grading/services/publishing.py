"""Trial runs of a revision, and publishing it once the trials are as expected."""

from typing import Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor, actor_user
from courses.models import Assignment, AssignmentRevision, CourseChange
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from grading.models import GradingRun, Publication, Trial
from grading.services.run_queue import queue_next
from grading.trial_state import Trials, trials_of

# Trials wait behind students' work and before regrades.
TRIAL_PRIORITY: Final = -5


class TrialsNotGoodError(Exception):
    """The trials are not as expected, and no reason to publish was given."""

    def __init__(self, trials: Trials) -> None:
        super().__init__("The trial runs are not as expected.")
        self.trials = trials


@transaction.atomic
def start_trials(*, actor: Actor, revision: AssignmentRevision) -> list[GradingRun]:
    """Put both trials of the revision in the queue, and return their runs.

    A trial that is queued or running already is returned as it is. A revision without a
    notebook has none. Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, revision.assignment.course)
    if revision.is_files_only:
        return []
    Assignment.objects.select_for_update().get(pk=revision.assignment_id)
    return [_start(actor, revision, trial) for trial in Trial]


def _start(actor: Actor, revision: AssignmentRevision, trial: Trial) -> GradingRun:
    return queue_next(
        actor,
        GradingRun.objects.filter(revision=revision, trial=trial),
        revision=revision,
        trial=trial,
        priority=TRIAL_PRIORITY,
    )


@transaction.atomic
def publish_revision(
    *, actor: Actor, revision: AssignmentRevision, reason: str = ""
) -> Publication | None:
    """Mark new work by this revision from now on, and record who published it.

    Return the Publication, or None if the revision is the published one already. Raises
    TrialsNotGoodError if its trials are not as expected and no reason is given, and
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, revision.assignment.course)
    assignment = Assignment.objects.select_for_update().get(pk=revision.assignment_id)
    if assignment.revision_id == revision.pk:
        return None
    trials = trials_of(revision)
    reason = reason.strip()
    if not trials.are_good and not reason:
        raise TrialsNotGoodError(trials)
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.REVISION,
        summary=(
            f"{assignment.title}: new work is marked with revision {revision.number}."
        )
        if assignment.revision
        else f"You can now hand in {assignment.title}.",
        before=f"Revision {assignment.revision.number}" if assignment.revision else "",
        after=f"Revision {revision.number}",
        # SECURITY: the public entry leaves out the reason, which may tell what hidden
        # checks do.
        is_public=is_released(assignment.release_at, timezone.now()),
        about=assignment,
    )
    assignment.revision = revision
    assignment.save(update_fields=["revision"])
    return Publication.objects.create(
        assignment=assignment,
        revision=revision,
        at=Now(),
        actor=actor_user(actor),
        is_override=not trials.are_good,
        reason=reason,
        trials=trials.to_json(),
    )
