"""The page of students who handed in nothing, and what is decided for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark, Standing
from grading.services.marker_scope import MarkerScope
from grading.services.marking_queue import MarkedQuestion, MarkingQueue, WorkItem


@dataclass(frozen=True, kw_only=True)
class NothingRow:
    """A student without work: their code, and what staff have decided.

    `name` is empty while names are hidden. The student `is_chosen` in the form as it was
    sent.
    """

    item: WorkItem
    name: str
    standing: str
    is_chosen: bool = False

    @property
    def words(self) -> str:
        """What is decided, or that nothing is."""
        if self.item.is_excused:
            return Standing.EXCUSED.label
        if self.item.is_finished:
            return "Marked"
        return Standing(self.standing).label if self.standing else "Not decided"

    @property
    def is_undecided(self) -> bool:
        """Whether nothing is decided, and nobody has marked the question."""
        return not (self.item.is_excused or self.item.is_finished or self.standing)


@dataclass(frozen=True, kw_only=True)
class MarkingNothingPage:
    """The students who handed in nothing, of those whom the person may mark."""

    question: MarkedQuestion
    rows: Sequence[NothingRow]
    choices: Sequence[tuple[str, str]]

    @property
    def undecided(self) -> int:
        """How many students nothing is decided for."""
        return sum(row.is_undecided for row in self.rows)


def marking_nothing_page(
    assignment: Assignment,
    question: MarkedQuestion,
    queue: MarkingQueue,
    scope: MarkerScope,
    chosen: Collection[str] = (),
) -> MarkingNothingPage:
    """Return the page. Two queries, whatever the number of students.

    `chosen` are the codes that were chosen. Rows are in the order of the names.
    SECURITY: while names are hidden, rows are in the order of the codes.
    """
    items = items_without_work(queue, question.key)
    students = [each.student for each in items]
    standings = dict(
        Mark.objects.filter(assignment=assignment, student__in=students)
        .order_by()
        .values_list("student", "standing")
    )
    names = (
        {user.pk: user.name for user in User.objects.filter(pk__in=students)}
        if scope.sees_names
        else {}
    )
    rows = [
        NothingRow(
            item=each,
            name=names.get(each.student, ""),
            standing=standings.get(each.student, ""),
            is_chosen=each.code in chosen,
        )
        for each in items
    ]
    # Items are in the order of their codes, which stays where there are no names.
    rows.sort(key=lambda row: row.name.casefold())
    return MarkingNothingPage(
        question=question, rows=rows, choices=[*Standing.choices, ("", "Not decided")]
    )


def items_without_work(queue: MarkingQueue, key: str) -> list[WorkItem]:
    """Return the items of students who handed in nothing."""
    return [each for each in queue.of_question(key) if each.submission is None]
