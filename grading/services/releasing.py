"""Releasing the marks of an assignment to all students or to a group, and back."""

import datetime as dt
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor, actor_user
from courses.models import Assignment, CourseChange, GroupRelease, group_words
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.edited_rows import save_assignment
from courses.wall_clock import moment_words
from grading.services.release_mails import cancel_release_mails, queue_release_mails
from grading.services.release_plan import count_told, plan_release

log = structlog.get_logger(__name__)


class ReleaseRefusedError(Exception):
    """The release has problems, and the actor did not confirm it in spite of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class NoReleaseError(Exception):
    """The release cannot be changed like this. The message says what to do."""


@transaction.atomic
def release_marks(
    *,
    actor: Actor,
    assignment: Assignment,
    at: dt.datetime,
    module_code: str | None = None,
    despite_problems: bool = False,
    mails: bool = False,
) -> None:
    """Release the marks at that time, and record the change.

    With a module code, they are released to its students alone. A release that is out
    keeps its time. With `mails`, each student is mailed once the mark comes out for
    them. Raises ReleaseRefusedError if the release has problems and `despite_problems`
    is false, NoReleaseError for a later time than now if the marks are out already, and
    PermissionDenied if the actor may not manage marks.
    """
    require_right(actor, Right.MANAGE_MARKS, assignment.course)
    is_out = _is_out(assignment, module_code)
    if is_out and at > timezone.now():
        raise NoReleaseError(
            "These marks are out. Take the release back first, with a reason."
        )
    plan = plan_release(assignment, at=at, module_code=module_code)
    if plan.problems and not despite_problems:
        raise ReleaseRefusedError(plan.problems)
    if is_out:
        pass  # It keeps its time.
    elif module_code is None:
        _store(actor, assignment, at)
    else:
        _store_group(actor, assignment, module_code, at)
    if mails:
        students = [mark.student_id for mark in (*plan.marks, *plan.excused)]
        queue_release_mails(assignment, students, at=at)


@transaction.atomic
def take_back_release(
    *,
    actor: Actor,
    assignment: Assignment,
    reason: str,
    module_code: str | None = None,
) -> None:
    """Make the marks provisional again, and record why.

    Without a module code this is for everybody, also for groups to which they are
    released. What students have already seen cannot be taken back; the record says how
    many could see their marks. Raises NoReleaseError without a reason, and if
    nothing is released, and PermissionDenied if the actor may not manage marks.
    """
    require_right(actor, Right.MANAGE_MARKS, assignment.course)
    words = reason.strip()
    if not words:
        raise NoReleaseError(
            "Say why the marks are taken back. Staff read it among the changes."
        )
    told = count_told(assignment)
    groups = GroupRelease.objects.filter(assignment=assignment)
    if module_code is not None:
        groups = groups.filter(module_code=module_code)
    for_all = Assignment.objects.filter(
        pk=assignment.pk, marks_released_at__isnull=False
    )
    is_for_all = module_code is None and for_all.exists()
    if not is_for_all and not groups.exists():
        raise NoReleaseError("These marks are not released, so nothing is taken back.")
    groups.delete()
    if module_code is None:
        _store(actor, assignment, None)
    told -= count_told(assignment)
    cancel_release_mails(assignment)
    could = "1 student could" if told == 1 else f"{told} students could"
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.RELEASE,
        summary=(
            f"The release of marks of {assignment.title}{_of_group(module_code)} was "
            f"taken back. {could} read their marks until then."
        ),
        reason=words,
        about=assignment,
    )


def _is_out(assignment: Assignment, module_code: str | None) -> bool:
    """Return whether the marks are out for everybody, or for the group."""
    now = timezone.now()
    if module_code is None:
        rows = Assignment.objects.filter(pk=assignment.pk, marks_released_at__lte=now)
        return rows.exists()
    groups = GroupRelease.objects.filter(assignment=assignment, released_at__lte=now)
    return groups.filter(module_code=module_code).exists()


def _of_group(module_code: str | None) -> str:
    return "" if module_code is None else f" to students {_group(module_code)}"


def _group(module_code: str) -> str:
    return f"of {module_code}" if module_code else group_words(module_code)


def _store(actor: Actor, assignment: Assignment, at: dt.datetime | None) -> None:
    row = Assignment.objects.select_related("course").get(pk=assignment.pk)
    row.marks_released_at = at
    save_assignment(actor=actor, assignment=row, right=Right.MANAGE_MARKS)
    _log(actor, assignment, at)


def _store_group(
    actor: Actor, assignment: Assignment, module_code: str, at: dt.datetime
) -> None:
    """Store the release to a group, which staff read among the changes."""
    GroupRelease.objects.update_or_create(
        assignment=assignment, module_code=module_code, defaults={"released_at": at}
    )
    when = (
        "are released"
        if at <= timezone.now()
        else f"will be released on {moment_words(at, assignment.course.tz)}"
    )
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.RELEASE,
        summary=f"Marks of {assignment.title} {when} to students {_group(module_code)}.",
        after=moment_words(at, assignment.course.tz),
        about=assignment,
    )
    _log(actor, assignment, at)


def _log(actor: Actor, assignment: Assignment, at: dt.datetime | None) -> None:
    user = actor_user(actor)
    log.info(
        "marks_released" if at else "release_taken_back",
        assignment=assignment.pk,
        at=at.isoformat() if at else "",
        person=user.pk if user else None,
    )
