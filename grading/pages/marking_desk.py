"""What one person marks at the moment, and the addresses from there."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from accounts.models import User
from courses.models import Assignment, AssignmentRevision, Rubric
from formats.choices import FileKind
from grading.answer_filter import AnswerFilter
from grading.hidden_names import StudentWords
from grading.models import GradingRun, MarkingAlias
from grading.pages.marking_answers import answers_walked
from grading.pages.marking_cells import NotebookSource
from grading.services.mark_standing import may_decide
from grading.services.marker_scope import MarkerScope, marker_scope
from grading.services.marking import MarkingTarget
from grading.services.marking_attempts import (
    MarkableAttempt,
    item_of_attempt,
    markable_attempts,
)
from grading.services.marking_queue import (
    MarkedQuestion,
    MarkingQueue,
    WorkItem,
    load_marking_queue,
)
from grading.services.student_answers import submitted_notebooks
from submissions.models import Submission, SubmittedFile

BY_STUDENT: Final = "student"


@dataclass(frozen=True, kw_only=True)
class MarkingDesk:
    """A question of a student's attempt, and all that the person may mark.

    `item` is the attempt that is looked at, `counting` the one that counts. Without a
    submission they are the same. `walk` is the filter of the list of answers that the
    person goes through, with its items `walked`; None if they go from unmarked work to
    unmarked work.
    """

    assignment: Assignment
    scope: MarkerScope
    queue: MarkingQueue
    question: MarkedQuestion
    item: WorkItem
    counting: WorkItem
    attempts: tuple[MarkableAttempt, ...]
    student: User
    rubric: Rubric
    submission: Submission | None
    run: GradingRun | None
    by_student: bool
    walk: AnswerFilter | None = None
    walked: tuple[WorkItem, ...] = ()

    @property
    def row(self) -> list[WorkItem]:
        """What the person goes through: the list of answers, or their own work."""
        if self.walk is not None:
            return list(self.walked)
        return self.queue.row(self.item.key, by_student=self.by_student)

    @property
    def answers_url(self) -> str:
        """The address of the list of answers, with its filter if the person walks it."""
        address = reverse("grading:marking-answers", args=[*self._slugs, self.item.key])
        return address + _query(self.walk.query if self.walk else {})

    @property
    def standing_url(self) -> str:
        """The address that excuses the student, or takes that back."""
        return self.url("marking-standing", **self.attempt_query)

    @property
    def may_decide(self) -> bool:
        """Whether the person may excuse the student."""
        return may_decide(self.scope, self.keys, self.item.student)

    @property
    def target(self) -> MarkingTarget:
        """What is stored if the person marks."""
        return MarkingTarget(
            rubric=self.rubric,
            student=self.student,
            submission=self.submission,
            stage=self.item.stage,
        )

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all questions that people mark."""
        return frozenset(each.key for each in self.queue.questions)

    @property
    def revision(self) -> AssignmentRevision | None:
        """The revision by which the work is marked. One query if it has no run."""
        if self.run is not None:
            return self.run.revision
        return self.submission.revision if self.submission else None

    @property
    def is_files_only(self) -> bool:
        """Whether the work has no notebook, so that its files are the answer."""
        revision = self.revision
        return revision is not None and revision.is_files_only

    @property
    def shows_files(self) -> bool:
        """Whether the person may open the files.

        SECURITY: while names are hidden, files beside a notebook are kept, for they may
        say whose they are. Where files are the answer, nobody could mark without them.
        """
        return self.scope.sees_names or self.is_files_only

    @property
    def notebook(self) -> NotebookSource:
        """Where the notebook is stored. One query if its run left none.

        SECURITY: while names are hidden, the student's are taken out of it.
        """
        has_run = self.run is not None and bool(self.run.executed_sha256)
        work = self.item.submission
        stored = {} if has_run else submitted_notebooks([work])
        revision = self.revision
        return NotebookSource(
            run=self.run,
            sha256=stored.get(work, "") if work else "",
            skip_tags=tuple(revision.skip_tags) if revision else (),
            hidden=None if self.scope.sees_names else StudentWords.of(self.student),
            revision=revision,
        )

    @property
    def name(self) -> str:
        """What the page calls the student: by their code while names are hidden."""
        return self.student.name if self.scope.sees_names else self.item.code

    def attempt_fault(self, seen: int | None) -> str:
        """Return why a marking of this attempt is not one of the item; empty if it is.

        A new attempt may have come in since the marker opened the item.
        """
        attempt = self.item.attempt
        if seen == attempt:
            return ""
        if not attempt:
            return "No attempt of this student counts any more."
        return f"Attempt {attempt} is marked now, but you marked another one."

    @property
    def attempt_query(self) -> dict[str, str]:
        """What an address needs to stay at the attempt that is looked at."""
        is_other = self.item.submission != self.counting.submission
        return {"attempt": str(self.item.attempt)} if is_other else {}

    def url(self, name: str = "marking-work", **query: str) -> str:
        """Return an address of this question and student."""
        args = [*self._slugs, self.item.key, self.item.code]
        kept = {**self._query, **query}
        return reverse(f"grading:{name}", args=args) + _query(kept)

    @property
    def overview_url(self) -> str:
        """The address of the overview of marking."""
        return overview_url(self.assignment)

    @property
    def without_work(self) -> int:
        """How many students handed in nothing, of those whom the person may mark."""
        rows = self.queue.of_question(self.item.key)
        return sum(each.submission is None for each in rows)

    @property
    def nothing_url(self) -> str:
        """The address of the list of students who handed in nothing."""
        return reverse("grading:marking-nothing", args=[*self._slugs, self.item.key])

    @property
    def comments_url(self) -> str:
        """The address of the page that changes the saved comments of the question."""
        return reverse("grading:marking-comments", args=[*self._slugs, self.item.key])

    @property
    def form_url(self) -> str:
        """Where the form is sent: to the attempt that is looked at."""
        return self.url(**self.attempt_query)

    @property
    def compare_url(self) -> str:
        """The address of the page with like answers, where no script loads them."""
        return self.url(**self.attempt_query, like="1")

    @property
    def like_url(self) -> str:
        """The address of the like answers alone, empty without an answer."""
        if self.submission is None:
            return ""
        return self.url("marking-like", **self.attempt_query)

    def file_url(self, name: str, *, shown: bool = False) -> str:
        """Return where a file of the attempt is downloaded, or shown in the page."""
        args = [*self._slugs, self.item.key, self.item.code, name]
        view = "grading:marking-file-shown" if shown else "grading:marking-file"
        return reverse(view, args=args) + _query(self.attempt_query)

    @property
    def presence_url(self) -> str:
        """The address that is told that the person is there."""
        return self.url("marking-presence", **self.attempt_query)

    @property
    def question_order_url(self) -> str:
        """The address of the same work, marked question by question."""
        return replace(self, by_student=False, walk=None).form_url

    @property
    def student_order_url(self) -> str:
        """The address of the same work, marked student by student."""
        return replace(self, by_student=True, walk=None).form_url

    def take_url(self, marking: int) -> str:
        """Return the address that fills the form with an earlier marking."""
        return self.url(**self.attempt_query, take=str(marking))

    def url_of(self, item: WorkItem) -> str:
        """Return the address of another item, in the same order."""
        args = [*self._slugs, item.key, item.code]
        return reverse("grading:marking-work", args=args) + _query(self._query)

    @property
    def _slugs(self) -> list[str]:
        return [self.assignment.course.slug, self.assignment.slug]

    @property
    def _query(self) -> dict[str, str]:
        if self.walk is not None:
            return self.walk.walking_query
        return {"by": BY_STUDENT} if self.by_student else {}

    @property
    def kept_query(self) -> str:
        """The beginning of a query that stays in the same order."""
        return f"{urlencode(self._query)}&" if self._query else ""


