"""How far the marking of an assignment is: by question, stage and marker."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from courses.models import Assignment
from grading.allocation import GivenAnswers
from grading.models import Marking, Stage
from grading.services.given_answers import given_answers
from grading.services.marker_scope import EVERYTHING
from grading.services.marking_queue import (
    MarkedQuestion,
    WorkItem,
    load_marking_queue,
)


@dataclass(kw_only=True)
class MarkerProgress:
    """What one marker was given of a question, and has marked of it.

    Of the answers that are given to them, `waiting` are marked by nobody, and the
    others are. `finished_at` are the times of their own finished markings, also of
    answers that are not given to them.
    """

    marker: int
    stage: Stage
    given: int = 0
    waiting: int = 0
    finished_at: list[dt.datetime] = field(default_factory=list)

    @property
    def given_marked(self) -> int:
        """How many of the answers given to the person are marked, by anybody."""
        return self.given - self.waiting

    @property
    def marked(self) -> int:
        """How many answers the person has marked, whoever they are given to."""
        return len(self.finished_at)


@dataclass(frozen=True, kw_only=True)
class QuestionProgress:
    """How many answers to a question there are, are marked, and are given to nobody.

    `not_given_waiting` are those of `not_given` that nobody has marked.
    """

    question: MarkedQuestion
    answers: int
    marked: int
    not_given: int
    not_given_waiting: int
    markers: tuple[MarkerProgress, ...]

    @property
    def waiting(self) -> int:
        """The number of answers without a finished first marking."""
        return self.answers - self.marked

    @property
    def not_given_marked(self) -> int:
        """How many answers that are given to nobody are marked."""
        return self.not_given - self.not_given_waiting


class _Marked(NamedTuple):
    marker: int | None
    at: dt.datetime


_Finished = Mapping[tuple[int, UUID | int, str], _Marked]


def marking_progress(assignment: Assignment) -> tuple[QuestionProgress, ...]:
    """Return the progress of each question that people mark.

    Answers are those of the attempts that count; students who handed in nothing have
    none, and those of excused students are left out. The number of queries does not grow
    with the course.
    """
    queue = load_marking_queue(assignment, EVERYTHING)
    given = dict(
        zip((Stage.FIRST, Stage.SECOND), given_answers(assignment), strict=True)
    )
    finished = _finished(assignment)
    handed_in: dict[str, list[WorkItem]] = defaultdict(list)
    for item in queue.items:
        if item.submission is not None and not item.is_excused:
            handed_in[item.key].append(item)
    return tuple(
        _question(question, handed_in[question.key], given, finished)
        for question in queue.questions
    )


def _finished(assignment: Assignment) -> _Finished:
    """Return who made each finished marking, and when."""
    rows: Any = Marking.objects.filter(
        rubric__assignment=assignment, is_finished=True, submission__isnull=False
    ).order_by()
    names = ("rubric", "submission", "stage", "marker", "updated_at")
    return {
        (rubric, work, stage): _Marked(marker, at)
        for rubric, work, stage, marker, at in rows.values_list(*names)
    }


def _question(
    question: MarkedQuestion,
    items: Iterable[WorkItem],
    given: Mapping[Stage, GivenAnswers],
    finished: _Finished,
) -> QuestionProgress:
    found: dict[tuple[Stage, int], MarkerProgress] = {}
    answers = marked = not_given = not_given_waiting = 0

    def of(stage: Stage, marker: int) -> MarkerProgress:
        row = MarkerProgress(marker=marker, stage=stage)
        return found.setdefault((stage, marker), row)

    for item in items:
        answers += 1
        for stage, allocated in given.items():
            done = finished.get((item.rubric, item.submission or 0, stage.value))
            markers = allocated.markers(item.key, item.student)
            for marker in markers:
                row = of(stage, marker)
                row.given += 1
                row.waiting += done is None
            if done is not None and done.marker is not None:
                of(stage, done.marker).finished_at.append(done.at)
            if stage == Stage.FIRST:
                marked += done is not None
                not_given += not markers
                not_given_waiting += done is None and not markers
    return QuestionProgress(
        question=question,
        answers=answers,
        marked=marked,
        not_given=not_given,
        not_given_waiting=not_given_waiting,
        markers=tuple(found.values()),
    )
