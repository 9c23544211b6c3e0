"""Let students choose which of their attempts counts."""

import datetime as dt

from django.db import transaction

from accounts.models import User
from courses.deadlines import Deadline, deadline_for, is_open
from courses.models import Assignment
from courses.permissions import can_submit
from courses.services.enrolments import lock_enrolment
from formats.choices import Counting
from grading.services.marks import recompute_mark
from submissions.models import ChosenAttempt, Submission


class ChoiceRefusedError(Exception):
    """The choice was refused, and nothing has changed. The message says why."""


def may_choose_attempt(
    user: User, assignment: Assignment, own: Deadline, now: dt.datetime
) -> bool:
    """Return whether the person may choose now. `own` is their deadline."""
    return (
        assignment.counting == Counting.CHOICE
        and is_open(own, now)
        and can_submit(user, assignment)
    )


@transaction.atomic
def choose_attempt(
    *,
    actor: User,
    assignment: Assignment,
    submission: Submission | None,
    now: dt.datetime,
) -> None:
    """Let this attempt of the actor's count; None lets the latest count again.

    The mark follows. `submission` must be the actor's, of this assignment. Raises
    ChoiceRefusedError if the assignment leaves no choice, or no longer.

    SECURITY: the choice and the default depend on nothing that a run found, so they
    tell nothing of hidden checks.
    """
    lock_enrolment(actor, assignment.course_id)
    current = Assignment.objects.select_related("course").get(pk=assignment.pk)
    if current.counting != Counting.CHOICE:
        raise ChoiceRefusedError("You cannot choose which attempt counts here.")
    if not may_choose_attempt(actor, current, deadline_for(current, actor), now):
        raise ChoiceRefusedError(
            "You can choose which attempt counts only while you can hand in."
        )
    if submission is None:
        chosen = ChosenAttempt.objects.filter(assignment=current, student=actor)
        chosen.delete()
        reason = "The student has chosen no attempt: the latest counts."
    else:
        ChosenAttempt.objects.update_or_create(
            assignment=current,
            student=actor,
            defaults={"submission": submission, "chosen_at": now},
        )
        reason = f"The student has chosen attempt {submission.attempt}."
    recompute_mark(actor=actor, assignment=current, student=actor, reason=reason)
