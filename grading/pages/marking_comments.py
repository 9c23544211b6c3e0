"""The page of the comments that are offered again to markers of a question."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from courses.models import Assignment, Question
from grading.services.marker_scope import MarkerScope
from grading.services.saved_comments import comments_to_manage, times_used


@dataclass(frozen=True, kw_only=True)
class SavedWords:
    """The words of a saved comment, and how often they were used."""

    text: str
    used: int
    number: int


@dataclass(frozen=True, kw_only=True)
class MarkingCommentsPage:
    """The saved comments of a question that the person may use."""

    key: str
    title: str
    rows: Sequence[SavedWords]


def marking_comments_page(
    *, assignment: Assignment, key: str, scope: MarkerScope, viewer: User
) -> MarkingCommentsPage | None:
    """Return the page, or None if there is no such question for the person to mark."""
    titles = Question.objects.filter(
        revision__assignment=assignment, rubric__isnull=False, key=key
    ).order_by("-revision__number")
    title = titles.values_list("title", flat=True).first()
    if title is None or not scope.may_mark_some_of(key):
        return None
    rows = times_used(comments_to_manage(scope, viewer, assignment, key))
    return MarkingCommentsPage(
        key=key,
        title=title,
        rows=[
            SavedWords(text=text, used=used, number=number)
            for number, (text, used) in enumerate(rows, start=1)
        ],
    )
