"""The list of all answers to a question, to find one and to go through them in order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.answer_filter import (
    BY_NAME,
    NOBODY,
    ORDERS,
    AnswerFilter,
    FilteredAnswer,
)
from grading.services.answer_list import AnswerState, ListedAnswer, load_answers
from grading.services.marker_scope import MarkerScope
from grading.services.marking_queue import MarkedQuestion, MarkingQueue, WorkItem

_PER_PAGE: Final = 50
_TONES: Final = {
    AnswerState.WAITING: "neutral",
    AnswerState.DRAFT: "warning",
    AnswerState.MARKED: "success",
    AnswerState.DIFFERS: "danger",
    AnswerState.AGREED: "success",
    AnswerState.RUNNING: "neutral",
    AnswerState.EXCUSED: "accent",
}


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """An answer with its address on the marking page, and the names of its markers."""

    answer: ListedAnswer
    url: str
    marker: str
    second: str

    @property
    def tone(self) -> str:
        """The tone of the badge of its state."""
        return _TONES[self.answer.state]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option above the list. `count` is how many answers it has, None without one."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class MarkingAnswersPage:
    """A page of the list, and what can be chosen above it."""

    question: MarkedQuestion
    filter: AnswerFilter
    page: Page[FilteredAnswer]
    rows: Sequence[AnswerRow]
    total: int
    states: Sequence[Choice]
    markers: Sequence[Choice]
    orders: Sequence[Choice]
    sees_names: bool
    names_second: bool
    lists_markers: bool


def answers_walked(
    assignment: Assignment,
    queue: MarkingQueue,
    scope: MarkerScope,
    *,
    chosen: AnswerFilter,
    at: WorkItem,
) -> tuple[WorkItem, ...]:
    """Return the items of the list in its order, with the one where somebody is."""
    items = {each.student: each for each in queue.of_question(at.key)}
    answers = load_answers(assignment, queue, scope, at.key)
    filtered = [_filtered(each) for each in answers]
    if at.student not in {each.student for each in filtered}:
        here = ListedAnswer(item=at, state=AnswerState.WAITING)
        filtered.append(_filtered(here))
    return tuple(
        items[each.student] for each in chosen.chosen(filtered, keep=at.student)
    )


def marking_answers_page(
    *,
    assignment: Assignment,
    question: MarkedQuestion,
    queue: MarkingQueue,
    scope: MarkerScope,
    chosen: AnswerFilter,
    page: str,
) -> MarkingAnswersPage:
    """Return the page in a number of queries that does not grow with the answers.

    SECURITY: while names are hidden, nothing but the code finds or orders an answer.
    """
    answers = load_answers(assignment, queue, scope, question.key)
    by_student = {each.item.student: each for each in answers}
    filtered = chosen.chosen(map(_filtered, answers))
    shown: Page[FilteredAnswer] = Paginator(filtered, _PER_PAGE).get_page(page)
    names = _names(answers)
    rows = [
        _row(assignment, by_student[each.student], names, chosen)
        for each in shown.object_list
    ]
    return MarkingAnswersPage(
        question=question,
        filter=chosen,
        page=shown,
        rows=rows,
        total=len(answers),
        states=_states(answers, chosen),
        markers=_markers(answers, names, chosen),
        orders=[
            Choice(value=value, label=label, is_chosen=value == chosen.order)
            for value, label in ORDERS
            if scope.sees_names or value != BY_NAME
        ],
        sees_names=scope.sees_names,
        names_second=any(each.second for each in answers),
        lists_markers=any(each.marker for each in answers),
    )


def _filtered(answer: ListedAnswer) -> FilteredAnswer:
    item = answer.item
    return FilteredAnswer(
        student=item.student,
        code=item.code,
        name=answer.name.casefold(),
        words=f"{item.code} {answer.name} {answer.login}".casefold(),
        state=answer.state.value,
        marker=answer.marker,
        points=None if answer.points is None else float(answer.points),
    )


def _names(answers: Iterable[ListedAnswer]) -> dict[int, str]:
    """Return the names of all markers by their ids. One query."""
    wanted = {who for each in answers for who in (each.marker, each.second) if who}
    return {user.pk: user.name for user in User.objects.filter(pk__in=wanted)}


def _row(
    assignment: Assignment,
    answer: ListedAnswer,
    names: dict[int, str],
    chosen: AnswerFilter,
) -> AnswerRow:
    item = answer.item
    args = [assignment.course.slug, assignment.slug, item.key, item.code]
    return AnswerRow(
        answer=answer,
        url=f"{reverse('grading:marking-work', args=args)}"
        f"?{urlencode(chosen.walking_query)}",
        marker=names.get(answer.marker or 0, ""),
        second=names.get(answer.second or 0, ""),
    )


def _states(answers: Iterable[ListedAnswer], chosen: AnswerFilter) -> list[Choice]:
    counts = Counter(each.state.value for each in answers)
    return [
        Choice(
            value=state.value,
            label=str(state.label),
            is_chosen=state.value == chosen.state,
            count=counts[state.value],
        )
        for state in AnswerState
        if counts[state.value] or state.value == chosen.state
    ]


def _markers(
    answers: Iterable[ListedAnswer], names: dict[int, str], chosen: AnswerFilter
) -> list[Choice]:
    counts = Counter(
        NOBODY if each.marker is None else str(each.marker) for each in answers
    )
    labels = {
        **{
            str(pk): name
            for pk, name in sorted(names.items(), key=lambda row: row[1].casefold())
        },
        NOBODY: "Nobody",
    }
    return [
        Choice(
            value=value,
            label=label,
            is_chosen=value == chosen.marker,
            count=counts[value],
        )
        for value, label in labels.items()
        if counts[value] or value == chosen.marker
    ]
