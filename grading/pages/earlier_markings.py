"""Markings of a student's earlier attempts, or by an earlier rubric, to take over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grading.forms.marking_work import TypedMarking
from grading.models import Marking
from grading.pages.marking_desk import MarkingDesk
from grading.services.marking import taken_over

# How many earlier markings are shown.
_MOST_EARLIER: Final = 3


@dataclass(frozen=True, kw_only=True)
class EarlierMarking:
    """A marking of an earlier attempt or rubric, and what it would give here."""

    marking: Marking
    would_give: TypedMarking
    is_whole: bool
    take_url: str

    @property
    def where(self) -> str:
        """Which work was marked."""
        work = self.marking.submission
        return f"attempt {work.attempt}" if work else "work that was not handed in"


def earlier_markings(
    markings: Sequence[Marking], desk: MarkingDesk
) -> Sequence[EarlierMarking]:
    """Return the finished markings of other attempts or rubrics, the latest first."""
    item = desk.item
    others = [
        each
        for each in markings
        if each.is_finished
        and (each.submission_id, each.rubric_id) != (item.submission, item.rubric)
    ]
    return [_earlier(each, desk) for each in others[:_MOST_EARLIER]]


def _earlier(marking: Marking, desk: MarkingDesk) -> EarlierMarking:
    given = taken_over(marking, desk.rubric)
    return EarlierMarking(
        marking=marking,
        would_give=TypedMarking().with_given(given),
        is_whole=given.is_finished,
        take_url=desk.take_url(marking.pk),
    )
