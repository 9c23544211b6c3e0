"""What a person may mark in an assignment, and in which order it comes to them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Max, Value

from courses.models import Assignment, Enrolment, Question
from formats.choices import Counting
from grading.models import GradingRun, Mark, Marking, Stage
from grading.services.aliases import codes_of
from grading.services.counting import counting_rows, points_of_revisions
from grading.services.hand_points import load_hand_points
from grading.services.marker_scope import MarkerScope
from grading.states import TERMINAL
from submissions.models import Submission

_Marked = dict[tuple[int, UUID | int, str], tuple[int, bool]]


@dataclass(frozen=True, kw_only=True)
class MarkedQuestion:
    """A question that people mark. `rubrics` are its rubrics by their revisions."""

    key: str
    title: str
    rubrics: Mapping[int, int]


class WorkItem(NamedTuple):
    """A question of a student's attempt, for one marker.

    `submission` is None for a student who handed in nothing. `run` stands for the
    attempt, if it has any. `version` is that of the marking, 0 if there is none.
    `latest` is the student's latest attempt, which does not count if it is above
    `attempt`. While `is_running`, the only run of the work has not ended. Of a student
    who `is_excused`, nothing counts and nothing is to be marked.
    """

    key: str
    student: int
    code: str
    stage: Stage
    rubric: int
    revision: int
    submission: UUID | None
    run: UUID | None
    attempt: int
    latest: int
    version: int
    is_finished: bool
    is_running: bool
    is_excused: bool = False

    @property
    def is_to_mark(self) -> bool:
        """Whether the marker has this still to do."""
        is_decided = self.is_finished or self.is_excused
        return not (is_decided or self.is_running or self.submission is None)


@dataclass(frozen=True, kw_only=True)
class MarkingQueue:
    """All that one person may mark, by question and then by code.

    `own` are the items that are allocated to the person, or all if none are.
    """

    questions: tuple[MarkedQuestion, ...]
    items: tuple[WorkItem, ...]
    own: tuple[WorkItem, ...] = field(repr=False)

    def question(self, key: str) -> MarkedQuestion | None:
        """Return the question with this key, if people mark it."""
        return next((each for each in self.questions if each.key == key), None)

    def find(self, key: str, student: int) -> WorkItem | None:
        """Return the item of this question and student, if the person may mark it."""
        return next(
            (each for each in self.items if (each.key, each.student) == (key, student)),
            None,
        )

    def of_question(self, key: str) -> list[WorkItem]:
        """Return the items of one question."""
        return [each for each in self.items if each.key == key]

    def row(self, key: str, *, by_student: bool) -> list[WorkItem]:
        """Return what is marked one after the other: a question, or everything.

        By student, all questions of one student come before those of the next.
        """
        handed_in = [each for each in self.own if each.submission is not None]
        if not by_student:
            return [each for each in handed_in if each.key == key]
        # Sorting keeps the order of the questions of each student.
        return sorted(handed_in, key=lambda each: each.code)


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Where a marker goes from an item: to what is unmarked, or simply on and back."""

    next_to_mark: WorkItem | None = None
    previous_to_mark: WorkItem | None = None
    following: WorkItem | None = None
    preceding: WorkItem | None = None


def neighbours(
    row: list[WorkItem],
    *,
    key: str,
    student: int | None,
    busy: Iterable[tuple[str, int]] = (),
) -> Neighbours:
    """Return the neighbours of an item in the row, which may be no part of it.

    Behind the last one comes the first. Items that others are marking, which are in
    `busy` as key and student, come only if nothing else is left.
    """
    at = next(
        (n for n, each in enumerate(row) if (each.key, each.student) == (key, student)),
        -1,
    )
    others = [*row[at + 1 :], *row[: max(at, 0)]]
    taken = set(busy)
    return Neighbours(
        next_to_mark=_first_to_mark(others, taken),
        previous_to_mark=_first_to_mark(others[::-1], taken),
        following=row[at + 1] if at + 1 < len(row) else None,
        preceding=row[at - 1] if at > 0 else None,
    )


