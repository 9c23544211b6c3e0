"""Giving answers to markers, drawing answers to be marked twice, and taking them back."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from accounts.actors import actor_user
from accounts.models import User
from courses.models import Assignment, CourseChange, Enrolment
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from grading.allocation import (
    Answer,
    Given,
    GivenAnswers,
    Share,
    compact,
    deal_evenly,
    deal_questions,
    students_by_key,
)
from grading.models import MarkerAllocation, Marking, Stage
from grading.services.given_answers import given_answers
from grading.services.marker_scope import EVERYTHING
from grading.services.marking_queue import MarkingQueue, load_marking_queue

MOST_PERCENT: Final = 100


class AllocationRefusedError(Exception):
    """The answers cannot be allocated so. The message says why; nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class AllocationOrder:
    """What shall be allocated, and to whom.

    Without `keys` these are all questions, and without `students` everybody. By
    question, each question goes to one of the markers; otherwise each student does, at
    random. `replaces` takes back what was allocated of this before; otherwise only what
    nobody is given is allocated.
    """

    markers: Sequence[User]
    keys: Collection[str] = ()
    students: Collection[int] | None = None
    by_question: bool = False
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class Allocated:
    """How many answers were allocated, and how many had no marker who may get them.

    `without_work` are those of `answers` whose student has no work that is to be marked
    so far.
    """

    answers: int
    left_out: int = 0
    without_work: int = 0


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The answers, who is given them, and those of students with work that counts."""

    queue: MarkingQueue
    keys: tuple[str, ...]
    with_work: frozenset[Answer]
    first: GivenAnswers
    second: GivenAnswers

    def answers(self, order: AllocationOrder) -> list[Answer]:
        """Return the answers that the order names, also of those without work."""
        keys = set(order.keys) or set(self.keys)
        return [
            (each.key, each.student)
            for each in self.queue.items
            if each.key in keys
            and (order.students is None or each.student in order.students)
        ]


@transaction.atomic
def allocate(
    *,
    actor: User,
    assignment: Assignment,
    order: AllocationOrder,
    rng: random.Random | None = None,
) -> Allocated:
    """Give answers to markers for the first marking, and record it for the course.

    Nobody is given an answer for which they are the second marker.
    Raises PermissionDenied if the actor may not edit the course, and
    AllocationRefusedError if the order is impossible.
    """
    _lock(actor, assignment)
    _check_markers(assignment, order.markers)
    keys = _checked_keys(load_marking_queue(assignment, EVERYTHING), order.keys)
    if order.by_question and len(order.markers) > len(keys):
        raise AllocationRefusedError(
            "There are fewer questions than markers. Choose fewer markers, or share the "
            "students out."
        )
    if order.replaces:
        _take_back(assignment, order, keys)
    table = _table(assignment)
    wanted = table.answers(order)
    if order.replaces and any(table.first.markers(*each) for each in wanted):
        raise AllocationRefusedError(
            "A marker is given more than what you chose, such as a whole question. "
            "Withdraw that first."
        )
    free = [each for each in wanted if not table.first.markers(*each)]
    chosen = rng or random.SystemRandom()
    barred = _markers_of(assignment, Stage.SECOND, table.second, free)
    dealt = (
        _by_question(free, keys, order, barred)
        if order.by_question
        else _by_student(free, wanted, table, order, barred=barred, rng=chosen)
    )
    whole = {} if order.students is not None else students_by_key(wanted)
    rows = compact(dealt, keys=table.keys, whole=whole if order.by_question else {})
    _store(actor, assignment, Stage.FIRST, rows)
    count = sum(map(len, dealt.values()))
    if count:
        _record(actor, assignment, f"{_answers(count)} given to", order.markers)
    with_work = sum(len(table.with_work.intersection(each)) for each in dealt.values())
    return Allocated(
        answers=count, left_out=len(free) - count, without_work=count - with_work
    )


@transaction.atomic
def allocate_second(
    *,
    actor: User,
    assignment: Assignment,
    markers: Sequence[User],
    percent: int,
    keys: Collection[str] = (),
    rng: random.Random | None = None,
) -> Allocated:
    """Draw students at random, and give their answers to markers a second time.

    Afterwards at least `percent` of the students with work have a second marker for
    these questions. Nobody is given an answer for which they are the first marker.
    Raises as `allocate` does.
    """
    _lock(actor, assignment)
    _check_markers(assignment, markers)
    if not 0 < percent <= MOST_PERCENT:
        raise AllocationRefusedError("Give a percentage from 1 to 100.")
    table = _table(assignment)
    chosen_keys = _checked_keys(table.queue, keys)
    chosen = rng or random.SystemRandom()
    drawn = _drawn(table, chosen_keys, percent, chosen)
    barred = _markers_of(assignment, Stage.FIRST, table.first, table.with_work)
    shares = [
        share
        for student in drawn
        for share in _shares(
            student,
            [key for key in chosen_keys if (key, student) in table.with_work],
            barred,
            markers,
        )
    ]
    dealt: dict[int, list[Answer]] = defaultdict(list)
    left_out = 0
    pks = [marker.pk for marker in markers]
    for share, marker in deal_evenly(shares, pks, load={}, rng=chosen):
        if marker is None:
            left_out += len(share.keys)
        else:
            dealt[marker] += [(key, share.student) for key in share.keys]
    rows = compact(dealt, keys=table.keys, whole={})
    _store(actor, assignment, Stage.SECOND, rows)
    count = sum(map(len, dealt.values()))
    if count:
        what = f"{_answers(count)} given for a second marking to"
        _record(actor, assignment, what, markers)
    return Allocated(answers=count, left_out=left_out)


@transaction.atomic
def withdraw_allocation(
    *, actor: User, assignment: Assignment, marker: User, stage: Stage, key: str
) -> int:
    """Take back what the marker is given of a question, and return how many rows.

    An empty key takes back what they are given of all questions together. Markings
    stay. Raises PermissionDenied if the actor may not edit the course.
    """
    _lock(actor, assignment)
    rows = MarkerAllocation.objects.filter(
        assignment=assignment, marker=marker, stage=stage, key=key
    )
    count, _ = rows.delete()
    if count:
        what = f"question “{key}”" if key else "all questions"
        kind = "second marking" if stage == Stage.SECOND else "marking"
        record_change(
            actor=actor,
            course=assignment.course,
            kind=CourseChange.Kind.CONTENT,
            summary=f"{assignment.title}: the {kind} of {what} was taken back from "
            f"{marker.name}.",
            about=assignment,
        )
    return count


def _lock(actor: User, assignment: Assignment) -> None:
    """Check the right, and let no two allocations of the assignment run together."""
    require_right(actor, Right.EDIT, assignment.course)
    Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)


def _check_markers(assignment: Assignment, markers: Sequence[User]) -> None:
    if not markers:
        raise AllocationRefusedError("Choose at least one marker.")
    staff = Enrolment.objects.markers().filter(course=assignment.course_id)
    known = set(staff.values_list("user", flat=True))
    for marker in markers:
        if marker.pk not in known:
            raise AllocationRefusedError(f"{marker.name} may not mark in the course.")


def _checked_keys(queue: MarkingQueue, keys: Collection[str]) -> tuple[str, ...]:
    """Return the keys of the chosen questions in their order, or of all."""
    known = tuple(each.key for each in queue.questions)
    if not known:
        raise AllocationRefusedError("People mark no question of this coursework.")
    if set(keys) - set(known):
        raise AllocationRefusedError("A chosen question does not exist any more.")
    return tuple(key for key in known if not keys or key in keys)


def _table(assignment: Assignment) -> _Table:
    queue = load_marking_queue(assignment, EVERYTHING)
    first, second = given_answers(assignment)
    return _Table(
        queue=queue,
        keys=tuple(each.key for each in queue.questions),
        with_work=frozenset(
            (each.key, each.student)
            for each in queue.items
            if each.submission is not None and not each.is_excused
        ),
        first=first,
        second=second,
    )


def _take_back(
    assignment: Assignment, order: AllocationOrder, keys: Sequence[str]
) -> None:
    """Delete the first allocations that lie within the order."""
    rows = MarkerAllocation.objects.filter(assignment=assignment, stage=Stage.FIRST)
    rows = rows.filter(key__in=[*keys] if order.keys else [*keys, ""])
    if order.students is not None:
        rows = rows.filter(student__in=order.students)
    rows.delete()


def _by_question(
    free: Sequence[Answer],
    keys: Sequence[str],
    order: AllocationOrder,
    barred: Mapping[Answer, frozenset[int]],
) -> dict[int, list[Answer]]:
    """Give each question to one marker, without the answers they are barred from."""
    marker_of = dict(deal_questions(keys, [each.pk for each in order.markers]))
    dealt: dict[int, list[Answer]] = defaultdict(list)
    for key, student in free:
        if marker_of[key] not in barred[key, student]:
            dealt[marker_of[key]].append((key, student))
    return dealt


def _by_student(
    free: Sequence[Answer],
    wanted: Sequence[Answer],
    table: _Table,
    order: AllocationOrder,
    *,
    barred: Mapping[Answer, frozenset[int]],
    rng: random.Random,
) -> dict[int, list[Answer]]:
    """Share the students out evenly and at random: first those with work."""
    keys_of: dict[int, list[str]] = defaultdict(list)
    for key, student in free:
        keys_of[student].append(key)
    shares = [
        share
        for who, keys in keys_of.items()
        for share in _shares(who, keys, barred, order.markers)
    ]
    rng.shuffle(shares)
    shares.sort(key=lambda each: (each.keys[0], each.student) not in table.with_work)
    load = Counter(marker for each in wanted for marker in table.first.markers(*each))
    dealt: dict[int, list[Answer]] = defaultdict(list)
    markers = [each.pk for each in order.markers]
    for share, marker in deal_evenly(shares, markers, load=load, rng=rng):
        if marker is not None:
            dealt[marker] += [(key, share.student) for key in share.keys]
    return dealt


def _drawn(
    table: _Table, keys: Sequence[str], percent: int, rng: random.Random
) -> list[int]:
    """Return the students that are drawn, beside those who have a second marker."""
    students = sorted({who for key, who in table.with_work if key in keys})
    without = [
        who
        for who in students
        if not any(table.second.markers(key, who) for key in keys)
    ]
    wanted = math.ceil(len(students) * percent / MOST_PERCENT)
    missing = max(0, wanted - (len(students) - len(without)))
    return rng.sample(without, missing)


def _markers_of(
    assignment: Assignment,
    stage: Stage,
    given: GivenAnswers,
    answers: Collection[Answer],
) -> dict[Answer, frozenset[int]]:
    """Return who is given each answer in the stage, or has marked it. One query."""
    found = {each: given.markers(*each) for each in answers}
    rows = Marking.objects.filter(
        rubric__assignment=assignment, stage=stage, marker__isnull=False
    ).order_by()
    for key, student, marker in rows.values_list("rubric__key", "student", "marker"):
        answer = (key, student)
        found[answer] = found.get(answer, frozenset()) | {marker}
    return found


def _shares(
    student: int,
    keys: Sequence[str],
    barred: Mapping[Answer, frozenset[int]],
    markers: Sequence[User],
) -> list[Share]:
    """Return the student's answers as one share, or apart if nobody may have all."""
    by_key = {key: barred[key, student] for key in keys}
    of_all = frozenset().union(*by_key.values())
    if {marker.pk for marker in markers} - of_all:
        return [Share(student=student, keys=tuple(keys), barred=of_all)]
    return [
        Share(student=student, keys=(key,), barred=found)
        for key, found in by_key.items()
    ]


def _store(
    actor: User, assignment: Assignment, stage: Stage, rows: Iterable[Given]
) -> None:
    MarkerAllocation.objects.bulk_create(
        MarkerAllocation(
            assignment=assignment,
            marker_id=row.marker,
            stage=stage,
            key=row.key,
            student_id=row.student,
            made_by=actor_user(actor),
        )
        for row in rows
    )


def _record(
    actor: User, assignment: Assignment, what: str, markers: Sequence[User]
) -> None:
    names = ", ".join(sorted(marker.name for marker in markers))
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"{assignment.title}: {what} {names}.",
        about=assignment,
    )


def _answers(count: int) -> str:
    return "1 answer was" if count == 1 else f"{count} answers were"
