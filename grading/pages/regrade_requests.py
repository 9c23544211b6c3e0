"""The regrade requests of an assignment, as staff see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts.models import User
from courses.models import Assignment, Question
from grading.hidden_names import StudentWords
from grading.models import RegradeRequest
from grading.services.aliases import codes_of
from grading.services.marker_scope import MarkerScope

# Requests that are answered or withdrawn, the latest first.
SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class RegradeRow:
    """A request, its question's title, and the student's name or code.

    `reason` is without the student's names while the marking is anonymous.
    """

    row: RegradeRequest
    question: str
    student: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RegradeRequestsPage:
    """The requests that a person may read: open ones, the oldest first; others.

    Who may answer none reads all words of them in the list.
    """

    open: Sequence[RegradeRow]
    closed: Sequence[RegradeRow]
    state: str
    sees_names: bool
    may_answer: bool


def regrade_requests_page(
    *, user: User, assignment: Assignment, scope: MarkerScope, state: str = ""
) -> RegradeRequestsPage:
    """Return the requests of the assignment. `state` leaves only those of a state."""
    rows = (
        RegradeRequest.objects.visible_to(user)
        .of_assignment(assignment.pk)
        .select_related("submission__author", "answered_by")
    )
    known = state if state in RegradeRequest.State else ""
    if known:
        rows = rows.filter(state=known)
    opened = rows.open().order_by("made_at", "pk")
    closed = rows.exclude(state=RegradeRequest.State.OPEN)[:SHOWN]
    found = regrade_rows(assignment, [*opened, *closed], scope)
    return RegradeRequestsPage(
        open=[each for each in found if each.row.is_open],
        closed=[each for each in found if not each.row.is_open],
        state=known,
        sees_names=scope.sees_names,
        may_answer=scope.may_mark,
    )


def regrade_rows(
    assignment: Assignment, rows: Iterable[RegradeRequest], scope: MarkerScope
) -> list[RegradeRow]:
    """Return the requests with the titles of their questions and their students.

    SECURITY: while the marking is anonymous, a code stands for the name.
    """
    found = list(rows)
    codes = codes_of(assignment, {row.submission.author_id for row in found})
    titles = _titles(assignment)
    return [
        RegradeRow(
            row=row,
            question=titles.get(row.key, row.key),
            student=(
                row.submission.author.name
                if scope.sees_names
                else codes[row.submission.author_id]
            ),
            code=codes[row.submission.author_id],
            reason=(
                row.reason
                if scope.sees_names
                else StudentWords.of(row.submission.author).hidden_in(row.reason)
            ),
        )
        for row in found
    ]


def _titles(assignment: Assignment) -> dict[str, str]:
    """Return the titles of questions by their keys, those of later revisions first."""
    questions = Question.objects.filter(revision__assignment=assignment)
    return dict(questions.order_by("revision__number").values_list("key", "title"))