def _first_to_mark(
    items: list[WorkItem], taken: set[tuple[str, int]]
) -> WorkItem | None:
    to_mark = [each for each in items if each.is_to_mark]
    free = (
        each
        for each in to_mark
        # Whoever makes a second marking is in nobody's way.
        if each.stage == Stage.SECOND or (each.key, each.student) not in taken
    )
    return next(free, to_mark[0] if to_mark else None)


def load_marking_queue(
    assignment: Assignment, scope: MarkerScope, *, key: str = ""
) -> MarkingQueue:
    """Return what the person may mark: of one question, or of all.

    The number of queries does not grow with the course: eight, and six more where the
    best attempt counts.

    SECURITY: while names are hidden, the order must tell nothing: it is by code.
    """
    questions = tuple(_questions(assignment))
    if not questions or not scope.may_mark:
        return MarkingQueue(questions=questions, items=(), own=())
    enrolled, excused = _students(assignment)
    works = _works(assignment, enrolled)
    codes = codes_of(assignment, works)
    coded = [work._replace(code=codes[student]) for student, work in works.items()]
    coded.sort(key=lambda work: work.code)
    marked = _marked(each for each in questions if key in (each.key, ""))
    items = tuple(
        item._replace(is_excused=item.student in excused)
        for question in questions
        if key in (question.key, "")
        for work in coded
        if (item := _item(question, work, scope, marked))
    )
    own = tuple(
        each for each in items if scope.is_given(each.key, each.student, each.stage)
    )
    return MarkingQueue(
        questions=questions, items=items, own=own if scope.given else items
    )


def stage_of(scope: MarkerScope, key: str, student: int) -> Stage | None:
    """Return which marking of this question the person makes, or None if they may not.

    Whoever is given the second marking makes no first one, and sees none.
    """
    if scope.includes(key, student, Stage.SECOND):
        return Stage.SECOND
    return Stage.FIRST if scope.includes(key, student) else None


def _questions(assignment: Assignment) -> Iterator[MarkedQuestion]:
    """Yield the questions that people mark, in the order of the latest revisions."""
    rows: Any = (
        Question.objects.filter(revision__assignment=assignment, rubric__isnull=False)
        .order_by("-revision__number", "position", "pk")
        .values_list("key", "title", "revision", "rubric")
    )
    titles: dict[str, str] = {}
    rubrics: dict[str, dict[int, int]] = defaultdict(dict)
    for key, title, revision, rubric in rows:
        titles.setdefault(key, title)
        rubrics[key][revision] = rubric
    for key, title in titles.items():
        yield MarkedQuestion(key=key, title=title, rubrics=rubrics[key])


class _Counting(NamedTuple):
    """The attempt of a student that counts, by its run."""

    submission: UUID | None
    run: UUID | None
    revision: int | None
    attempt: int | None


class _Work(NamedTuple):
    """What of a student's work is marked."""

    student: int
    submission: UUID | None
    run: UUID | None
    revision: int | None
    attempt: int = 0
    latest: int = 0
    is_running: bool = False
    code: str = ""


def _works(assignment: Assignment, enrolled: Iterable[int]) -> dict[int, _Work]:
    """Return the attempt that counts of everybody, or else their latest one.

    Students who handed in nothing have none.
    """
    counting = _counting(assignment)
    latest = _latest(assignment)
    others = _latest_work(assignment, latest.keys() - counting)
    works = {
        student: _Work(student, None, None, assignment.revision_id)
        for student in enrolled
    }
    for student, attempt in latest.items():
        row = counting.get(student)
        if row is None:
            works[student] = others[student]
        else:
            works[student] = _Work(
                student,
                row.submission,
                row.run,
                row.revision,
                row.attempt or 0,
                attempt,
            )
    return works


