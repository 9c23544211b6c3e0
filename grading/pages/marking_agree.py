"""Answers whose first and second markings differ, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from courses.models import Assignment, Question
from grading.models import Marking, Stage
from grading.services.agreement import Disagreement, disagreements
from grading.services.aliases import codes_of
from grading.services.marker_scope import MarkerScope


@dataclass(frozen=True, kw_only=True)
class ChosenItem:
    """An item of the rubric that a marker chose."""

    text: str
    points: Decimal


@dataclass(frozen=True, kw_only=True)
class ShownMarking:
    """One of the two markings, with its words."""

    stage: Stage
    marker: str
    points: Decimal
    items: tuple[ChosenItem, ...]
    adjustment: Decimal
    comment: str
    cell_comments: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class AgreeRow:
    """An answer with its two markings. `whose` is a name, or a code without names."""

    found: Disagreement
    question: str
    code: str
    whose: str
    attempt: int | None
    markings: tuple[ShownMarking, ...]
    possible: Decimal

    @property
    def anchor(self) -> str:
        """The name of the row in the page."""
        return f"{self.found.rubric.key}-{self.code}-{self.attempt or 0}"

    @property
    def back_label(self) -> str:
        """What the button that takes the agreed marking back says in full."""
        return f"Take back the agreed marking of {self.whose}, {self.question}"


@dataclass(frozen=True, kw_only=True)
class MarkingAgreePage:
    """Answers to agree on, and those on which people agreed."""

    waiting: tuple[AgreeRow, ...]
    agreed: tuple[AgreeRow, ...]
    sees_names: bool

    def find(self, rubric: str, code: str, attempt: str) -> AgreeRow | None:
        """Return the row by the rubric's id, the student's code and the attempt.

        The attempt is 0 for a student who handed in nothing.
        """
        rows = (*self.waiting, *self.agreed)
        return next(
            (
                row
                for row in rows
                if (str(row.found.rubric.pk), row.code, str(row.attempt or 0))
                == (rubric, code, attempt)
            ),
            None,
        )


def marking_agree_page(
    *, assignment: Assignment, scope: MarkerScope
) -> MarkingAgreePage:
    """Return the answers that the person may agree on.

    The number of queries does not grow with the answers.

    SECURITY: a marker sees the other marking only once both are finished. While names
    are hidden, rows are in the order of the codes.
    """
    rows = sorted(
        _rows(assignment, disagreements(assignment, scope), scope),
        key=lambda row: (row.question, row.code),
    )
    return MarkingAgreePage(
        waiting=tuple(row for row in rows if not row.found.is_agreed),
        agreed=tuple(row for row in rows if row.found.is_agreed),
        sees_names=scope.sees_names,
    )


def _rows(
    assignment: Assignment, rows: Sequence[Disagreement], scope: MarkerScope
) -> Iterator[AgreeRow]:
    codes = codes_of(assignment, {row.student.pk for row in rows}) if rows else {}
    titles = _titles(assignment)
    for row in rows:
        code = codes[row.student.pk]
        submission = row.first.submission
        yield AgreeRow(
            found=row,
            question=titles.get(row.rubric.key, row.rubric.key),
            code=code,
            whose=row.student.name if scope.sees_names else code,
            attempt=submission.attempt if submission else None,
            markings=(_shown(row.first), _shown(row.second)),
            possible=row.rubric.points,
        )


def _titles(assignment: Assignment) -> dict[str, str]:
    """Return the titles of questions by their keys, as the latest revision has them."""
    rows = Question.objects.filter(
        revision__assignment=assignment, rubric__isnull=False
    ).order_by("revision__number")
    return dict(rows.values_list("key", "title"))


def _shown(row: Marking) -> ShownMarking:
    return ShownMarking(
        stage=Stage(row.stage),
        marker=row.marker.name if row.marker else "",
        points=row.points,
        items=tuple(
            ChosenItem(text=item.text, points=item.points) for item in row.chosen_items
        ),
        adjustment=row.adjustment,
        comment=row.comment,
        cell_comments=tuple((each.cell, each.text) for each in row.cell_comments.all()),
    )
