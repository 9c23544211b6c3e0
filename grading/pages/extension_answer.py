"""What the page that answers a request says of hidden results."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from courses.deadlines import Deadline, is_open
from courses.models import ExtensionRequest
from courses.wall_clock import moment_words
from formats.assignment.assignment_content import Visibility
from grading.scoring import rules_of
from grading.services.marks import attempt_runs
from grading.services.view_times import view_times


@dataclass(frozen=True, kw_only=True)
class HiddenResults:
    """Whether the student can see results of hidden checks by now, and this in words."""

    are_seen: bool
    words: str


def hidden_results_of(
    row: ExtensionRequest, own: Deadline, *, now: dt.datetime
) -> HiddenResults | None:
    """Return what the student can see of hidden checks, or None if nothing is to be said.

    `own` is the student's deadline. With an extension they can hand in again, so whoever
    answers must know what they can have learnt.
    """
    if not row.is_open or is_open(own, now):
        return None
    runs = attempt_runs(row.assignment, row.student_id)
    prefetch_related_objects(runs, "revision__questions")
    hidden = {
        check.visibility
        for run in runs
        for question in run.revision.questions.all()
        for check in rules_of(question).checks
    } - {Visibility.ALWAYS, Visibility.NEVER}
    if not hidden:
        return None
    moments = view_times(
        row.assignment, row.student_id, closes_at=own.results_wait_until, now=now
    )
    zone = row.assignment.course.tz
    if any(map(moments.shows, hidden)):
        closed = moment_words(own.stated_closes_at, zone)
        words = (
            "This student can already see what hidden checks found in their work: "
            f"hand-in closed for them on {closed}."
        )
        return HiddenResults(are_seen=True, words=words)
    if own.awaited_until is None or moments.has_closed:
        return None
    until = moment_words(own.awaited_until, zone)
    words = (
        "Results of hidden checks stay hidden from this student until you answer, or "
        f"until {until}."
    )
    return HiddenResults(are_seen=False, words=words)