def _counting(assignment: Assignment) -> dict[int, _Counting]:
    """Return what counts for each student, of those for whom something does.

    Late penalties and points are compared only where the best attempt counts.
    """
    if assignment.counting != Counting.BEST:
        runs = GradingRun.objects.counting().of_assignment(assignment).order_by()
        names = ("submission", "pk", "revision", "submission__attempt")
        found: Any = runs.values_list("submission__author", *names)
        return {student: _Counting(*row) for student, *row in found}
    rows = counting_rows(
        assignment,
        possible=points_of_revisions([assignment]),
        marked=load_hand_points([assignment.pk]),
    )
    return {
        student: _Counting(row.submission_id, row.run_id, row.revision_id, row.attempt)
        for student, row in rows.items()
    }


def _latest(assignment: Assignment) -> dict[int, int]:
    """Return the number of each author's latest attempt.

    Served by submission_attempt_unique.
    """
    rows = Submission.objects.filter(assignment=assignment).order_by()
    return dict(rows.values_list("author").annotate(latest=Max("attempt")))


def _latest_work(assignment: Assignment, students: Iterable[int]) -> dict[int, _Work]:
    """Return the latest attempts of students of whom none counts, with their runs."""
    wanted = set(students)
    if not wanted:
        return {}
    rows = Submission.objects.filter(assignment=assignment, author__in=wanted)
    # Of each author, the last one stays.
    latest = {
        author: (submission, revision, attempt)
        for author, submission, revision, attempt in rows.order_by(
            "attempt"
        ).values_list("author", "pk", "revision", "attempt")
    }
    submissions = {submission for submission, _, _ in latest.values()}
    found = GradingRun.objects.latest_of_attempts().filter(submission__in=submissions)
    runs = {
        submission: (run, state not in TERMINAL)
        for submission, run, state in found.order_by().values_list(
            "submission", "pk", "state"
        )
    }
    works = {}
    for author, (submission, revision, attempt) in latest.items():
        run, is_running = runs.get(submission, (None, False))
        works[author] = _Work(
            author, submission, run, revision, attempt, attempt, is_running
        )
    return works


def _students(assignment: Assignment) -> tuple[set[int], set[int]]:
    """Return who is enrolled as a student, and who is excused. One query."""
    students = Enrolment.objects.active().students()
    enrolled: Any = students.filter(course=assignment.course_id).order_by()
    excused: Any = Mark.objects.excused().filter(assignment=assignment).order_by()
    rows = list(
        enrolled.annotate(is_excused=Value(value=False))
        .values_list("user", "is_excused")
        .union(
            excused.annotate(is_excused=Value(value=True)).values_list(
                "student", "is_excused"
            ),
            all=True,
        )
    )
    return (
        {student for student, is_excused in rows if not is_excused},
        {student for student, is_excused in rows if is_excused},
    )


def _marked(questions: Iterable[MarkedQuestion]) -> _Marked:
    """Return version and end of each marking by rubric, work and stage."""
    rubrics = {key for question in questions for key in question.rubrics.values()}
    rows: Any = Marking.objects.filter(rubric__in=rubrics).order_by()
    names = ("rubric", "submission", "student", "stage", "version", "is_finished")
    return {
        (rubric, student if work is None else work, stage): (version, is_finished)
        for rubric, work, student, stage, version, is_finished in rows.values_list(
            *names
        )
    }


_UNMARKED: Final = (0, False)


def _item(
    question: MarkedQuestion, work: _Work, scope: MarkerScope, marked: _Marked
) -> WorkItem | None:
    rubric = question.rubrics.get(work.revision or 0)
    stage = stage_of(scope, question.key, work.student) if rubric else None
    if rubric is None or stage is None or work.revision is None:
        return None
    owner = work.student if work.submission is None else work.submission
    version, is_finished = marked.get((rubric, owner, stage.value), _UNMARKED)
    return WorkItem(
        key=question.key,
        student=work.student,
        code=work.code,
        stage=stage,
        rubric=rubric,
        revision=work.revision,
        submission=work.submission,
        run=work.run,
        attempt=work.attempt,
        latest=work.latest,
        version=version,
        is_finished=is_finished,
        is_running=work.is_running,
    )