def files_beside(desk: MarkingDesk) -> list[SubmittedFile]:
    """Return the files that were handed in with the notebook. One query."""
    if desk.submission is None:
        return []
    return list(desk.submission.files.exclude(kind=FileKind.NOTEBOOK))


def overview_url(assignment: Assignment) -> str:
    """Return the address of the overview of an assignment's marking."""
    args = [assignment.course.slug, assignment.slug]
    try:
        return reverse("grading:marking", args=args)
    except NoReverseMatch:
        return reverse("grading:assignment-staff", args=args)


def _query(values: dict[str, str]) -> str:
    return f"?{urlencode(values)}" if values else ""


class NoSuchWorkError(Exception):
    """There is no such work, or it is not the person's to mark."""


def load_desk(
    user: User,
    assignment: Assignment,
    key: str,
    code: str,
    *,
    attempt: str = "",
    by_student: bool = False,
    walk: AnswerFilter | None = None,
) -> MarkingDesk:
    """Load a question of the student with this code, for somebody who marks it.

    `attempt` is the number of an attempt, or empty for the one that counts. `walk` is
    the filter of the list of answers that they go through. Raises NoSuchWorkError.
    """
    scope = marker_scope(user, assignment)
    queue = load_marking_queue(assignment, scope, key="" if by_student else key)
    question = queue.question(key)
    aliases = MarkingAlias.objects.select_related("student")
    alias = aliases.filter(assignment=assignment, code=code).first()
    counting = queue.find(key, alias.student_id) if alias else None
    if question is None or alias is None or counting is None:
        raise NoSuchWorkError
    attempts = tuple(markable_attempts(assignment, counting))
    item = _chosen(attempt, question, counting, attempts)
    run = _run(item, assignment)
    return MarkingDesk(
        assignment=assignment,
        scope=scope,
        queue=queue,
        question=question,
        item=item,
        counting=counting,
        attempts=attempts,
        student=alias.student,
        rubric=_rubric(item, assignment),
        submission=_submission(item, alias.student, run),
        run=run,
        by_student=by_student,
        walk=walk,
        walked=answers_walked(assignment, queue, scope, chosen=walk, at=counting)
        if walk
        else (),
    )


def _chosen(
    number: str,
    question: MarkedQuestion,
    counting: WorkItem,
    attempts: tuple[MarkableAttempt, ...],
) -> WorkItem:
    """Return the item of the attempt that is asked for, or of the one that counts."""
    if not number:
        return counting
    attempt = next((each for each in attempts if str(each.number) == number), None)
    if attempt is None:
        raise NoSuchWorkError
    if attempt.counts:
        return counting
    found = item_of_attempt(question, counting, attempt)
    if found is None:
        raise NoSuchWorkError
    return found


def _rubric(item: WorkItem, assignment: Assignment) -> Rubric:
    found = Rubric.objects.prefetch_related("groups__items").get(pk=item.rubric)
    found.assignment = assignment
    return found


def _submission(
    item: WorkItem, student: User, run: GradingRun | None
) -> Submission | None:
    """Return the attempt. No query if it has a run."""
    if item.submission is None:
        return None
    found = run.work if run else Submission.objects.get(pk=item.submission)
    found.author = student
    return found


def _run(item: WorkItem, assignment: Assignment) -> GradingRun | None:
    if item.run is None:
        return None
    rows = GradingRun.objects.select_related("submission", "revision")
    found = rows.prefetch_related("results", "revision__questions").get(pk=item.run)
    found.work.assignment = assignment
    return found
