"""The feedback page: a student's mark question by question, and where it came from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import QuestionKind
from grading.distribution import LEAST, Distribution, distribution
from grading.hidden_names import StudentWords
from grading.mark_points import MarkPoints
from grading.models import GradingRun, RegradeRequest
from grading.pages.badges import Badge
from grading.pages.executed import ExecutedPage, executed_page
from grading.pages.marked_question import (
    MarkedQuestion,
    comments_at_cells,
    marked_question,
)
from grading.pages.notebook_links import (
    NotebookLinks,
    notebook_links,
    numbered_cells,
)
from grading.pages.results import QuestionView, results_view
from grading.points_bar import PointsBar
from grading.services.class_marks import class_shares
from grading.services.feedback import (
    Feedback,
    QuestionFeedback,
    feedback_times,
    load_feedback,
    times_after_release,
)
from grading.services.regrade_requests import AskingTerms, asking_terms
from grading.visible_results import ShownResults
from rendering.notebooks import NotebookUnreadableError

_MARKED = Badge(label="Marked", tone="neutral", icon="users")
_WAITS = Badge(label="Waits for marking by hand", tone="warning", icon="clock")


@dataclass(frozen=True, kw_only=True)
class FeedbackQuestion:
    """A question: its points, checks, what a person gave, and its regrade requests.

    `added` are those of the points that answers to regrade requests added to the mark.
    """

    view: QuestionView
    badge: Badge
    earned: Decimal | None
    marked: MarkedQuestion | None
    added: Decimal = Decimal(0)
    requests: Sequence[RegradeRequest] = ()
    may_ask: bool = False

    @property
    def by_checks(self) -> Decimal:
        """The points that checks gave."""
        return (self.earned or Decimal(0)) - self.added


@dataclass(frozen=True, kw_only=True)
class FeedbackPage:
    """The feedback for one student. `is_preview`: the student does not see it yet.

    A student who is excused has no points, so no questions are shown.
    """

    assignment: Assignment
    course: Course
    student: User
    run: GradingRun | None
    points: MarkPoints
    possible: Decimal
    standing: str
    is_excused: bool
    is_withheld: bool
    shown: ShownResults
    bar: PointsBar
    questions: Sequence[FeedbackQuestion]
    notebook: NotebookLinks | None
    distribution: Distribution | None
    terms: AskingTerms
    is_own: bool
    is_preview: bool

    @property
    def waits(self) -> bool:
        """Whether points are still to be given by hand."""
        return self.bar.by_hand > 0 and not self.is_excused

    @property
    def least_marks(self) -> int:
        """How many marks a class needs for its distribution to be shown."""
        return LEAST


def feedback_page(
    *,
    assignment: Assignment,
    student: User,
    now: dt.datetime,
    is_own: bool,
    notebook_url: str = "",
) -> FeedbackPage | None:
    """Return the page, as the student sees it once the marks are released.

    `notebook_url` leads to the notebook that the page shows, if it is not that of the
    run. None without a mark. The caller has asked `may_see_feedback`.
    """
    own_times = feedback_times(assignment, student, now=now)
    moments = own_times if own_times.is_released else times_after_release(now)
    feedback = load_feedback(assignment, student, moments)
    if feedback is None:
        return None
    mark, run = feedback.mark, feedback.run
    points = mark.points
    terms = asking_terms(assignment, student, now=now)
    notebook = _notebook(run, notebook_url)
    return FeedbackPage(
        assignment=assignment,
        course=assignment.course,
        student=student,
        run=run,
        points=points,
        possible=feedback.shown.points,
        standing=mark.decision.label if mark.decision else "",
        is_excused=mark.is_excused,
        is_withheld=mark.is_withheld,
        shown=feedback.shown,
        bar=feedback.bar,
        questions=()
        if mark.is_excused
        else _questions(
            feedback,
            notebook,
            requests=_requests(assignment, student, is_own=is_own),
            may_ask=is_own and terms.may_ask and run is not None,
        ),
        notebook=notebook,
        distribution=_distribution(assignment, points, feedback, now=now),
        terms=terms,
        is_own=is_own,
        is_preview=not own_times.is_released,
    )


def executed_in_file(page: FeedbackPage) -> ExecutedPage | None:
    """Return the executed notebook with its comments, for the file of the page."""
    if page.run is None or not page.run.executed_sha256:
        return None
    return executed_page(
        page.run, shown=page.shown, comments=comments_at_cells(page.run)
    )


def _notebook(run: GradingRun | None, url: str) -> NotebookLinks | None:
    if run is None:
        return None
    return notebook_links(run, url=url or reverse("grading:executed", args=[run.pk]))


def _cell_numbers(run: GradingRun | None) -> Sequence[int]:
    """Return the numbers of the executed notebook's cells, none if it is unreadable."""
    if run is None or not run.executed_sha256:
        return ()
    try:
        return numbered_cells(run).numbers
    except NotebookUnreadableError:
        return ()


def _questions(
    feedback: Feedback,
    notebook: NotebookLinks | None,
    *,
    requests: Mapping[str, Sequence[RegradeRequest]],
    may_ask: bool,
) -> tuple[FeedbackQuestion, ...]:
    views = results_view(feedback.shown, notebook.questions if notebook else None)
    has_comments = any(
        each.marking and each.marking.cell_comments.all() for each in feedback.questions
    )
    numbers = _cell_numbers(feedback.run) if has_comments else ()
    attempt = feedback.run.work.attempt if feedback.run else None
    return tuple(
        _question(
            view,
            found,
            numbers,
            attempt=attempt,
            requests=requests.get(found.question.key, ()),
            may_ask=may_ask,
        )
        for view, found in zip(views.questions, feedback.questions, strict=True)
    )


def _question(
    view: QuestionView,
    found: QuestionFeedback,
    numbers: Sequence[int],
    *,
    attempt: int | None,
    requests: Sequence[RegradeRequest],
    may_ask: bool,
) -> FeedbackQuestion:
    badge, marked = view.badge, None
    if found.question.kind == QuestionKind.MANUAL:
        badge = _WAITS if found.earned is None else _MARKED
    if found.marking is not None:
        title = found.question.title
        marked = marked_question(
            found.marking, title=title, numbers=numbers, attempt=attempt
        )
    has_open = any(each.is_open for each in requests)
    return FeedbackQuestion(
        view=view,
        badge=badge,
        earned=found.earned,
        marked=marked,
        added=found.added,
        requests=requests,
        may_ask=may_ask and not has_open and found.earned is not None,
    )


def _requests(
    assignment: Assignment, student: User, *, is_own: bool
) -> dict[str, list[RegradeRequest]]:
    """Return the student's requests by the key of the question, the latest first.

    SECURITY: for staff, their reasons are without names while the marking is anonymous.
    """
    hides_names = assignment.marking_is_anonymous and not is_own
    found: dict[str, list[RegradeRequest]] = {}
    rows = RegradeRequest.objects.of_assignment(assignment.pk)
    for row in rows.filter(submission__author=student):
        if hides_names:
            # For the page alone: the row is not stored.
            row.reason = StudentWords.of(student).hidden_in(row.reason)
        found.setdefault(row.key, []).append(row)
    return found


def _distribution(
    assignment: Assignment,
    points: MarkPoints,
    feedback: Feedback,
    *,
    now: dt.datetime,
) -> Distribution | None:
    possible = feedback.shown.points
    has_own = possible and not (feedback.bar.by_hand or feedback.mark.is_excused)
    own = points.final / possible if has_own else None
    return distribution(class_shares(assignment, now=now), own)
