"""What everybody's counting work at an assignment earned, by question and check."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from courses.models import Assignment, Enrolment, Question
from gradebook.class_statistics import ItemNumbers, item_numbers
from grading.models import GradingRun, QuestionResult
from grading.services.final_marks import FinalMark, final_marks
from grading.services.hand_points import load_hand_points
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """A check of a question, with its numbers."""

    name: str
    description: str
    numbers: ItemNumbers


@dataclass(frozen=True, kw_only=True)
class QuestionNumbers:
    """A question, the shares that students have of it in percent, and its checks."""

    key: str
    title: str
    is_tested: bool
    shares: tuple[float, ...]
    numbers: ItemNumbers
    checks: tuple[CheckRow, ...]


@dataclass(kw_only=True)
class _Answers:
    """Points by student: of each question, of each check, and in all."""

    questions: dict[str, dict[int, float]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    checks: dict[tuple[str, str], dict[int, float]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def totals(self) -> dict[int, float]:
        """Return the points of all questions of those who have them all."""
        of_questions = list(self.questions.values())
        if not of_questions:
            return {}
        whole = set.intersection(*(set(each) for each in of_questions))
        return {who: sum(each[who] for each in of_questions) for who in whole}


def students_of(course_id: int) -> list[int]:
    """Return the ids of the course's students. One query."""
    rows = Enrolment.objects.students().filter(course=course_id).order_by()
    return list(rows.values_list("user", flat=True))


def counting_marks(
    assignment: Assignment, students: Collection[int]
) -> dict[int, FinalMark]:
    """Return the marks by student that are complete, and of nobody who is excused."""
    marks = final_marks([assignment], students)
    return {
        student: mark
        for (_, student), mark in marks.items()
        if mark.is_complete and not mark.is_excused and mark.possible
    }


def share_of(mark: FinalMark) -> float:
    """Return the mark in percent of the possible points."""
    return float(100 * mark.points.final / mark.possible)


def question_numbers(
    assignment: Assignment, marks: Mapping[int, FinalMark]
) -> tuple[QuestionNumbers, ...]:
    """Return each question of the published revision with its numbers.

    Work that was run by an earlier revision counts where the question has the same
    points. Three queries, and those of the points by hand.
    """
    rows = Question.objects.filter(revision=assignment.revision_id)
    published = list(rows.order_by("position", "pk"))
    answers = _answers(assignment, marks, {each.key: each for each in published})
    totals = answers.totals()
    found = []
    for question in published:
        earned = answers.questions.get(question.key, {})
        possible = float(question.points)
        numbers = item_numbers(earned, totals, possible)
        if numbers is not None:
            found.append(
                QuestionNumbers(
                    key=question.key,
                    title=question.title,
                    is_tested=question.rubric_id is None,
                    shares=tuple(100 * each / possible for each in earned.values()),
                    numbers=numbers,
                    checks=_checks(question, answers, totals),
                )
            )
    return tuple(found)


def _checks(
    question: Question, answers: _Answers, totals: Mapping[int, float]
) -> tuple[CheckRow, ...]:
    found = []
    for check in question.checks:
        earned = answers.checks.get((question.key, check["name"]), {})
        # A check may be worth nothing, and still be broken. So its score is counted.
        numbers = item_numbers(earned, totals, 1.0, worth=float(check["points"]))
        if numbers is not None:
            description = check.get("description", "")
            found.append(
                CheckRow(name=check["name"], description=description, numbers=numbers)
            )
    return tuple(found)


def _answers(
    assignment: Assignment,
    marks: Mapping[int, FinalMark],
    questions: Mapping[str, Question],
) -> _Answers:
    students = {mark.run_id: who for who, mark in marks.items() if mark.run_id}
    found = _Answers()
    results = QuestionResult.objects.filter(run__in=students).order_by()
    for run, key, possible, points, checks in results.values_list(
        "run", "question__key", "question__points", "points", "checks"
    ).iterator():
        if key not in questions or questions[key].points != possible:
            continue
        student = students[run]
        if questions[key].rubric_id is None:
            found.questions[key][student] = float(points)
        for check in checks:
            found.checks[key, check["name"]][student] = float(check["score"])
    _add_by_hand(assignment, found, students, questions)
    return found


def _add_by_hand(
    assignment: Assignment,
    found: _Answers,
    students: Mapping[UUID, int],
    questions: Mapping[str, Question],
) -> None:
    """Add the points of questions that people mark. One query, if there are any."""
    by_rubric = {
        each.rubric_id: each.key for each in questions.values() if each.rubric_id
    }
    if not by_rubric:
        return
    marked = load_hand_points([assignment.pk])
    runs = GradingRun.objects.filter(pk__in=students).order_by()
    works = dict(runs.values_list("pk", "submission"))
    for run, student in students.items():
        for rubric, points in marked.earned.get(works[run], {}).items():
            if rubric in by_rubric:
                found.questions[by_rubric[rubric]][student] = float(points)


@dataclass(frozen=True, kw_only=True)
class HandInTimes:
    """When attempts came in, in hours before the deadline, and how long runs waited.

    Hours below 0 are after the deadline. Waits are in seconds.
    """

    hours: tuple[float, ...]
    waits: tuple[float, ...]


def hand_in_times(assignment: Assignment) -> HandInTimes:
    """Return when all attempts came in, and how long their runs waited. Two queries."""
    received = Submission.objects.filter(assignment=assignment).order_by()
    runs = (
        GradingRun.objects.of_submissions()
        .filter(submission__assignment=assignment, started_at__isnull=False)
        .filter(copied_from=None)
        .order_by()
    )
    hour = dt.timedelta(hours=1)
    return HandInTimes(
        hours=tuple(
            (assignment.due_at - at) / hour
            for at in received.values_list("received_at", flat=True)
        ),
        waits=tuple(
            max((started - queued).total_seconds(), 0.0)
            for queued, started in runs.values_list("queued_at", "started_at")
            if started is not None
        ),
    )


def mean_shares(
    marks: Mapping[int, Mapping[int, FinalMark]],
) -> dict[int, float]:
    """Return each student's points in percent of those possible, over all assignments.

    `marks` are by assignment and student. Who lacks a mark of one is left out.
    """
    whole: dict[int, tuple[Decimal, Decimal, int]] = {}
    for of_assignment in marks.values():
        for student, mark in of_assignment.items():
            points, possible, count = whole.get(student, (Decimal(0), Decimal(0), 0))
            whole[student] = (
                points + mark.points.final,
                possible + mark.possible,
                count + 1,
            )
    return {
        student: float(100 * points / possible)
        for student, (points, possible, count) in whole.items()
        if count == len(marks) and possible
    }
