"""Whose answers are like the one that is marked, as the marking page lists them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.models import User
from grading.forms.marking_work import SeenWork
from grading.pages.marking_desk import MarkingDesk
from grading.services.marking_alike import MOST_ALIKE
from grading.services.marking_queue import WorkItem
from grading.services.student_answers import LikeAnswers


@dataclass(frozen=True, kw_only=True)
class LikeRow:
    """A student with a like answer. `name` is empty while names are hidden.

    `is_changed` means that it was chosen as it is no longer, so it is not chosen now.
    """

    item: WorkItem
    name: str
    url: str
    is_identical: bool
    is_chosen: bool = False
    is_changed: bool = False

    @property
    def value(self) -> str:
        """What the form sends: the code, and the attempt and version that are seen."""
        return f"{self.item.code}:{self.item.attempt}:{self.item.version}"


@dataclass(frozen=True, kw_only=True)
class LikeList:
    """The students with like answers, the identical ones first.

    `left` is how many more there are than can be marked at a time.
    """

    found: LikeAnswers
    rows: Sequence[LikeRow]
    left: int = 0


def like_list(
    desk: MarkingDesk,
    found: LikeAnswers,
    chosen: Mapping[str, SeenWork] | None = None,
) -> LikeList:
    """Return the list. One query if names are shown.

    If there are too many, the marked ones are left out first.

    `chosen` is what the marker saw of the chosen ones, by their codes. What somebody
    has changed since is not chosen any more.
    """
    seen = chosen or {}
    alike = [*found.identical, *found.nearly]
    listed = set(sorted(alike, key=lambda each: each.is_finished)[:MOST_ALIKE])
    items = [each for each in alike if each in listed]
    names = {}
    if desk.scope.sees_names and items:
        students = User.objects.filter(pk__in=[each.student for each in items])
        names = {user.pk: user.name for user in students}
    return LikeList(
        found=found,
        left=len(alike) - len(items),
        rows=[
            LikeRow(
                item=each,
                name=names.get(each.student, ""),
                url=desk.url_of(each),
                is_identical=each in found.identical,
                is_chosen=seen.get(each.code) == _as_it_is(each),
                is_changed=seen.get(each.code, _as_it_is(each)) != _as_it_is(each),
            )
            for each in items
        ],
    )


def _as_it_is(item: WorkItem) -> SeenWork:
    return SeenWork(attempt=item.attempt, version=item.version)
