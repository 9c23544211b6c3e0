"""The turn of a run in its queue: fair between courses, and between their students.

Every run gets its turn once, when it is queued, and the lowest turn is taken first. A
turn is a virtual finish time, as in self-clocked fair queueing: the clock of a queue is
the turn that was taken last, and a course with n waiting students gets one turn in n for
each of them. So n waiting courses get a run each in turn, however many runs each has:

    first waiting run of a student    clock + n slots, n of the course with this student
    a further run of the student      the student's last turn + a round of the course

A slot is a fixed number, divided by the weight of the course in COURSE_WEIGHTS: a course
of weight 2 gets two runs for each run of another one. A round is one slot for every
student who is enrolled. So a student with fifty waiting
runs delays a classmate by two of them at most: the first, and one further run.

Nothing is stored but the turns. The clock and n are read from the runs that wait or run
now, so a run that was cancelled or superseded leaves no trace: handing in and cancelling
again and again gives no advantage, and moves nobody back. A student who hands in again
keeps the turn of the run that is superseded, which nobody else could have had. The clock
never stands still while runs are taken, and every new turn is above it, so each run is
taken after a bounded number of others: no course can keep another one waiting.

Each priority has a line of its own: trials, regrades and self-checks stand behind live
work, in this order.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Max

from courses.models import Course, Enrolment
from formats.choices import Role
from grading.models import GradingRun, SelfCheck
from grading.querysets import GradingRunQuerySet
from grading.states import State
from submissions.models import Submission

SLOT: Final = 1000
# The turns of a course are this much further apart than a slot. So the first hand-in of
# a course, one slot after the clock, comes before the next run of each other course.
_LATER: Final = 2


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A run's place in its line. `is_further`: the student has another waiting run."""

    number: int
    is_further: bool = False


def next_turn(
    *,
    queue: str,
    priority: int,
    course_id: int,
    submission: Submission | None,
    self_check: SelfCheck | None = None,
) -> Turn:
    """Return the turn of a run that is queued now.

    It is the run of the submission, or of the self-check, or a trial without either.
    """
    line = GradingRun.objects.filter(queue=queue, priority=priority)
    clock = _clock(queue, priority)
    waiting = 1 + waiting_students(line, course_id).count()
    last = None
    if submission is not None:
        last = _last_turn_of_author(submission, line)
    elif self_check is not None:
        last = _last_turn_of_checks(self_check, line)
    slot = _slot_of(course_id)
    if last is None:
        return Turn(number=clock + slot + (waiting - 1) * (slot + _LATER))
    a_round = slot * max(waiting, _students(course_id))
    return Turn(number=max(clock, last) + a_round, is_further=True)


def waiting_students(line: GradingRunQuerySet, course_id: int) -> GradingRunQuerySet:
    """Return the first waiting run of each student of the course in this line."""
    return line.filter(state=State.QUEUED, course=course_id, is_further=False)


def _clock(queue: str, priority: int) -> int:
    """Return the turn that was taken last, or one before all that wait."""
    line = GradingRun.objects.filter(queue=queue, priority=priority)
    taken = line.filter(state=State.RUNNING).aggregate(last=Max("turn"))["last"]
    first = line.queued().values_list("turn", flat=True).first()
    if first is None:
        # Runs that wait after a fault keep the clock, so that they are not overtaken.
        waiting = line.filter(state=State.QUEUED).order_by("turn")
        first = waiting.values_list("turn", flat=True).first()
    before = None if first is None else first - SLOT - 1
    return max((turn for turn in (taken, before) if turn is not None), default=0)


def _last_turn_of_author(
    submission: Submission, line: GradingRunQuerySet
) -> int | None:
    """Return the last turn of the author's other runs that wait in this line."""
    of_author = Submission.objects.filter(
        author=submission.author_id,
        assignment__course=submission.assignment.course_id,
    )
    waiting = line.filter(state=State.QUEUED, submission__in=of_author.values("pk"))
    last: int | None = waiting.aggregate(last=Max("turn"))["last"]
    return last


def _last_turn_of_checks(self_check: SelfCheck, line: GradingRunQuerySet) -> int | None:
    """Return the last turn of the author's other self-checks that wait in this line."""
    of_author = SelfCheck.objects.filter(
        author=self_check.author_id,
        assignment__course=self_check.assignment.course_id,
    )
    waiting = line.filter(state=State.QUEUED, self_check__in=of_author.values("pk"))
    last: int | None = waiting.aggregate(last=Max("turn"))["last"]
    return last


def _slot_of(course_id: int) -> int:
    """Return the course's slot: the smaller it is, the more runs the course gets."""
    if not settings.COURSE_WEIGHTS:
        return SLOT
    slug = Course.objects.values_list("slug", flat=True).get(pk=course_id)
    return SLOT // int(settings.COURSE_WEIGHTS.get(slug, 1))


def _students(course_id: int) -> int:
    return Enrolment.objects.filter(
        course=course_id, role=Role.STUDENT, is_active=True
    ).count()
