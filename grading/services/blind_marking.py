"""What a second marker must not know before giving their own marking, and its words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from accounts.models import User
from courses.models import Rubric
from grading.models import RegradeRequest
from grading.querysets.hidden_markings import markings_hidden_from

RowT = TypeVar("RowT")
# Why a page of work is closed to a second marker.
SECOND_MARKER_WORDS: Final = (
    "You are a second marker here, and have not finished your second markings. Until "
    "then you see work on the marking pages alone: submissions, runs, files and marks "
    "would tell you what the first markers gave."
)


def hidden_answers(
    user: User, assignments: Iterable[int]
) -> frozenset[tuple[int, int, str]]:
    """Return the answers whose first marking is hidden from the person. One query.

    They are the ids of the assignment and the student, and the key of the question.
    """
    rows: Any = markings_hidden_from(user).filter(
        rubric__assignment__in=set(assignments)
    )
    return frozenset(rows.values_list("rubric__assignment", "student", "rubric__key"))


@dataclass(frozen=True, kw_only=True)
class KnownRows(Generic[RowT]):
    """Rows with marks that a person may know.

    `leaves_out` says that rows of some students are never among them, since the person
    gives a second marking. SECURITY: it does not depend on the rows. How many of them
    are left out would tell whether a change of settings changes a hidden mark, and so,
    change by change, what it is.
    """

    rows: tuple[RowT, ...]
    leaves_out: bool = False

    def __len__(self) -> int:
        return len(self.rows)


def known_marks(user: User, marks: Iterable[RowT]) -> KnownRows[RowT]:
    """Return the marks, or previews of marks, that the person may know. One query.

    A mark with a hidden first marking is left out: with the points of the checks, it
    would tell what the first marker gave.
    """
    answers: Any = markings_hidden_from(user)
    hidden = set(answers.values_list("rubric__assignment", "student"))
    rows = tuple(each for each in marks if _owner(each) not in hidden)
    return KnownRows(rows=rows, leaves_out=bool(hidden))


def _owner(mark: Any) -> tuple[int, int]:
    """Return the ids of the assignment and the student of a mark or of its preview."""
    # A row of the page with a preview in it.
    mark = getattr(mark, "mark", None) or mark
    if hasattr(mark, "student_id"):
        return mark.assignment_id, mark.student_id
    return mark.assignment.pk, mark.student.pk


def is_blind_at(user: User, rubric: Rubric) -> bool:
    """Return whether first markings by the rubric are hidden from the person. One query."""
    return markings_hidden_from(user).filter(rubric=rubric).exists()


def may_know_request(user: User, row: RegradeRequest) -> bool:
    """Return whether the person may know the points of a request's question. One query."""
    submission = row.submission
    answers = hidden_answers(user, [submission.assignment_id])
    return (submission.assignment_id, submission.author_id, row.key) not in answers
